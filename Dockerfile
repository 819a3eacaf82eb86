# The portal for production: one image for the web server, the worker, the scheduler and migrations.

FROM python:3.11-slim-bookworm AS packages
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /build
RUN python -m venv /opt/venv
COPY requirements.txt .
RUN /opt/venv/bin/pip install --requirement requirements.txt


FROM python:3.11-slim-bookworm
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 DEBUG=false
WORKDIR /portal
# What PDFs are set with, and two fonts for them.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends \
        fonts-dejavu-core fonts-inter libharfbuzz-subset0 libpango-1.0-0 libpangoft2-1.0-0 \
    && rm -rf /var/lib/apt/lists/*
RUN useradd --system --no-create-home --uid 10001 portal
COPY --from=packages /opt/venv /opt/venv
COPY . .
# Nothing can be written later: what is not compiled now would be at every start.
RUN python -m compileall -q .
# Collecting static files asks for no database and no secret; these settings are for this step only.
RUN SECRET_KEY="$(python -c 'import secrets; print(secrets.token_urlsafe(64))')" \
    ALLOWED_HOSTS=build DATABASE_URL=postgres:///build CELERY_BROKER_URL=redis://build \
    python manage.py collectstatic --no-input
USER 10001
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "import urllib.request as web; web.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
# The image writes nothing but to /tmp and shared memory, so its root may be read-only.
# WEB_CONCURRENCY says how many processes there are; each has eight threads.
CMD ["gunicorn", "pmo_portal.wsgi", "--bind", "0.0.0.0:8000", "--threads", "8", "--preload", \
    "--worker-tmp-dir", "/dev/shm", "--no-control-socket"]
