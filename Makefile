# Two commands, each with a virtual environment of its own:
#   make demo   the whole job on bundled photographs, with random frozen networks
#   make test   the whole test suite, with a GPU in software where its driver can be unpacked
PYTHON ?= python3
VENVS := .venv
GPU := $(CURDIR)/$(VENVS)/software_gpu

.PHONY: demo test lint clean

demo: $(VENVS)/demo/ready
	$(VENVS)/demo/bin/python scripts/demo.py --output=demo

test: $(VENVS)/test/ready
	$(VENVS)/test/bin/ruff check
	$(VENVS)/test/bin/ruff format --check
	sh scripts/install_software_gpu.sh "$(GPU)" || true  # it says why; the tests that need it skip
	TFISP_SOFTWARE_GPU="$(GPU)" $(VENVS)/test/bin/python -m pytest --durations=15

$(VENVS)/demo/ready: EXTRAS := demo
$(VENVS)/test/ready: EXTRAS := dev
$(VENVS)/%/ready: pyproject.toml
	$(PYTHON) -m venv $(VENVS)/$*
	$(VENVS)/$*/bin/python -m pip install --progress-bar=on --upgrade pip
	$(VENVS)/$*/bin/python -m pip install --editable ".[$(EXTRAS)]"
	touch $@

clean:
	rm -rf $(VENVS) demo
