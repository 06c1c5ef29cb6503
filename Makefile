# Two commands matter: `make demo` and `make test`. Both work on a machine that has Python 3.11+ with venv, and make.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
export UV_PYTHON_DOWNLOADS := never
# Modules are compiled once, beside the environment and never into the tree.
export PYTHONDONTWRITEBYTECODE :=
export PYTHONPYCACHEPREFIX := $(abspath $(VENV))/bytecode
PORT ?= 8000

.PHONY: help demo test soak check serve bench clean

help:            ## this list
	@grep -E '^[a-z]+: .*##|^[a-z]+:  *##' Makefile | sed 's/:.*##/\t/'

$(BIN)/uv:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade uv

$(VENV)/.product: pyproject.toml constraints.txt | $(BIN)/uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.tests: pyproject.toml constraints.txt | $(BIN)/uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python --constraint constraints.txt --editable ".[test]"
	@touch $@ $(VENV)/.product

demo: $(VENV)/.product  ## a demonstration district with ready-made logins, served on PORT
	$(BIN)/headway demo --home demo-data --port $(PORT)

serve: $(VENV)/.product  ## the product on the home ./headway-data
	$(BIN)/headway serve --port $(PORT)

test: $(VENV)/.tests  ## everything that CI runs
	$(BIN)/python -m tests.run

soak: $(VENV)/.tests  ## the long list: a school year of 600 students through the pages
	$(BIN)/python -m pytest -m soak -s tests

check: $(VENV)/.tests  ## lint, types, contracts: under a minute
	$(BIN)/ruff check src tests bench
	$(BIN)/ruff format --check src tests bench
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.product  ## the benchmarks of bench/, one JSON line each
	$(BIN)/python -m bench

clean:           ## remove the environment and the demonstration's data
	rm -rf $(VENV) demo-data
