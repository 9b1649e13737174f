# `make help` lists the targets. Everything happens in .venv; Python 3.11 or later and make are all that is needed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SERVE ?= 1
JOBS ?= auto
TESTS ?= tests
FRONTEND := $(wildcard frontend/src/* frontend/src/*/* frontend/*.json frontend/*.mjs)

.DEFAULT_GOAL := help
.PHONY: help demo test lint format bench faults screenshots lock clean

help: ## show the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/run.stamp: requirements.lock pyproject.toml hatch_build.py $(FRONTEND)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed: make PYTHON=python3.11"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

$(VENV)/dev.stamp: requirements-dev.lock $(VENV)/run.stamp
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

demo: $(VENV)/run.stamp ## run the main job on the demo workspace; SERVE=0 ends after the send
	@$(BIN)/newsletter demo --directory demo $(if $(filter 0 no false,$(SERVE)),--no-serve,)

test: $(VENV)/dev.stamp ## the whole test suite (TESTS=path narrows it)
	$(BIN)/python -m pytest -n $(JOBS) --dist loadgroup $(TESTS)

lint: $(VENV)/dev.stamp ## ruff, mypy (strict) and import-linter
	$(BIN)/ruff check src tests benchmarks tools hatch_build.py
	$(BIN)/ruff format --check src tests benchmarks tools hatch_build.py
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/dev.stamp ## put the code into its form
	$(BIN)/ruff check --fix src tests benchmarks tools hatch_build.py
	$(BIN)/ruff format src tests benchmarks tools hatch_build.py

bench: $(VENV)/dev.stamp ## measure; prints the table and writes benchmarks/latest.json
	$(BIN)/python -m benchmarks

faults: $(VENV)/dev.stamp ## kill, stop and cut off real sends at random instants (the long form)
	$(BIN)/python -m tests.faults

screenshots: $(VENV)/dev.stamp ## a picture of each page of the studio, into build/screenshots
	$(BIN)/python -m tools.screenshots

lock: $(VENV)/dev.stamp ## refresh the lock files from pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --extra dev pyproject.toml -o requirements-dev.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --extra postgresql --extra dkim --constraint requirements-dev.lock pyproject.toml -o requirements.lock

clean: ## remove what was made here (not the workspace of the demo)
	rm -rf $(VENV) build dist .hypothesis .mypy_cache .ruff_cache
