# Each command does its own set-up: the first one makes .venv, later ones install only what changed.
#   make run     the portal on this machine        make test    the whole suite
#   make check   everything else that must hold    make vendor  browser packages, after package.json
#   make quality Lighthouse on the main pages    make bench  speed and memory at size, as ratios
#   make faults  every bad night ten times over
# ARGS="…" goes to the portal (--port 8080) or to pytest (-k curves).

.DEFAULT_GOAL := run
.PHONY: run test check format vendor quality bench faults
SHELL := /bin/bash

PYTHON := .venv/bin/python
PACKAGES := projects metrics dashboards pmo_portal
SOURCES := $(PACKAGES) tests tools examples manage.py
SCRIPTS := .ci/run tools/install.sh
ARGS :=

# Production settings that nobody uses: what `check --deploy` is asked about.
PRODUCTION := DEBUG=false SECRET_KEY="$$($(PYTHON) -c 'import secrets; print(secrets.token_urlsafe(64))')" \
	ALLOWED_HOSTS=pmo.example.com DATABASE_URL=postgres://portal:portal@db:5432/portal \
	CELERY_BROKER_URL=redis://redis:6379/0

run: .venv/requirements.txt
	@exec $(PYTHON) manage.py portal $(ARGS)

test: .venv/requirements-dev.txt
	@$(PYTHON) tools/run_tests.py $(ARGS)

check: .venv/requirements-dev.txt
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy
	$(PYTHON) -m djlint --quiet --check templates pmo_portal/templates
	$(PYTHON) -m djlint --quiet --lint templates pmo_portal/templates
	$(PYTHON) manage.py check --fail-level WARNING
	$(PYTHON) manage.py makemigrations --check --dry-run
	$(PRODUCTION) $(PYTHON) manage.py check --deploy --fail-level WARNING
	$(PYTHON) -m bandit --quiet --severity-level medium --configfile pyproject.toml --recursive $(PACKAGES)
	.venv/bin/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml
	.venv/bin/hadolint Dockerfile
	@if command -v shellcheck >/dev/null; then echo shellcheck $(SCRIPTS); shellcheck $(SCRIPTS); \
	else echo "shellcheck is not installed: the shell scripts are not checked"; fi

format: .venv/requirements-dev.txt
	$(PYTHON) -m ruff check --fix .
	$(PYTHON) -m ruff format .
	$(PYTHON) -m djlint --quiet --reformat templates pmo_portal/templates

vendor: .venv/requirements.txt
	$(PYTHON) tools/vendor.py

quality: .venv/requirements-dev.txt
	$(PYTHON) tools/quality.py

# Each bad night again and again: make faults TIMES=3
TIMES := 10
faults: .venv/requirements-dev.txt
	@for time in $$(seq $(TIMES)); do $(PYTHON) -m pytest -q -n0 tests/workers/test_faults.py $(ARGS) || exit 1; done

bench: .venv/requirements-dev.txt
	@$(PYTHON) bench/reference.py $(ARGS)

# A copy of what was installed, so that it is seen when the wanted list differs.
.venv/requirements.txt: requirements.txt
	@tools/install.sh requirements.txt
	@cp requirements.txt $@

.venv/requirements-dev.txt: requirements-dev.txt requirements.txt
	@tools/install.sh requirements-dev.txt
	@cp requirements.txt .venv/requirements.txt
	@cp requirements-dev.txt $@
