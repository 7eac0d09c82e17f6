# Two commands do everything on a fresh machine with Python 3.10+ and make:
#   make demo   the main job, from manifests to a trained model
#   make test   the test suite, less what installs things, trains for real or takes long: make test-slow
# PYTHON names another interpreter: make test PYTHON=python3.12

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
LOCK := requirements/dev.txt

# uv trusts whom the system trusts, and is told of the mirror that pip knows, if there is one: as pip does.
PIP_MIRROR = $$($(PYTHON) -m pip config get global.index-url 2>/dev/null)
TELL_UV = UV_SYSTEM_CERTS=true UV_DEFAULT_INDEX="$${UV_DEFAULT_INDEX:-$${PIP_INDEX_URL:-$(PIP_MIRROR)}}"
UV = $(TELL_UV) $(BIN)/uv

.PHONY: demo test test-slow test-newest test-oldest lint accept docs site bench bench-scripts lock clean

demo: $(READY)
	@$(BIN)/python specs/demo.py

test: $(READY)
	$(BIN)/python -m pytest -n auto --dist worksteal -m "not slow" $(ARGS)

test-slow: $(READY)
	@echo '$(BIN)/python -m pytest -n auto --dist worksteal -m slow $(ARGS)'
	@$(TELL_UV) $(BIN)/python -m pytest -n auto --dist worksteal -m slow $(ARGS)

# The suite with other releases, in an environment that is made anew: the newest of each run-time dependency that there
# is today, or the lowest that pyproject.toml promises. The tests' own tools are the locked ones, where those admit them.
test-newest: RESOLUTION := highest
test-oldest: RESOLUTION := lowest-direct
test-newest test-oldest: OTHER = .venv-$(@:test-%=%)
test-newest test-oldest: $(BIN)/uv
	@echo "Setting up $(OTHER) ..."
	@$(PYTHON) -m venv --clear $(OTHER)
	@cp $(LOCK) $(OTHER)/all.txt
	@$(UV) pip compile --quiet pyproject.toml --python $(OTHER)/bin/python --resolution $(RESOLUTION) --output-file $(OTHER)/run-time.txt
	@$(UV) pip compile --quiet pyproject.toml --python $(OTHER)/bin/python --group test --constraints $(OTHER)/run-time.txt --output-file $(OTHER)/all.txt
	@$(UV) pip install --quiet --build-constraints $(LOCK) --python $(OTHER)/bin/python --only-binary :all: --requirements $(OTHER)/run-time.txt
	@$(UV) pip install --quiet --build-constraints $(LOCK) --python $(OTHER)/bin/python --requirements $(OTHER)/all.txt --editable .
	@grep --extended-regexp --invert-match '^ *#' $(OTHER)/run-time.txt | xargs echo
	$(OTHER)/bin/python -m pytest -n auto --dist worksteal -m "not slow and not locked" $(ARGS)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Rewrites schemas, generated pages and golden files; the diff is then reviewed like code.
accept: $(READY)
	$(BIN)/python -m sagespec --quiet schema --out schemas
	$(BIN)/python docs/generate.py
	$(BIN)/python -m pytest -n auto --dist worksteal -m "not slow" --accept $(ARGS)

# The generated pages of docs/; ARGS=--check only says what is stale.
docs: $(READY)
	$(BIN)/python docs/generate.py $(ARGS)

# The documentation as a site, in build/site, with an environment of its own; a link that leads nowhere is an error.
site: .venv-site/.ready
	@NO_MKDOCS_2_WARNING=1 .venv-site/bin/mkdocs build --quiet --strict --clean
	@echo build/site/index.html

# How fast, as ratios, into benchmarks/results.md: some minutes. SDK=1 compares with SDK 2 and cfn-lint too (large).
bench: $(READY)
	$(BIN)/python benchmarks/run.py

# How often looking into scripts is right, into benchmarks/scripts.md.
bench-scripts: $(READY)
	$(BIN)/python benchmarks/scripts.py

# Renews what is locked: the newest releases that pyproject.toml admits, with hashes, for every Python that it promises.
COMPILE := pip compile --quiet --upgrade --universal --python-version 3.10 --generate-hashes --custom-compile-command "make lock"
lock: $(BIN)/uv
	@$(UV) $(COMPILE) --group uv --output-file requirements/uv.txt
	@$(UV) $(COMPILE) pyproject.toml --group dev --output-file $(LOCK)
	@$(UV) $(COMPILE) --group site --output-file requirements/site.txt

clean:
	rm -rf $(VENV) .venv-newest .venv-oldest .venv-bench .venv-site .sagespec build dist

# Hashes are asked of everything that is fetched, also of what only builds something (setuptools, hatchling).
BUILDING := --build-constraints $(LOCK) --require-build-hashes
$(READY): $(BIN)/uv $(LOCK) pyproject.toml
	@$(UV) pip sync --quiet $(BUILDING) --python $(BIN)/python --require-hashes $(LOCK)
	@$(UV) pip install --quiet $(BUILDING) --python $(BIN)/python --no-deps --editable .
	@touch $@

.venv-site/.ready: $(BIN)/uv requirements/site.txt
	@echo "Setting up .venv-site ..."
	@$(PYTHON) -m venv --clear .venv-site
	@$(UV) pip sync --quiet --python .venv-site/bin/python --require-hashes --only-binary :all: requirements/site.txt
	@touch $@

$(BIN)/uv: requirements/uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "sagespec needs Python 3.10 or newer; this is " + sys.version.split()[0])'
	@echo "Setting up $(VENV) ..."
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements/uv.txt
	@touch $@
