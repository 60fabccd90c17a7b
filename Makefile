# Every target sets up what it needs. `make help` lists them.
PYTHON ?= python3
VENV := .venv
DEMO_VENV := .venv-demo
RUN_VENV := .venv-run
LOWEST_VENV := .venv-lowest
CHECK_VENV := .venv-check
DOCS_VENV := .venv-docs
PYTHONS ?= python3.11 python3.12 python3.13 python3.14
BIN := $(VENV)/bin
CHECK := $(CHECK_VENV)/bin
IMAGE ?= rolecall
# Many tests wait for processes, so two workers for each processor take less time than one.
WORKERS ?= $(shell expr 2 \* $$(getconf _NPROCESSORS_ONLN))
# A file stays with one worker, which makes once what its tests share.
IN_WORKERS = --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder
TEST_PATH = $(CURDIR)/$(BIN):$(CURDIR)/$(DEMO_VENV)/bin:$$PATH
BASE_IMAGE ?= debian:trixie-slim
REVISION ?= $(or $(CODEBUILD_RESOLVED_SOURCE_VERSION),$(shell git rev-parse HEAD 2>/dev/null))
SOURCES ?= $(CURDIR)
LOCKS := runtime dev check uv build demo bench docs clients sam
# What `make test-lowest` runs. The image has the locked versions, so its files are none of it.
LOWEST_TESTS ?= tests/unit --ignore tests/unit/test_image_files.py \
  $(addprefix tests/integration/,test_run.py test_plan_and_run.py test_assume.py test_discovery.py test_report.py)
# What draws the diagrams; only `make diagrams` needs it.
MERMAID ?= 12.3.0

# Without bytecode each of the thousand processes of the tests would compile all that it imports.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo playground test unit lint types layers docs docs-check check bench pictures lock format clean
.PHONY: test-all test-pythons test-clients soak site diagrams image run-image test-image test-lowest sbom audit secrets

# What `make help` shows apart; the rest is for whoever changes rolecall.
USE := help demo playground image run-image
RELEASE := test-pythons test-clients test-lowest soak bench pictures lock audit sbom

help: ## list the targets
	@awk -F ':.*## ' -v use=' $(USE) ' -v release=' $(RELEASE) ' '/^[a-z-]+:.*## / { \
	    name = " " $$1 " "; group = index(use, name) ? 1 : index(release, name) ? 3 : 2; \
	    lines[group] = lines[group] sprintf("  make %-12s %s\n", $$1, $$2) } \
	  END { printf "Use\n%s\nDevelop\n%s\nRelease\n%s", lines[1], lines[2], lines[3] }' $(MAKEFILE_LIST)

# A stamp per environment: it is made again only when its lock file changes.
$(VENV)/.ready: requirements/dev.txt pyproject.toml
	@PYTHON=$(PYTHON) pipeline/environment $(VENV) requirements/dev.txt .

# With the AWS CLI, which the tests run as well.
$(DEMO_VENV)/.ready: requirements/demo.txt pyproject.toml
	@PYTHON=$(PYTHON) pipeline/environment $(DEMO_VENV) requirements/demo.txt .

# What users install, and nothing that only the tests need: the bench measures this one.
$(RUN_VENV)/.ready: requirements/runtime.txt pyproject.toml hatch_build.py $(VENV)/.ready $(shell find src -type f -not -name "*.pyc")
	$(PYTHON) -m venv $(RUN_VENV)
	$(RUN_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/runtime.txt
	rm -rf build/wheel
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir build/wheel .
	$(RUN_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --force-reinstall build/wheel/*.whl
	@touch $@

# What the tests need, and in it the lowest versions of what rolecall needs.
$(LOWEST_VENV)/.ready: requirements/lowest.txt requirements/dev.txt pyproject.toml $(VENV)/.ready
	$(PYTHON) -m venv $(LOWEST_VENV)
	for name in dev lowest; do $(BIN)/uv pip install --quiet --python $(LOWEST_VENV)/bin/python \
	  --require-hashes -r requirements/$$name.txt || exit 1; done
	$(BIN)/uv pip install --quiet --python $(LOWEST_VENV)/bin/python --no-deps --no-build-isolation --editable .
	$(BIN)/uv pip check --quiet --python $(LOWEST_VENV)/bin/python
	@touch $@

$(CHECK_VENV)/.ready: requirements/check.txt
	@PYTHON=$(PYTHON) pipeline/environment $(CHECK_VENV) requirements/check.txt

$(DOCS_VENV)/.ready: requirements/docs.txt
	@PYTHON=$(PYTHON) pipeline/environment $(DOCS_VENV) requirements/docs.txt

demo: $(DEMO_VENV)/.ready ## deploy to four simulated accounts, with the real AWS CLI
	@PATH="$(CURDIR)/$(DEMO_VENV)/bin:$$PATH" $(DEMO_VENV)/bin/python pipeline/demo/demo.py build/demo-report

playground: $(DEMO_VENV)/.ready ## a shell with rolecall, the AWS CLI and four simulated accounts
	@PATH="$(CURDIR)/$(DEMO_VENV)/bin:$$PATH" $(DEMO_VENV)/bin/python pipeline/demo/playground.py

test: $(VENV)/.ready $(DEMO_VENV)/.ready ## run the tests, in WORKERS processes
	@PATH="$(TEST_PATH)" $(BIN)/python -m pytest $(IN_WORKERS) $(PYTEST_ARGS)

# With what repeats a property hundreds of times, AWS's other clients and a browser; less the image's.
test-all: $(VENV)/.ready $(DEMO_VENV)/.ready ## run every test, in its long form, with branch coverage
	@$(BIN)/coverage erase
	PATH="$(TEST_PATH)" $(BIN)/coverage run -m pytest $(IN_WORKERS) -m "long or not long" \
	  --hypothesis-profile long tests/unit tests/integration tests/clients tests/browser $(PYTEST_ARGS)
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report

# What is not installed is said, and left out.
test-pythons: ## run the tests with each of PYTHONS, in environments of its own
	@for python in $(PYTHONS); do \
	  command -v "$$python" > /dev/null || { echo "$$python: not here"; continue; }; \
	  version=$$("$$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
	  $(MAKE) test PYTHON="$$python" VENV=.venv-$$version DEMO_VENV=.venv-demo-$$version || exit 1; done

# On Debian, as root, what is missing of its packages comes first; the rest the tests install themselves.
test-clients: $(VENV)/.ready $(DEMO_VENV)/.ready ## try every client of docs/reference/clients.md, in each mode
	@packages=$$(sed -n 's/^packages = \[\(.*\)\]$$/\1/p' tests/clients/clients.toml | tr -d ',"' | tr ' ' '\n' | sort -u); \
	if [ "$$(id -u)" = 0 ] && ! dpkg --status $$packages > /dev/null 2>&1; then \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
	    apt-get install -qq --yes --no-install-recommends $$packages > /dev/null; fi
	SDK_TESTS=all PATH="$(TEST_PATH)" $(BIN)/python -m pytest $(IN_WORKERS) tests/clients $(PYTEST_ARGS)

image: ## build the container image, IMAGE, from BASE_IMAGE; TARGET=slim is without the AWS CLI
	docker build --build-arg BASE_IMAGE=$(BASE_IMAGE) $(if $(TARGET),--target $(TARGET)) \
	  --label org.opencontainers.image.version=$$(sed -n 's/__version__ = "\(.*\)"/\1/p' src/rolecall/__init__.py) \
	  --label org.opencontainers.image.revision=$(REVISION) \
	  --label org.opencontainers.image.base.name=$(BASE_IMAGE) \
	  $(BUILD_OPTIONS) --tag $(IMAGE) .

run-image: ## deploy with the image: your AWS_* and ROLECALL_* variables, your profiles, SOURCES
	@IMAGE="$(IMAGE)" SOURCES="$(SOURCES)" pipeline/image/run $(RUN_OPTIONS) -- $(ARGS)

# An IMAGE that is named is tested as it is; else one is built.
test-image: $(VENV)/.ready ## test the image on a Docker engine; fails where there is none
	IMAGE_TESTS=required $(if $(filter command line environment,$(origin IMAGE)),IMAGE=$(IMAGE)) \
	  $(BIN)/python -m pytest tests/image $(PYTEST_ARGS)

sbom: $(VENV)/.ready ## write build/sbom.cdx.json, what IMAGE is made of
	@mkdir -p build
	$(BIN)/python pipeline/image/sbom.py $(IMAGE) build/sbom.cdx.json

audit: $(CHECK_VENV)/.ready ## look for known vulnerabilities in the locked dependencies
	$(CHECK)/python pipeline/image/audit.py $(AUDIT_ARGS) requirements/runtime.txt requirements/build.txt

test-lowest: $(LOWEST_VENV)/.ready $(DEMO_VENV)/.ready ## run unit and core tests with the lowest versions allowed
	PATH="$(CURDIR)/$(LOWEST_VENV)/bin:$(CURDIR)/$(DEMO_VENV)/bin:$$PATH" \
	  $(LOWEST_VENV)/bin/python -m pytest $(IN_WORKERS) $(LOWEST_TESTS) $(PYTEST_ARGS)

unit: $(VENV)/.ready ## run the fast tests only
	@$(BIN)/python -m pytest $(IN_WORKERS) tests/unit $(PYTEST_ARGS)

lint: $(CHECK_VENV)/.ready ## style
	$(CHECK)/ruff check .
	$(CHECK)/ruff format --check .
	$(CHECK)/hadolint Dockerfile

secrets: $(VENV)/.ready ## look for secrets in the repository
	$(BIN)/python .ci/secrets.py

types: $(VENV)/.ready $(CHECK_VENV)/.ready ## static types, strictly
	$(CHECK)/mypy --python-executable $(BIN)/python

layers: $(CHECK_VENV)/.ready ## modules import only what stands to their left
	PYTHONPATH=src $(CHECK)/lint-imports

docs: $(VENV)/.ready ## write the generated parts of the docs again
	$(BIN)/python docs/generate.py

docs-check: $(VENV)/.ready ## fail where a generated part is out of date
	$(BIN)/python docs/generate.py --check

site: $(DOCS_VENV)/.ready ## build the docs site, build/site; a link that leads nowhere is an error
	@rm -rf build/site
	$(DOCS_VENV)/bin/sphinx-build --fail-on-warning --fresh-env --quiet --builder html --conf-dir docs/site \
	  --doctree-dir build/site-trees . build/site
	$(DOCS_VENV)/bin/python docs/site/check_site.py build/site

check: lint types layers docs-check secrets ## everything CI checks beside the tests

bench: $(VENV)/.ready $(DEMO_VENV)/.ready $(RUN_VENV)/.ready ## measure speed and memory beside what people use today
	@PATH="$(CURDIR)/$(RUN_VENV)/bin:$(CURDIR)/$(BIN):$(CURDIR)/$(DEMO_VENV)/bin:$$PATH" $(BIN)/python -m tests.bench

# The table goes into the page where nothing was lost, repeated or leaked.
soak: $(VENV)/.ready ## run against faults for SOAK_MINUTES (3): nothing lost, repeated or leaked
	@PYTHONPATH=tests PATH="$(CURDIR)/$(BIN):$$PATH" AWS_EC2_METADATA_DISABLED=true \
	  SOAK_PAGE=docs/reliability.md $(BIN)/python -m soak

pictures: $(VENV)/.ready ## take the pictures in docs/pictures from real runs, and measure the page (needs Chromium)
	@PYTHONPATH=tests PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python docs/pictures.py

diagrams: $(VENV)/.ready ## draw the diagrams of the docs again (needs Chromium and npm)
	@mkdir -p build/mermaid
	npm install --silent --no-save --ignore-scripts --prefix build/mermaid mermaid@$(MERMAID)
	$(BIN)/python docs/site/diagrams.py build/mermaid/node_modules/mermaid/dist/mermaid.min.js

format: $(CHECK_VENV)/.ready ## format the code
	$(CHECK)/ruff format .
	$(CHECK)/ruff check --fix-only .

lock: $(VENV)/.ready ## resolve the dependencies again
	cd requirements && for name in $(LOCKS); do \
	  UV_CUSTOM_COMPILE_COMMAND='make lock' ../$(BIN)/uv pip compile --quiet --universal \
	    --python-version 3.11 --generate-hashes --no-emit-index-url --upgrade \
	    --output-file $$name.txt $$name.in || exit 1; done
	cd requirements && UV_CUSTOM_COMPILE_COMMAND='make lock' ../$(BIN)/uv pip compile --quiet --universal \
	  --python-version 3.11 --generate-hashes --no-emit-index-url --upgrade --resolution lowest-direct \
	  --output-file lowest.txt ../pyproject.toml lowest.in

clean: ## remove what the other targets made
	rm -rf $(VENV) .venv-* build dist .coverage* .*_cache
