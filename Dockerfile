# The image of one module, with no other module's code in it:
#   docker build --build-arg MODULE=payments --tag shop-payments .
# Which files it holds is said by `amphibus export image --list --module payments` and nowhere else.

ARG PYTHON=3.13

# What is installed, as uv.lock says; changes seldom, so it is a layer of its own.
FROM python:${PYTHON}-slim AS dependencies
ENV UV_PROJECT_ENVIRONMENT=/opt/amphibus UV_PYTHON_DOWNLOADS=never UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1
RUN pip install --no-cache-dir "uv>=0.9,<1"
WORKDIR /source
COPY pyproject.toml uv.lock ./
COPY runtime/pyproject.toml runtime/README.md runtime/
RUN uv sync --frozen --no-dev --no-install-workspace --no-cache

# The runtime, as the wheel that others install.
FROM dependencies AS runtime
COPY runtime runtime
RUN uv build --wheel --no-cache --out-dir /wheels runtime \
    && uv pip install --no-deps --no-cache --python /opt/amphibus /wheels/*.whl

# The module's files, picked from all of them here, so that no others reach the image.
FROM runtime AS files
ARG MODULE
COPY config config
COPY contracts contracts
COPY modules modules
RUN /opt/amphibus/bin/amphibus export image --module "${MODULE:?say which: --build-arg MODULE=payments}" --to /image

FROM python:${PYTHON}-slim AS module
ARG MODULE
RUN useradd --uid 10001 --no-create-home amphibus \
    && install --directory --owner=amphibus --mode=0700 /data /secrets
COPY --from=runtime /opt/amphibus /opt/amphibus
COPY --from=files /image /app
WORKDIR /app
USER amphibus
ENV PATH=/opt/amphibus/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    MODULE=${MODULE} \
    AMPHIBUS_HOST=0.0.0.0 \
    AMPHIBUS_DATA_DIR=/data
VOLUME /data
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=5s --start-period=60s CMD ["sh", "-c", "amphibus-healthy \"$MODULE\""]
CMD ["sh", "-c", "exec amphibus run --mode=distributed --module=\"$MODULE\""]
