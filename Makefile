# Two commands do everything on a fresh machine with Python 3.10+ and make:
#   make demo   the main job, from manifests to a trained model
#   make test   the whole test suite
# PYTHON names another interpreter: make test PYTHON=python3.12

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo test lint accept docs bench bench-scripts clean

demo: $(READY)
	@$(BIN)/python specs/demo.py

test: $(READY)
	$(BIN)/python -m pytest -n auto $(ARGS)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Rewrites golden files and generated files; the diff is then reviewed like code.
accept: $(READY)
	$(BIN)/python -m pytest -n auto --accept $(ARGS)

# The generated pages of docs/; ARGS=--check only says what is stale.
docs: $(READY)
	$(BIN)/python docs/generate.py $(ARGS)

# How fast, as ratios, into benchmarks/results.md: some minutes. SDK=1 compares with SDK 2 and cfn-lint too (large).
bench: $(READY)
	$(BIN)/python benchmarks/run.py

# How often looking into scripts is right, into benchmarks/scripts.md.
bench-scripts: $(READY)
	$(BIN)/python benchmarks/scripts.py

clean:
	rm -rf $(VENV) .venv-bench .sagespec build dist

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "sagespec needs Python 3.10 or newer; this is " + sys.version.split()[0])'
	@echo "Setting up $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable . --group dev
	@touch $@
