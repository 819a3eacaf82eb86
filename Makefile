# Each command does its own set-up: the first one makes .venv, later ones install only what changed.
#   make run     the portal on this machine        make test    the whole suite
#   make test-fast  its part without a browser, servers, processes and walks through everything
#   make check   everything else that must hold    make vendor  browser packages, after package.json
#   make quality Lighthouse on the main pages      make screenshots  pictures of all main pages
#   make bench   speed and memory at size, as ratios
#   make faults  every bad night ten times over: workers, Redis, PostgreSQL killed in the middle
#   make api-cases  2,000 requests by each role that look for anything that the schema does not say
#   make messages LOCALE=de  all texts for a translator, see docs/translating.md
# ARGS="…" goes to the portal (--port 8080), to pytest (-k curves) or to screenshots (--only demo).

.DEFAULT_GOAL := run
.PHONY: run test test-fast check format vendor quality screenshots bench faults api-cases messages
SHELL := /bin/bash
# Compiled code is kept: otherwise each of the many processes compiles all of it again.
unexport PYTHONDONTWRITEBYTECODE

PYTHON := .venv/bin/python
PACKAGES := projects metrics dashboards api accounts pmo_portal
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

test-fast: .venv/requirements-dev.txt
	@$(PYTHON) tools/run_tests.py --fast $(ARGS)

check: .venv/requirements-dev.txt
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy
	$(PYTHON) -m djlint --quiet --check templates pmo_portal/templates
	$(PYTHON) -m djlint --quiet --lint templates pmo_portal/templates
	$(PYTHON) manage.py check --fail-level WARNING
	$(PYTHON) manage.py makemigrations --check --dry-run
	$(PYTHON) manage.py spectacular --validate --fail-on-warn --file /dev/null
	$(PRODUCTION) $(PYTHON) manage.py check --deploy --fail-level WARNING
	$(PYTHON) -m bandit --quiet --configfile pyproject.toml --recursive $(PACKAGES)
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

screenshots: .venv/requirements-dev.txt
	$(PYTHON) tools/screenshots.py $(ARGS)

# Texts into locale/, and what is translated there made ready to be read; needs GNU gettext.
messages: .venv/requirements.txt
	@command -v msgfmt >/dev/null || { echo "make messages needs GNU gettext (Debian: gettext)."; exit 1; }
	@test -n "$(LOCALE)" || { echo "Say which language: make messages LOCALE=de"; exit 1; }
	mkdir -p locale
	$(PYTHON) manage.py makemessages --locale $(LOCALE) --extension html,txt,py --no-wrap \
		--ignore '.venv/*' --ignore 'node_modules/*' --ignore 'tests/*' --ignore 'tools/*' --ignore 'bench/*' \
		--ignore 'examples/*' --ignore 'var/*' --ignore 'static/*' --ignore 'docs/*'
	$(PYTHON) manage.py compilemessages --locale $(LOCALE) --ignore .venv

api-cases: .venv/requirements-dev.txt
	API_CASES=2000 $(PYTHON) -m pytest tests/api/test_schema.py -q -n0 -s $(ARGS)

# Each bad night again and again: make faults TIMES=3
TIMES := 10
faults: .venv/requirements-dev.txt
	@for time in $$(seq $(TIMES)); do $(PYTHON) -m pytest -q -n0 tests/workers/test_faults.py $(ARGS) || exit 1; done

bench: .venv/requirements-bench.txt
	@$(PYTHON) bench/reference.py $(ARGS)

# A copy of what was installed, so that it is seen when the wanted list differs.
.venv/requirements.txt: requirements.txt
	@tools/install.sh requirements.txt
	@cp requirements.txt $@

.venv/requirements-dev.txt: requirements-dev.txt requirements.txt
	@tools/install.sh requirements-dev.txt
	@cp requirements.txt .venv/requirements.txt
	@cp requirements-dev.txt $@

.venv/requirements-bench.txt: requirements-bench.txt requirements-dev.txt requirements.txt
	@tools/install.sh requirements-bench.txt
	@cp requirements.txt .venv/requirements.txt
	@cp requirements-dev.txt .venv/requirements-dev.txt
	@cp requirements-bench.txt $@
