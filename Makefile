# `make help` lists the targets. A fresh clone needs Python 3.11 or newer, make and a package index; nothing else.

PYTHON ?= python3
ARGS ?=
NODES ?= 1
WORKERS ?= auto

VENV := .venv
BIN := $(VENV)/bin
# Stamps: what is installed is as new as the lock files and pyproject.toml, or make installs again.
RUNTIME := $(VENV)/.runtime
DEV := $(VENV)/.dev
PIP = $(BIN)/python -m pip --quiet --disable-pip-version-check --no-input install

.DEFAULT_GOAL := help
.PHONY: help install demo test lint format bench chaos kafka kafka-stop lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo '  Options go in ARGS, e.g. make demo ARGS="--for 60s --json out.json", make test ARGS="tests/unit -x".'

install: $(DEV) ## everything for developing, into .venv, pinned and checked by hash

demo: $(RUNTIME) ## the embedded broker, all processes and a simulated shop
	@$(BIN)/regulars demo $(ARGS)

test: $(DEV) ## all tests, up to 4 files at a time (WORKERS=0: one); those of a missing service are skipped (with CI=true they fail)
	@$(BIN)/python -m pytest -n $(WORKERS) --maxprocesses 4 --dist loadfile $(ARGS)

lint: $(DEV) ## ruff, mypy --strict, the import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/mypy --explicit-package-bases deploy tests
	@$(BIN)/lint-imports

format: $(DEV) ## let ruff put the code in shape
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(DEV) ## throughput against its baselines
	@$(BIN)/python -m tests.bench.run $(ARGS)

chaos: $(DEV) ## kill things and count: nothing lost, nothing twice
	@$(BIN)/python -m tests.chaos.run $(ARGS)

kafka: ## Apache Kafka on 127.0.0.1:9092 without Docker (needs Java 17 and Maven); NODES=3: also 9094, 9096
	@$(require_python)
	@$(PYTHON) -m deploy.kafka.kafka start --nodes $(NODES) $(ARGS)

kafka-stop: ## stop it
	@$(require_python)
	@$(PYTHON) -m deploy.kafka.kafka stop $(ARGS)

lock: ## renew the lock files (for maintainers; needs uv; add ARGS=--upgrade for newer versions)
	@command -v uv >/dev/null || { echo 'make lock needs uv: $(PYTHON) -m pip install uv'; exit 1; }
	$(UV) pyproject.toml -o requirements.lock
	$(UV) pyproject.toml --group dev -c requirements.lock -o requirements-dev.lock
	printf 'hatchling\neditables\n' | $(UV) - -c requirements-dev.lock -o requirements-build.lock

UV = uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --custom-compile-command "make lock" $(ARGS)

clean: ## remove .venv and the tools' caches; data in .regulars stays
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

define require_python
$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
  found=$$($(PYTHON) --version 2>/dev/null || echo missing); \
  echo "Regulars needs Python 3.11 or newer; $(PYTHON) is $$found."; \
  echo 'Install one and name it, e.g.: make $(or $(MAKECMDGOALS),install) PYTHON=python3.12'; exit 1; }
endef

# A build that was interrupted leaves a folder that looks like an environment; only the stamp says it is one.
$(VENV)/.created:
	@$(require_python)
	@echo 'Making $(VENV) with '"$$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }
	@touch $@

# The build backend is pinned by its own lock file, so that the demo needs none of the developers' packages
# and pip fetches nothing that no hash vouches for. The lock files are complete: --no-deps keeps pip from working
# out dependencies again, where it takes a newer coverage[toml] for another package than the pinned coverage.
$(RUNTIME): requirements.lock requirements-build.lock pyproject.toml | $(VENV)/.created
	@echo "Installing $$(grep -c '^[a-z].*==' requirements.lock) pinned packages (about a minute, the first time) ..."
	@$(PIP) --no-deps --require-hashes -r requirements.lock -r requirements-build.lock
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

$(DEV): requirements-dev.lock $(RUNTIME)
	@echo 'Installing the developers'"'"' packages ...'
	@$(PIP) --no-deps --require-hashes -r requirements-dev.lock
	@touch $@
	@echo 'Ready: $(BIN)/regulars, make test, make demo'
