# The pages, and the way from them to the api. Built from the root of the repository:
#   docker build -f deploy/images/web.Dockerfile -t stillroom-web .
ARG NODE_IMAGE=node:24-slim
ARG NGINX_IMAGE=nginx:1.29-alpine

FROM ${NODE_IMAGE} AS build
WORKDIR /web
COPY web/package.json web/package-lock.json ./
RUN npm ci --no-audit --no-fund --loglevel=error
COPY web ./
# Empty: the pages ask their own origin, and nginx leads to the api.
ARG VITE_API_URL=""
ENV VITE_API_URL=${VITE_API_URL}
RUN npm run --silent build \
 && find dist -type f \( -name '*.js' -o -name '*.css' -o -name '*.svg' -o -name '*.html' \) -exec gzip -9 -k {} +

FROM ${NGINX_IMAGE}
COPY --from=build /web/dist /usr/share/stillroom
COPY deploy/images/nginx.conf /etc/stillroom/nginx.conf
COPY deploy/images/web-start.sh /usr/local/bin/web-start
RUN chmod 0755 /usr/local/bin/web-start && chmod -R a+rX /usr/share/stillroom /etc/stillroom
USER 10001:10001
EXPOSE 8080 8443
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s --retries=3 \
    CMD ["curl", "-fsS", "-o", "/dev/null", "http://127.0.0.1:8081/healthz"]
ENTRYPOINT ["web-start"]
