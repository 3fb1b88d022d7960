# `make demo` and `make test` need Python 3.11, 3.12 or 3.13 and nothing else: they make .venv with
# the versions pinned in constraints.txt. uv does it where it is installed, venv and pip elsewhere.

PYTHON ?= python3
# Extras of the package for `make install`, separated by spaces, such as EXTRAS="gpu parquet".
EXTRAS ?=
# Processes that run the tests side by side; 0 runs them in one.
WORKERS ?= 2
# More for pytest, such as PYTEST_ARGS="-k window -x".
PYTEST_ARGS ?=

# More for `make bench`, such as BENCH_ARGS="--data PATH/ETTh1.csv --rounds 5".
BENCH_ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
BENCH_VENV := .venv-bench
# Only a uv that reads dependency groups; empty, where there is none.
UV ?= $(shell uv pip install --help 2>/dev/null | grep -q -- --group && command -v uv)

ifneq ($(strip $(UV)),)
CREATE = $(UV) venv --quiet --python "$(PYTHON)" $(VENV)
INSTALL = $(UV) pip install --quiet --compile-bytecode --python $(BIN)/python --constraint constraints.txt
else
CREATE = "$(PYTHON)" -m venv $(VENV)
INSTALL = $(BIN)/python -m pip install -qq --disable-pip-version-check \
	--constraint constraints.txt
endif

.DEFAULT_GOAL := help
.PHONY: help install demo test test-jax test-extras bench accuracy lint format lock clean
# Two installs into one environment must not run side by side.
.NOTPARALLEL:

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' $(MAKEFILE_LIST) \
		| while IFS='|' read -r name text; do printf '  make %-11s %s\n' "$$name" "$$text"; done

install: $(VENV)/.runtime $(EXTRAS:%=$(VENV)/.extra-%) ## Install lstmcast into .venv

demo: install ## Install, train on real CO2 data, show the results, forecast
	@echo "== lstmcast train configs/co2.yaml"
	@$(BIN)/lstmcast train configs/co2.yaml
	@echo "== lstmcast predict latest"
	@$(BIN)/lstmcast predict latest

test: $(VENV)/.dev lint ## Install what development needs, lint, check the types, run the tests
	@echo "== pytest"
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile $(PYTEST_ARGS)

test-jax: $(VENV)/.dev $(VENV)/.extra-jax ## Run the tests of the models and of training on JAX
	@echo "== pytest on JAX"
	@KERAS_BACKEND=jax $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile $(PYTEST_ARGS) \
		tests/models tests/training tests/experiment tests/test_experiment.py

test-extras: $(VENV)/.dev $(VENV)/.extra-ray $(VENV)/.extra-stats ## Run the tests that need Ray or statsforecast, and the long ones
	@echo "== pytest with Ray and statsforecast"
	@$(BIN)/python -m pytest $(PYTEST_ARGS) tests/execution tests/backtesting/test_statistical.py
	@echo "== the long tests"
	@$(BIN)/python -m pytest -n $(WORKERS) $(PYTEST_ARGS) -m long

bench: $(VENV)/.extra-jax $(BENCH_VENV)/.peers ## Time the same work through the peers (BENCH_ARGS="--data ETTh1.csv")
	@echo "== benchmarks/speed.py"
	@$(BIN)/python benchmarks/speed.py $(BENCH_ARGS)

accuracy: $(VENV)/.extra-jax ## Train the accuracy benchmark (ACCURACY_ARGS="--data PATH/ETTh1.csv")
	@echo "== benchmarks/accuracy/run.py"
	@$(BIN)/python benchmarks/accuracy/run.py $(ACCURACY_ARGS)
	@$(BIN)/python benchmarks/accuracy/page.py

lint: $(VENV)/.dev ## Check style, format and types; change nothing
	@echo "== ruff check"
	@$(BIN)/ruff check --quiet .
	@echo "== ruff format --check"
	@$(BIN)/ruff format --check --quiet .
	@echo "== mypy"
	@$(BIN)/mypy

format: $(VENV)/.dev ## Format the code and mend what ruff can
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

lock: ## Pin the newest versions that fit together in constraints.txt (needs uv)
	@uv pip compile pyproject.toml --quiet --upgrade --universal --python-version 3.11 \
		--fork-strategy fewest --all-extras --group dev --no-emit-index-url \
		--annotation-style line --custom-compile-command "make lock" --output-file constraints.txt

clean: ## Remove .venv, caches and build output; keep runs
	@rm -rf $(VENV) $(BENCH_VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp stands for a finished step, so a second run installs nothing; new pins or requirements do.
$(VENV)/.created:
	@"$(PYTHON)" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null \
		|| { \
		echo "lstmcast needs Python 3.11, 3.12 or 3.13. Found: $$("$(PYTHON)" --version 2>&1)." \
			"Name another, such as: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	@echo "== $(VENV) with $$("$(PYTHON)" --version)$(if $(strip $(UV)), (uv))"
	@rm -rf $(VENV)
	@$(CREATE)
	@$(INSTALL) pip setuptools
	@touch $@

$(VENV)/.runtime: $(VENV)/.created pyproject.toml constraints.txt
	@echo "== installing lstmcast and what it needs (TensorFlow is large; this happens once)"
	@$(INSTALL) --no-build-isolation --editable .
	@touch $@

# With pip: the peers' pins are not ours, and each must find its own.
$(BENCH_VENV)/.peers: benchmarks/systems/requirements.txt
	@echo "== installing the peers into $(BENCH_VENV)"
	@"$(PYTHON)" -m venv $(BENCH_VENV)
	@$(BENCH_VENV)/bin/python -m pip install -qq --disable-pip-version-check \
		--requirement benchmarks/systems/requirements.txt
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime
	@echo "== installing what development needs"
	@$(INSTALL) --group dev
	@touch $@

$(VENV)/.extra-%: $(VENV)/.runtime
	@echo "== installing what the extra $* needs"
	@$(INSTALL) --no-build-isolation --editable ".[$*]"
	@touch $@
