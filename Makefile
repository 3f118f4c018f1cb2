# Everything happens in .venv, made from the exact versions in requirements/.
PYTHON ?= python3
# The parts that `make bench` runs; empty for all.
PART ?=
SOAK_MINUTES ?= 30
SOAK_MAILS ?= 1000000
SOAK_KILLS ?= 1000
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip --disable-pip-version-check install --quiet --require-virtualenv
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--custom-compile-command "make lock" $(UPGRADE) pyproject.toml

.DEFAULT_GOAL := help
.PHONY: help demo check test bench bench-full soak audit format catalogues caniemail pictures lock docs \
	reference release sbom clean static chromium postfix

help:  ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-15s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

demo: .venv/.runtime  ## See it work: seed a small newsroom, send its digest and an alert, show them
	$(BIN)/mailer demo

check: static  ## The quick loop: format, lint, types, import contracts, fast tests on SQLite
	$(BIN)/pytest -n logical --maxprocesses 8 -m "not slow and not postgresql"

test: chromium postfix static .venv/.docs  ## Everything, with servers of its own: a quarter of an hour on two processors
	$(BIN)/pytest -n logical --maxprocesses 8 --dist worksteal

soak: export MAILER_TEST_SOAK_MINUTES = $(SOAK_MINUTES)
soak: export MAILER_TEST_SOAK_MAILS = $(SOAK_MAILS)
soak: export MAILER_TEST_SOAK_KILLS = $(SOAK_KILLS)
soak: export MAILER_TEST_SOAK_WORDS = $(SOAK)
soak: .venv/.dev  ## The long forms, for hours; SOAK="-k words" for some, SOAK_MINUTES, SOAK_MAILS, SOAK_KILLS
	$(BIN)/pytest -m soak --tb=short $(SOAK)

audit: .venv/.dev  ## Ask for known vulnerabilities of what requirements/ names; lint S is part of `make check`
	$(BIN)/pip-audit --disable-pip --require-hashes --requirement requirements/runtime.txt
	$(BIN)/pip-audit --disable-pip --require-hashes --requirement requirements/dev.txt
	$(BIN)/pip-audit --disable-pip --require-hashes --requirement requirements/docs.txt

corpora: .venv/.dev  ## Try public test data of other projects, fetched once, on every parser of ours
	$(BIN)/python -W ignore -m tools.corpora

fuzz: .venv/.dev  ## Fuzz every parser guided by coverage, where atheris runs; SECONDS=60 for each
	@$(INSTALL) "atheris>=3" 2>/dev/null || true
	SECONDS=$(or $(SECONDS),60) $(BIN)/python -W ignore -m tools.fuzzing

format: .venv/.dev  ## Rewrite the code in the house format
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

bench: .venv/.dev postfix  ## Measure everything at small sizes, two minutes; PART=editions for one
	$(BIN)/python -m bench --only "$(PART)"

bench-full: .venv/.dev postfix  ## Measure everything up to a million readers, hours; report in docs/bench
	$(BIN)/python -m bench --full --only "$(PART)" --into docs/bench

bench-imports: .venv/.dev  ## Measure imports of readers: time, and memory that does not grow with the file
	$(BIN)/python -m bench.imports

catalogues: .venv/.dev  ## Bring new messages into the translations and say what is left to do
	$(BIN)/python -m tools.catalogues

caniemail: .venv/.dev  ## Refresh what mail clients show, from the npm registry; VERSION=x.y.z
	$(BIN)/python -m tools.caniemail $(VERSION)

pictures: .venv/.dev chromium  ## Take the pictures of mails and pages in docs/images anew
	$(BIN)/python -m tools.pictures

lock: .venv/.dev  ## Bring requirements/ in line with pyproject.toml; UPGRADE=--upgrade for newer versions
	$(INSTALL) "uv>=0.13"
	$(COMPILE) --output-file requirements/runtime.txt
	$(COMPILE) --group dev --constraints requirements/runtime.txt --output-file requirements/dev.txt
	$(COMPILE) --group docs --constraints requirements/dev.txt --output-file requirements/docs.txt

docs: .venv/.docs  ## Build the site of docs/ into build/docs; every warning is an error
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict --config-file tools/mkdocs.yml

reference: .venv/.dev  ## Write docs/reference anew from settings, command line and API
	$(BIN)/python -m tools.reference

release: .venv/.dev  ## Build sdist and wheel into dist/ and try the wheel on each Python from 3.11 on that is here
	@$(INSTALL) "uv>=0.13"
	$(BIN)/python -m tools.release

sbom: .venv/.dev  ## List what an installation is made of as build/sbom.cdx.json (CycloneDX)
	@mkdir -p build
	$(BIN)/python -W ignore -m cyclonedx_py requirements --pyproject pyproject.toml --output-reproducible \
		--output-file build/sbom.cdx.json requirements/runtime.txt

clean:  ## Remove .venv, builds and caches
	rm -rf .venv build dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

static: .venv/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The browser tests need Debian's chromium; where we may not install it, they say so and skip.
chromium:
	@if [ ! -x /usr/bin/chromium ] && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "Installing chromium for the browser tests"; \
		export DEBIAN_FRONTEND=noninteractive; \
		{ timeout 120 apt-get update && timeout 300 apt-get install --yes --no-install-recommends chromium; } \
			>/dev/null 2>&1 </dev/null || echo "chromium could not be installed: browser tests will skip"; \
	fi

# The tests of delivery talk to Postfix and its smtp-sink: without a configuration none of it runs.
postfix:
	@if [ ! -x /usr/sbin/smtp-sink ] && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "Installing postfix for the tests of delivery"; \
		export DEBIAN_FRONTEND=noninteractive; \
		{ echo "postfix postfix/main_mailer_type select No configuration" | debconf-set-selections; \
		timeout 120 apt-get update && timeout 300 apt-get install --yes --no-install-recommends postfix; } \
			>/dev/null 2>&1 </dev/null || echo "postfix could not be installed: its tests will skip"; \
	fi

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or newer is needed; '$(PYTHON)' is $$($(PYTHON) --version 2>&1)." \
			"Name another: make PYTHON=python3.12 …" >&2; exit 1; }
	@$(PYTHON) -m venv .venv || { rm -rf .venv; \
		echo "No virtual environment could be made; on Debian: apt install python3-venv" >&2; exit 1; }

.venv/.runtime: .venv/bin/python requirements/runtime.txt pyproject.toml
	@echo "Installing what the mailer needs into .venv (about a minute, once)"
	@$(INSTALL) --requirement requirements/runtime.txt
	@$(INSTALL) --no-deps --editable .
	@touch $@

.venv/.dev: .venv/.runtime requirements/dev.txt
	@echo "Installing what the tests need into .venv (about a minute, once)"
	@$(INSTALL) --requirement requirements/dev.txt
	@touch $@

.venv/.docs: .venv/.dev requirements/docs.txt
	@echo "Installing what the site of docs/ needs into .venv (a few seconds, once)"
	@$(INSTALL) --requirement requirements/docs.txt
	@touch $@
