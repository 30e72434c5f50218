# Everything happens in .venv; the targets do their own set-up.
PYTHON ?= python3
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: help setup repro test faults benchmark check docs format
help:  ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/.done  ## make .venv with all packages (a minute or two, 6 GB)

.venv/.done: requirements.txt constraints.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "error: Python 3.11 or newer is needed, $(PYTHON) is " + sys.version.split()[0] + "; say make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt -c constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

repro: .venv/.done  ## reproduce everything that changed, several stages at once (JOBS=n), then show the results; SHARD=i/n: every n-th row alone
	@$(BIN)/python -m autofaces.pipeline.reproduce
ifndef SHARD
	@$(BIN)/autofaces summary
	@$(BIN)/autofaces claims
	@$(BIN)/autofaces verify --summary || true
endif

test: .venv/.done  ## run the tests, the whole pipeline at smoke scale among them
	$(BIN)/python -m pytest

faults: .venv/.done  ## kill, damage and misfeed the pipeline, and write what it survived to docs/faults.md (SEED=n)
	$(BIN)/python -m faults --seed $(or $(SEED),1)

benchmark: .venv/.done  ## measure speed beside that of others, into benchmarks/RESULTS.md (a quarter of an hour; ARGS=--help)
	$(BIN)/python -m benchmarks $(ARGS)

check: .venv/.done  ## format, lint and the numbers in the texts, without changing anything
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/python -m autofaces.app.documents --check

docs: .venv/.done  ## write the numbers in the texts anew, from results/, metrics/, params.yaml and papers/
	$(BIN)/python -m autofaces.app.documents

format: .venv/.done  ## format, and fix what the linter can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
