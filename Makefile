# Every target sets up what it needs. `make help` lists them.
PYTHON ?= python3
VENV := .venv
AWS_VENV := .venv-aws
RUN_VENV := .venv-run
BIN := $(VENV)/bin
AWS := $(AWS_VENV)/bin/aws
LOCKS := runtime dev aws bench

.DEFAULT_GOAL := help
.PHONY: help demo test unit lint types layers docs docs-check check bench lock format clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

# A stamp per environment: it is made again only when its lock file changes.
$(VENV)/.ready: requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "rolecall needs Python 3.11 or later; set PYTHON=python3.x")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(AWS_VENV)/.ready: requirements/aws.txt
	$(PYTHON) -m venv $(AWS_VENV)
	$(AWS_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/aws.txt
	@touch $@

# What users install, and nothing that only the tests need: the bench measures this one.
$(RUN_VENV)/.ready: requirements/runtime.txt pyproject.toml $(VENV)/.ready $(shell find src -name '*.py')
	$(PYTHON) -m venv $(RUN_VENV)
	$(RUN_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/runtime.txt
	rm -rf build/wheel
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir build/wheel .
	$(RUN_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --force-reinstall build/wheel/*.whl
	@touch $@

demo: $(VENV)/.ready $(AWS_VENV)/.ready ## deploy to four simulated accounts, with the real AWS CLI
	@PATH="$(CURDIR)/$(BIN):$(CURDIR)/$(AWS_VENV)/bin:$$PATH" $(BIN)/python pipeline/demo/demo.py

test: $(VENV)/.ready $(AWS_VENV)/.ready ## run every test, with branch coverage
	@$(BIN)/coverage erase
	PATH="$(CURDIR)/$(BIN):$(CURDIR)/$(AWS_VENV)/bin:$$PATH" $(BIN)/coverage run -m pytest $(PYTEST_ARGS)
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report

unit: $(VENV)/.ready ## run the fast tests only
	$(BIN)/python -m pytest tests/unit $(PYTEST_ARGS)

lint: $(VENV)/.ready ## style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.ready ## static types, strictly
	$(BIN)/mypy

layers: $(VENV)/.ready ## modules import only what stands to their left
	$(BIN)/lint-imports

docs: $(VENV)/.ready ## write the generated parts of README and docs again
	$(BIN)/python docs/generate.py

docs-check: $(VENV)/.ready ## fail where a generated part is out of date
	$(BIN)/python docs/generate.py --check

check: lint types layers docs-check ## everything CI checks beside the tests

bench: $(VENV)/.ready $(AWS_VENV)/.ready $(RUN_VENV)/.ready ## measure speed and memory beside what people use today
	@PATH="$(CURDIR)/$(RUN_VENV)/bin:$(CURDIR)/$(BIN):$(CURDIR)/$(AWS_VENV)/bin:$$PATH" $(BIN)/python -m tests.bench

format: $(VENV)/.ready ## format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix-only .

lock: $(VENV)/.ready ## resolve the dependencies again
	cd requirements && for name in $(LOCKS); do \
	  UV_CUSTOM_COMPILE_COMMAND='make lock' ../$(BIN)/uv pip compile --quiet --universal \
	    --python-version 3.11 --generate-hashes --no-emit-index-url --upgrade \
	    --output-file $$name.txt $$name.in || exit 1; done

clean: ## remove what the other targets made
	rm -rf $(VENV) $(AWS_VENV) $(RUN_VENV) .venv-bench build dist .coverage* .*_cache
