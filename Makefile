# Two commands matter: `make apply` and `make test`. `make help` lists the rest.
.DEFAULT_GOAL := help
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
FLEET ?=
NBP := $(BIN)/nbp $(if $(FLEET),--fleet "$(FLEET)")
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install
# A lock names all that is needed: pip that looks further takes what is newest of a package with extras, and refuses it.
LOCKED := --no-deps --require-hashes
JUPYTER := $(VENV)/jupyter
WHEELS := $(VENV)/wheels
SHELL_SCRIPTS := $(shell git ls-files '*.sh' .ci/run 2>/dev/null)

.PHONY: help setup setup-dev apply production plan destroy test coverage lint format acceptance bench chaos docs sandbox lock clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.setup: requirements/sandbox.lock requirements/build.lock pyproject.toml | $(BIN)/python
	@echo "Installing locked dependencies into $(VENV) …" >&2
	$(PIP) $(LOCKED) -r requirements/build.lock -r requirements/sandbox.lock
	$(PIP) --no-deps --no-build-isolation --editable .
	$(BIN)/python -m pip check
	$(BIN)/python -m compileall -q notebook_provisioner
	@touch $@

$(VENV)/.setup-dev: requirements/dev.lock $(VENV)/.setup
	$(PIP) $(LOCKED) -r requirements/dev.lock
	$(BIN)/python -m pip check
	@touch $@

# Judges that pin much have environments of their own. pip installs as well as uv, in a minute instead of seconds.
$(VENV)/%/.setup: requirements/%.lock | $(BIN)/python
	@echo "Installing $* into $(@D) …" >&2
	@rm -rf $(@D)
	@$(BIN)/python -m venv $(@D)
	@uv pip install --quiet --python $(@D)/bin/python $(LOCKED) -r $< 2>/dev/null \
	  || $(@D)/bin/python -m pip --disable-pip-version-check --quiet install --no-compile $(LOCKED) -r $<
	@touch $@

# What the container's image installs, for a test that installs it where another user may read it.
$(WHEELS)/.setup: requirements/job.lock | $(BIN)/python
	@echo "Building the job's wheels into $(WHEELS) …" >&2
	@rm -rf $(WHEELS)
	@$(BIN)/python -m pip --disable-pip-version-check --quiet wheel $(LOCKED) -r $< -w $(WHEELS)
	@touch $@

setup: $(VENV)/.setup ## Make .venv with everything that apply needs

setup-dev: $(VENV)/.setup-dev ## Make .venv with everything that test and lint need

apply: setup ## Provision FLEET (default: ./fleet.yaml, else the quickstart in the sandbox)
	@$(NBP) apply

production: setup ## Provision examples/production in the sandbox, after what it says is there already
	@$(BIN)/python scripts/make_surroundings.py
	@$(BIN)/nbp --fleet "$${NBP_HOME:-.}/.nbp/production/fleet.yaml" apply

plan: setup ## Show what apply would change
	@$(NBP) plan

destroy: setup ## Take the fleet down again
	@$(NBP) destroy

# Empty is unset to Python: it keeps what it compiles, or each of a thousand starts would compile nbp anew.
# Terraform, which takes most of the time, would spend a fifth of its own on collecting garbage.
test coverage: export PYTHONDONTWRITEBYTECODE :=
test coverage: export GOGC ?= 300
test coverage: setup-dev $(JUPYTER)/.setup $(WHEELS)/.setup
	$(BIN)/python -m pytest -n auto --dist worksteal $(COVERAGE) $(PYTEST_ARGS)

test: ## Run every test

coverage: COVERAGE := --cov --cov-report=term
coverage: ## Run every test, more slowly, and print how much of the code they run

lint: setup-dev $(VENV)/checkov/.setup ## Check style, types, layers, shell, the Dockerfile and Terraform
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(if $(SHELL_SCRIPTS),$(BIN)/shellcheck $(SHELL_SCRIPTS))
	$(BIN)/hadolint Dockerfile
	$(BIN)/python -m notebook_provisioner.adapters.terraform.launcher fmt -check -recursive -diff terraform
	CKV_SKIP_PACKAGE_UPDATE_CHECK=true $(VENV)/checkov/bin/checkov --directory terraform --skip-path /tests/ \
	  --framework terraform --skip-download --soft-fail --output json | $(BIN)/python scripts/checkov_verdict.py
	@if command -v tflint >/dev/null; then tflint --chdir terraform --recursive; \
	  else echo "tflint: skipped, it is not on PATH and no package registry has it" >&2; fi

format: setup-dev ## Rewrite files to the house style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/python -m notebook_provisioner.adapters.terraform.launcher fmt -recursive terraform

acceptance: setup-dev ## Run hashicorp/google itself against the sandbox, where it can be had
	$(BIN)/python -m pytest -n auto --dist worksteal -m acceptance -o addopts= --strict-markers --import-mode=importlib -ra tests

bench: setup-dev ## Print ratios: speed, memory, API calls
	-@$(MAKE) --no-print-directory $(VENV)/custodian/.setup
	@for program in bench/*.py; do $(BIN)/python "$$program"; done

chaos: setup-dev ## Prune snapshots and upgrade notebooks on a thousand bad days: faults, people in between, kills
	$(BIN)/python scripts/chaos_snapshots.py
	$(BIN)/python scripts/chaos_upgrades.py

docs: setup-dev ## Regenerate the reference pages
	@for program in scripts/generate_*.py; do $(BIN)/python "$$program"; done

sandbox: setup ## Start the embedded Google Cloud and print how to point tools at it
	@$(NBP) sandbox start
	@$(NBP) sandbox env

lock: ## Resolve requirements/*.lock anew (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --extra sandbox --extra dev pyproject.toml -o requirements/dev.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --extra sandbox -c requirements/dev.lock pyproject.toml -o requirements/sandbox.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate -c requirements/dev.lock pyproject.toml -o requirements/job.lock
	for judge in checkov custodian; do \
	  uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate requirements/$$judge.in -o requirements/$$judge.lock; \
	done
	echo jupyterlab | uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate -c requirements/dev.lock - -o requirements/jupyter.lock
	echo hatchling | uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate -c requirements/dev.lock - -o requirements/build.lock

clean: ## Stop the sandbox and remove everything that was made here
	-@if [ -x $(BIN)/nbp ]; then $(NBP) sandbox stop; fi
	rm -rf $(VENV) .nbp .sandbox .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage .coverage.* dist
