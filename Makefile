# The only door: continuous integration runs `make check`, people run the rest. Needs CPython 3.11 or newer and make.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
WORKERS ?= 2
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
SOURCES := src tests queries sample_exports
EXTRAS := s3,gcs,bigquery,metrics,avro,xlsx

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help scan test test-slow test-all check lint types docs fmt bench samples golden pins build clean

help: ## Say what each target does
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# Incomplete (3) and --fail-on (10) still have a report to show; the scan's own code is the one that counts.
scan: $(VENV)/runtime ## Report on the sample exports; writes report.html as well
	@work=$$(mktemp -d) && trap 'rm -rf "$$work"' EXIT && code=0; \
	$(BIN)/advisor scan sample_exports --db "$$work/scan.duckdb" || code=$$?; \
	case $$code in 0|3|10) \
		$(BIN)/advisor report --db "$$work/scan.duckdb" --format html -o report.html || code=$$? ;; \
	esac; \
	exit $$code

test: $(VENV)/dev ## Run the quick tests
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup

test-slow: $(VENV)/dev ## Run the tests that take long: kills, the wheel, many bills
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup -m slow

test-all: test test-slow ## Run all tests

# Layers, freshness of the documentation and the wheel are tests.
check: lint types test-all ## Everything that must hold before a merge

lint: $(VENV)/dev ## Check style and format
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)

types: $(VENV)/dev ## Check types
	$(BIN)/mypy

docs: $(VENV)/dev ## Write the generated parts of README.md and queries/README.md anew
	$(BIN)/cog -r README.md queries/README.md

fmt: $(VENV)/dev ## Format, and mend what can be mended
	$(BIN)/ruff check --fix --quiet --exit-zero $(SOURCES)
	$(BIN)/ruff format $(SOURCES)

bench: $(VENV)/dev ## Measure speed and memory beside raw commands, some ten minutes
	$(BIN)/python tests/bench/bench.py

samples: $(VENV)/dev ## Write sample_exports anew
	$(BIN)/python sample_exports/make.py

golden: $(VENV)/dev ## Write the golden reports anew; look at the difference before you commit
	ADVISOR_UPDATE_GOLDEN=1 $(BIN)/python -m pytest tests/reports

# The wheel comes from the sdist: built from the tree it would keep files that were deleted.
build: $(VENV)/dev ## Build sdist and wheel into dist
	rm -rf build dist
	$(BIN)/python -m build

pins: ## Write both requirements files anew, with the newest versions that pyproject.toml allows
	@work=$$(mktemp -d) && trap 'rm -rf "$$work"' EXIT && set -e; \
	for extras in $(EXTRAS) $(EXTRAS),dev; do \
		$(PYTHON) -m venv --clear "$$work/venv"; \
		"$$work/venv/bin/python" -m pip --disable-pip-version-check --quiet install ".[$$extras]"; \
		"$$work/venv/bin/python" -m pip freeze --exclude advisor | LC_ALL=C sort -f > "$$work/$$extras"; \
	done; \
	cp "$$work/$(EXTRAS)" requirements.txt; \
	{ echo "-r requirements.txt"; grep -vxFf requirements.txt "$$work/$(EXTRAS),dev"; } > requirements-dev.txt

clean: ## Remove what make made, the environment too
	rm -rf $(VENV) build dist report.html .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find src -name '*.egg-info' -prune -exec rm -rf {} +
	find $(SOURCES) -name __pycache__ -prune -exec rm -rf {} +

# Stamps: nothing is installed twice, and what is installed follows pyproject.toml and the requirements.
$(VENV)/made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "advisor needs CPython 3.11 or newer; name one: make PYTHON=python3.12 …" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/runtime: requirements.txt pyproject.toml | $(VENV)/made
	$(PIP) install -r requirements.txt
	$(PIP) install --no-deps -e .
	@touch $@

$(VENV)/dev: requirements-dev.txt $(VENV)/runtime | $(VENV)/made
	$(PIP) install -r requirements-dev.txt
	@touch $@
