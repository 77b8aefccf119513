# make demo and make test need Python 3.11 or newer, make and a C compiler; each builds what it needs in .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
BENCH := .venv-bench
export OMP_NUM_THREADS ?= 1
export OPENBLAS_NUM_THREADS ?= 1
export MKL_NUM_THREADS ?= 1

.PHONY: help demo test check fix bench docs reproduce crowds flags clean

help:  ## what there is
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /: /'

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "labelwright needs Python 3.11 or newer; this is " + sys.version.split()[0])'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[all]"
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev,docs]"
	@touch $@ $(VENV)/.run

demo: $(VENV)/.run  ## the main job on real data; says where the report is
	$(BIN)/labelwright demo

test: $(VENV)/.dev  ## all tests and every example in the documentation
	$(BIN)/python -m pytest -n 2 --dist loadfile

check: $(VENV)/.dev  ## lint, format, spelling, types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell src tests docs bench README.md CONTRIBUTING.md CHANGELOG.md
	$(BIN)/mypy

fix: $(VENV)/.dev  ## let the tools mend what they can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(VENV)/.dev  ## the documentation site, in docs/_build/html
	$(BIN)/sphinx-build -q -W --keep-going -b html docs docs/_build/html
	@echo "open docs/_build/html/index.html"

$(BENCH)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[all,bench]"
	$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps crowd-kit==1.4.2 snorkel==0.10.0 quapy==0.2.3 abstention==0.1.3.1
	@touch $@

bench: $(BENCH)/.installed  ## speed beside the peers, in an environment of their own
	$(BENCH)/bin/python -m bench

reproduce: $(BENCH)/.installed  ## the README's numbers on real label errors, beside cleanlab
	$(BENCH)/bin/python -m bench.real

crowds: $(BENCH)/.installed  ## labels from real votes, beside crowd-kit and snorkel
	$(BENCH)/bin/python -m bench.crowds

flags: $(BENCH)/.installed  ## the same flags as cleanlab, or the rule that parts them
	$(BENCH)/bin/python -m bench.flags

clean:  ## remove environments and build output
	rm -rf $(VENV) $(BENCH) docs/_build dist build .pytest_cache .mypy_cache .ruff_cache
