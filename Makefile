# Every target that needs the environment makes it first: a venv in .venv, from requirements.lock.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

VENV := .venv
BIN := $(VENV)/bin
UV := $(or $(shell command -v uv),$(BIN)/uv)
STAMP := $(VENV)/.installed
PEERS := .venv-peers
PROJECTS := pyproject.toml shared/pyproject.toml devstack/pyproject.toml $(wildcard services/*/pyproject.toml)
MEMBERS := $(patsubst %/pyproject.toml,-e %,$(filter-out pyproject.toml,$(PROJECTS)))
TESTS ?= tests
# All of them in two processes: the suites on a running system wait a lot, the others use the time.
BESIDE = $(if $(filter-out tests,$(TESTS)),,-n 2)

.PHONY: help
help: ## Print this list.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

.PHONY: demo
demo: export RAPPORT_SETUP_STARTED := $(shell date +%s)
demo: $(STAMP) ## Start the system and run real customer history through it; ONCE=1 ends with the figures as JSON.
	@$(BIN)/devstack up
	@$(BIN)/devstack demo $(if $(ONCE),--once)

.PHONY: up
up: $(STAMP) ## Start PostgreSQL, Kafka, the mail sink and the services on this machine; SECURE=1 closes Kafka.
	@$(BIN)/devstack up

.PHONY: down
down: $(STAMP) ## Stop all of it; the data stays in .rapport.
	@$(BIN)/devstack down

.PHONY: status
status: $(STAMP) ## Show what runs, where, and whether it is ready.
	@$(BIN)/devstack status || true

.PHONY: test
test: $(STAMP) ## Run the tests on real servers, which they start themselves; TESTS=tests/unit picks some.
	@$(BIN)/python -m pytest -q $(BESIDE) $(TESTS)

.PHONY: test-faults
test-faults: export FAULTS := full
test-faults: TESTS := tests/faults tests/secure
test-faults: $(STAMP) ## Kill, cut and poison the system under load, with 20 seeds; FAULTS_SEED=7 FAULTS_SEEDS=1 picks one.
	@$(BIN)/python -m pytest -q -s $(TESTS)

.PHONY: soak
soak: $(STAMP) ## 300 commands a second for MINUTES=20 while services and servers are killed; ends with the figures as JSON.
	@$(BIN)/python -m tests.faults.soak --minutes $(or $(MINUTES),20)

.PHONY: check
check: $(STAMP) ## Run the whole gate: format, lint, import rules, types, tests.
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/mypy $(wildcard shared/src devstack/src services/*/src)
	@$(BIN)/pyright
	@$(MAKE) test

.PHONY: contracts
contracts: $(STAMP) ## Write the schemas, the AsyncAPI document and the event catalogue anew from the registry of facts.
	@$(BIN)/python -m shared.catalogue

.PHONY: fix
fix: $(STAMP) ## Format the code and repair what ruff can.
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

.PHONY: bench
bench: $(STAMP) $(PEERS)/.installed ## Measure every row beside its peer, or one with ROW=command_http; QUICK=1 is a smoke run.
	@failed=; for row in $(or $(ROW),$(basename $(notdir $(wildcard bench/*.py)))); do \
	    $(BIN)/python "bench/$$row.py" $(if $(QUICK),--quick) || failed="$$failed $$row"; done; \
	  [ -z "$$failed" ] || { echo "Not measured:$$failed" >&2; exit 1; }

# Python peers in an environment of their own, which no service shares; without it a row says so.
$(PEERS)/.installed: bench/peers/requirements.lock | $(BIN)/python
	@echo "Installing the benchmarks' peers into $(PEERS) …"
	@$(UV) venv --quiet --clear --python $(BIN)/python $(PEERS)
	@$(UV) pip install --quiet --python $(PEERS)/bin/python --require-hashes -r $<
	@touch $@

.PHONY: lock
lock: $(BIN)/python ## Write requirements.lock anew from the pyproject files, and the lock of the peers.
	@$(UV) lock --quiet
	@$(UV) export --quiet --all-packages --no-emit-workspace --no-header --format requirements-txt -o requirements.lock
	@$(UV) pip compile --quiet --python $(BIN)/python --generate-hashes --no-header --no-annotate --no-emit-index-url \
	    bench/peers/requirements.in -o bench/peers/requirements.lock

.PHONY: sync
sync: ## Make the environment in .venv what requirements.lock says.
	@rm -f $(STAMP)
	@$(MAKE) $(STAMP)

$(STAMP): requirements.lock $(PROJECTS) | $(BIN)/python
	@echo "Installing the environment into $(VENV) …"
	@$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps $(MEMBERS)
	@touch $@

# Python 3.11 or newer; uv from PyPI where there is none; no ensurepip needed where pip or uv exists.
$(BIN)/python:
	@python=$$(for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	    $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$name && break; \
	  done) || { echo "Rapport needs Python 3.11 or newer." >&2; exit 1; }; \
	if command -v uv >/dev/null; then uv venv --quiet --python "$$python" $(VENV); \
	elif "$$python" -c 'import ensurepip' 2>/dev/null; then \
	  "$$python" -m venv $(VENV) && $(BIN)/python -m pip install --quiet --disable-pip-version-check uv; \
	elif "$$python" -m pip --version >/dev/null 2>&1; then \
	  "$$python" -m venv --without-pip $(VENV) && \
	  "$$python" -m pip --python $(BIN)/python install --quiet --disable-pip-version-check uv; \
	else echo "This Python has neither pip nor ensurepip: install uv, or your system's python3-venv." >&2; exit 1; fi
