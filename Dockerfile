# One image per service: docker build --build-arg SERVICE=pipeline -t rapport-pipeline .
# Inside are that service, shared and what the two need, at the versions and hashes of requirements.lock.

ARG PYTHON_IMAGE=python:3.11-slim

FROM ${PYTHON_IMAGE} AS build
ARG UV_VERSION=0.13.9
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never
# Behind a proxy that signs with a CA of its own, hand that CA over as the secret ca_bundle; else it is absent or empty.
RUN --mount=type=secret,id=ca_bundle --mount=type=cache,target=/root/.cache/pip \
    if [ -s /run/secrets/ca_bundle ]; then export PIP_CERT=/run/secrets/ca_bundle; fi; \
    python -m venv /uv && /uv/bin/pip install --disable-pip-version-check --quiet "uv==${UV_VERSION}" \
    && /uv/bin/uv venv --quiet --python "$(command -v python3)" /opt/rapport
WORKDIR /src

ARG SERVICE
COPY pyproject.toml requirements.lock ./
COPY shared/pyproject.toml shared/
COPY services/${SERVICE}/pyproject.toml services/${SERVICE}/
# The names come from the service and shared, versions and hashes from the one lock of the workspace.
RUN --mount=type=secret,id=ca_bundle --mount=type=cache,target=/root/.cache/uv \
    if [ -s /run/secrets/ca_bundle ]; then export SSL_CERT_FILE=/run/secrets/ca_bundle; fi; \
    /uv/bin/uv pip compile --quiet --no-annotate --no-header --no-emit-package rapport-shared \
        --constraint requirements.lock --output-file /src/needed.txt "services/${SERVICE}/pyproject.toml" \
    && /uv/bin/uv pip install --python /opt/rapport --require-hashes \
        --requirement /src/needed.txt --constraint requirements.lock

COPY shared shared
COPY services/${SERVICE} services/${SERVICE}
RUN --mount=type=secret,id=ca_bundle --mount=type=cache,target=/root/.cache/uv \
    if [ -s /run/secrets/ca_bundle ]; then export SSL_CERT_FILE=/run/secrets/ca_bundle; fi; \
    /uv/bin/uv build --offline --quiet --wheel --out-dir /wheels shared \
    && /uv/bin/uv build --offline --quiet --wheel --out-dir /wheels "services/${SERVICE}" \
    && /uv/bin/uv pip install --python /opt/rapport --no-index --no-deps /wheels/*.whl
RUN printf '#!/bin/sh\nexec uvicorn %s.app:create_app --factory --host 0.0.0.0 --port "${PORT:-8000}" "$@"\n' \
        "$(echo "${SERVICE}" | tr - _)" > /opt/rapport/bin/serve \
    && chmod 755 /opt/rapport/bin/serve

FROM ${PYTHON_IMAGE}
ARG SERVICE
LABEL org.opencontainers.image.title="rapport-${SERVICE}"
ENV PATH="/opt/rapport/bin:${PATH}" PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
RUN groupadd --gid 10001 rapport \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin rapport
COPY --from=build /opt/rapport /opt/rapport
USER 10001:10001
WORKDIR /tmp
EXPOSE 8000
# A live stream of the 360 may stay open: a stop waits for it five seconds, then closes it.
CMD ["serve", "--no-access-log", "--timeout-graceful-shutdown", "5"]
