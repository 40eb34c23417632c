# The import worker. Built from the locked requirements alone; runs without root, without a port, and
# with a read-only root: docker run --read-only --env-file .env prospaces-import
FROM python:3.11-slim AS build
WORKDIR /build
COPY requirements.txt ./
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --require-hashes -r requirements.txt

FROM python:3.11-slim
RUN useradd --system --uid 10001 --no-create-home worker
COPY --from=build /venv /venv
WORKDIR /app
COPY worker ./worker
COPY console ./console
RUN /venv/bin/python -m compileall -q worker
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
# Files on their way, and the pulse that the health check feels.
VOLUME /tmp
USER 10001
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s --retries=2 \
  CMD ["python", "-m", "worker", "health"]
CMD ["python", "-m", "worker", "run"]
