#!/bin/sh
# Writes what only the running container knows into nginx's configuration, below /tmp: the root is read-only.
#   STILLROOM_API  where the api is, http://api:8000
#   STILLROOM_TLS  1: serve https on 8443 with /run/tls/tls.crt and tls.key, and lead http to STILLROOM_PUBLIC_URL
set -eu

api=${STILLROOM_API:-http://api:8000}
# The name server is asked again every few seconds, so that replicas of the api may come and go.
resolver=$(awk '$1 == "nameserver" { print ($2 ~ /:/) ? "[" $2 "]" : $2; exit }' /etc/resolv.conf)
mkdir -p /tmp/stillroom

if [ "${STILLROOM_TLS:-0}" = 1 ]; then
    cat > /tmp/stillroom/listen.conf <<'END'
listen 8443 ssl;
listen [::]:8443 ssl;
ssl_certificate /run/tls/tls.crt;
ssl_certificate_key /run/tls/tls.key;
ssl_protocols TLSv1.2 TLSv1.3;
ssl_session_cache shared:tls:10m;
ssl_session_timeout 1d;
ssl_session_tickets off;
END
    public=${STILLROOM_PUBLIC_URL:-'https://$host'}
    cat > /tmp/stillroom/redirect.conf <<END
server {
    listen 8080;
    listen [::]:8080;
    return 301 $public\$request_uri;
}
END
else
    printf 'listen 8080;\nlisten [::]:8080;\n' > /tmp/stillroom/listen.conf
    : > /tmp/stillroom/redirect.conf
fi
# Without IPv6 in the container nginx would not start.
if [ ! -e /proc/net/if_inet6 ]; then
    sed -i '/\[::\]/d' /tmp/stillroom/listen.conf /tmp/stillroom/redirect.conf
fi

sed -e "s|@API@|$api|" -e "s|@RESOLVER@|$resolver|" /etc/stillroom/nginx.conf > /tmp/stillroom/nginx.conf
exec nginx -c /tmp/stillroom/nginx.conf -g 'daemon off;'
