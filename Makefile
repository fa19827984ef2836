# Everything happens in .venv, which any target makes when it is not there: needed are Python 3.9 or newer with its
# headers and venv module, a C compiler and make. No target needs root; as root some tests can do more.

PYTHON ?= python3
VENV   := .venv
PY     := $(VENV)/bin/python
# The units' files are data that the installed tree reads in place; only C and the packaging need a new build.
BUILT_FROM := pyproject.toml setup.py fastinit/_build.py $(wildcard csrc/*.c csrc/*.h)

APT := apt-get install -y python3 python3-venv python3-dev gcc libc6-dev make

.PHONY: run test again lint check quick fuzz faults without bench docs dist clean help

help:
	@echo 'make run     build, then boot fastinit as PID 1 over the units of examples/, with a storm of orphans'
	@echo 'make test    every test that can run on this machine; what cannot says why'
	@echo 'make again   the tests that failed last time'
	@echo 'make lint    ruff, mypy --strict, C with -Wall -Wextra -Werror'
	@echo 'make check   lint and the quick tests'
	@echo 'make fuzz    libFuzzer over the C code and random unit files, FUZZ_SECONDS=600 each; what it learns stays in .cache/fuzz'
	@echo 'make faults  the manager is killed KILLS=2000 times during churn and an orphan storm, with an independent witness'
	@echo 'make without each history of a directive once more without it: it must fail (some four minutes)'
	@echo 'make bench   fastinit beside other inits, as ratios; pages and pictures into docs/benchmarks (as root, some 30 minutes)'
	@echo 'make docs    the pages of docs/ that are made from the tables of the program'
	@echo 'make dist    sdist and wheel, in dist/'
	@echo 'make clean   remove everything that was built'

$(VENV)/made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 9))' || \
		{ echo 'fastinit needs Python 3.9 or newer as $(PYTHON); on Debian and Ubuntu: $(APT)' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' || \
		{ echo 'Python has no venv module; on Debian and Ubuntu: $(APT)' >&2; exit 1; }
	@$(PYTHON) -c 'import os, sys, sysconfig; sys.exit(not os.path.exists(os.path.join(sysconfig.get_paths()["include"], "Python.h")))' || \
		{ echo 'Python.h is missing; on Debian and Ubuntu: $(APT)' >&2; exit 1; }
	@command -v cc >/dev/null || { echo 'There is no C compiler (cc); on Debian and Ubuntu: $(APT)' >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install -q --upgrade pip setuptools wheel 'cffi>=1.15'
	@touch $@

# Editable: the tree is what runs. -C: setuptools finds the compiler's output in place, beside the sources.
$(VENV)/built: $(VENV)/made $(BUILT_FROM)
	$(PY) -m pip install -q --no-build-isolation -e '.[test]'
	@touch $@

run: $(VENV)/built
	@$(PY) -m examples.demo

test: $(VENV)/built
	$(PY) -m pytest -rs tests

# Those of the last run that failed, once more.
again: $(VENV)/built
	$(PY) -m pytest -rs --last-failed --last-failed-no-failures=none tests

# What needs no container and no second: run before each commit.
quick: $(VENV)/built
	$(PY) -m pytest -q tests --ignore=tests/containers --ignore=tests/kernel --ignore=tests/fuzz

lint: $(VENV)/built
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	@for source in csrc/*.c; do \
		echo "cc $$source"; cc -std=gnu11 -O2 -Wall -Wextra -Werror -Icsrc -c "$$source" -o /dev/null || exit 1; done

check: lint quick

FUZZ_SECONDS ?= 600
KILLS        ?= 2000

fuzz: $(VENV)/built
	FASTINIT_FUZZ_SECONDS=$(FUZZ_SECONDS) FASTINIT_FUZZ_CORPUS=.cache/fuzz $(PY) -m pytest -rs -s tests/fuzz

faults: $(VENV)/built
	FASTINIT_KILLS=$(KILLS) $(PY) -m pytest -rs tests/system/test_manager_dies.py tests/kernel/test_manager_death.py

without: $(VENV)/built
	FASTINIT_WITHOUT=1 $(PY) -m pytest -rs tests/system/effects/test_without.py

bench: $(VENV)/built
	$(PY) -m benchmarks --fetch --save

docs: $(VENV)/built
	$(PY) -m docs

dist: $(VENV)/built
	$(PY) -m pip install -q build
	rm -rf dist
	$(PY) -m build -q

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +
	find fastinit -name '*.so' -delete
