# The worker, the scheduler, and the first start of compose. Built from the root of the repository:
#   docker build -f deploy/images/worker.Dockerfile -t stillroom-worker .
ARG PYTHON_IMAGE=python:3.13-slim

FROM ${PYTHON_IMAGE} AS build
ARG UV_VERSION=0.13.9
ENV UV_PYTHON_DOWNLOADS=never UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1 UV_NO_PROGRESS=1
RUN python3 -m pip install --no-cache-dir --quiet "uv==${UV_VERSION}"
WORKDIR /app
COPY pyproject.toml uv.lock ./
COPY services/core/pyproject.toml services/core/
COPY services/api/pyproject.toml services/api/
COPY services/worker/pyproject.toml services/worker/
COPY services/runner/pyproject.toml services/runner/
COPY services/cli/pyproject.toml services/cli/
RUN uv sync --frozen --no-dev --no-install-workspace --package stillroom-worker --package stillroom-cli
COPY services services
RUN uv sync --frozen --no-dev --no-editable --package stillroom-worker --package stillroom-cli

# Further interpreters for projects that are not ready for the newest; empty where uv may not download.
FROM ${PYTHON_IMAGE} AS interpreters
ARG UV_VERSION=0.13.9
ARG EXTRA_PYTHONS="3.10 3.11 3.12 3.14"
ENV UV_PYTHON_INSTALL_DIR=/opt/python UV_PYTHON_BIN_DIR=/opt/python/bin UV_NO_PROGRESS=1
RUN mkdir -p /opt/python/bin \
 && if [ -n "${EXTRA_PYTHONS}" ]; then \
      python3 -m pip install --no-cache-dir --quiet "uv==${UV_VERSION}" && uv python install ${EXTRA_PYTHONS}; \
    fi

FROM ${PYTHON_IMAGE}
RUN apt-get update -qq \
 && apt-get install -y -qq --no-install-recommends git openssh-client bubblewrap libseccomp2 tini \
 && rm -rf /var/lib/apt/lists/* \
 && groupadd --gid 10001 stillroom \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin stillroom \
 && install -d -o 10001 -g 10001 -m 0755 /var/lib/stillroom /projects \
 && install -d -o 10001 -g 10001 -m 0700 /run/stillroom/service /run/stillroom/setup \
 && install -d -o 10001 -g 10001 -m 0755 /run/stillroom/postgres /run/stillroom/valkey
COPY --from=interpreters /opt/python /opt/python
COPY --from=build /app/.venv /app/.venv
COPY migrations /app/migrations
COPY samples /app/samples
WORKDIR /app
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 STILLROOM_DATA_DIR=/var/lib/stillroom \
    STILLROOM_OPERATOR_BIND=127.0.0.1:9109
USER 10001:10001
# A job's stray children come to process 1, which has to collect them.
ENTRYPOINT ["tini", "--"]
# Asked at its own door and not by the broker: a worker whose broker is away works on.
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:9109/livez', timeout=8)"]
CMD ["celery", "-A", "stillroom_worker.app", "worker", "--concurrency", "2"]
