# The api, and the migrations of Stillroom's own database. Built from the root of the repository:
#   docker build -f deploy/images/api.Dockerfile -t stillroom-api .
ARG PYTHON_IMAGE=python:3.13-slim

FROM ${PYTHON_IMAGE} AS build
ARG UV_VERSION=0.13.9
ENV UV_PYTHON_DOWNLOADS=never UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1 UV_NO_PROGRESS=1
RUN python3 -m pip install --no-cache-dir --quiet "uv==${UV_VERSION}"
WORKDIR /app
# What others wrote changes seldom: a layer of its own, kept while only our sources change.
COPY pyproject.toml uv.lock ./
COPY services/core/pyproject.toml services/core/
COPY services/api/pyproject.toml services/api/
COPY services/worker/pyproject.toml services/worker/
COPY services/runner/pyproject.toml services/runner/
COPY services/cli/pyproject.toml services/cli/
RUN uv sync --frozen --no-dev --no-install-workspace --package stillroom-api
COPY services services
RUN uv sync --frozen --no-dev --no-editable --package stillroom-api

FROM ${PYTHON_IMAGE}
RUN groupadd --gid 10001 stillroom \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin stillroom \
 && install -d -o 10001 -g 10001 -m 0700 /run/stillroom/service
COPY --from=build /app/.venv /app/.venv
COPY migrations /app/migrations
WORKDIR /app
# The api keeps nothing on disk; the setting is one that every process reads.
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 STILLROOM_DATA_DIR=/tmp
USER 10001:10001
EXPOSE 8000
# Asked under the name that the installation allows itself; /livez needs neither database nor broker.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import os, urllib.parse as p, urllib.request as r; h = p.urlsplit(os.environ.get('STILLROOM_PUBLIC_URL', '')).netloc or 'localhost'; r.urlopen(r.Request('http://127.0.0.1:8000/livez', headers={'Host': h}), timeout=2)"]
CMD ["uvicorn", "stillroom_api.main:create_app", "--factory", "--host", "0.0.0.0", "--port", "8000", "--proxy-headers", "--no-server-header", "--timeout-graceful-shutdown", "30", "--ws-max-size", "65536", "--ws-per-message-deflate", "false"]
