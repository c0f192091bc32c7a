# Commands, with a virtual environment for the demo and one for all others:
#   make demo   the whole job on bundled photographs
#   make test   lint and the whole test suite, with a GPU in software where its driver can be unpacked
#   make coverage  the same, which takes longer, and how much of tfisp/ the tests run
#   make check  lint and the tests that are not marked slow
#   make lint   ruff check, ruff format, mypy
PYTHON ?= python3
VENVS := .venv
GPU := $(CURDIR)/$(VENVS)/software_gpu
TOOLS := $(VENVS)/test/bin
# Processes that test side by side, each with the tests of a file, which share what they build.
WORKERS ?= 2
PYTEST = $(TOOLS)/python -m pytest --numprocesses=$(WORKERS) --dist=loadfile --durations=15

.PHONY: demo test coverage check lint clean

demo: $(VENVS)/demo/ready
	$(VENVS)/demo/bin/python scripts/demo.py --output=demo

test: lint
	sh scripts/install_software_gpu.sh "$(GPU)" || true  # it says why; the tests that need it skip
	TFISP_SOFTWARE_GPU="$(GPU)" $(PYTEST)

coverage: lint
	$(PYTEST) --cov --cov-report=
	@echo "coverage of tfisp/: $$($(TOOLS)/coverage report --format=total) %"

check: lint
	$(PYTEST) -m "not slow"

lint: $(VENVS)/test/ready
	$(TOOLS)/ruff check
	$(TOOLS)/ruff format --check
	$(TOOLS)/mypy

$(VENVS)/demo/ready: EXTRAS := demo
$(VENVS)/test/ready: EXTRAS := dev
$(VENVS)/%/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENVS)/$*
	$(VENVS)/$*/bin/python -m pip install --progress-bar=on --upgrade pip
	$(VENVS)/$*/bin/python -m pip install --constraint constraints.txt --editable ".[$(EXTRAS)]"
	touch $@

clean:
	rm -rf $(VENVS) demo
