# make demo   installs into .venv, converts the sample data and shows the result
# make test   installs what the tests need and runs them
# make lint   style and types;  make bench: speed beside other programs;  make clean
# Another Python: make test PYTHON=python3.12

PYTHON = python3
VENV = .venv
RUN = $(VENV)/bin/python -m
INSTALL = $(RUN) pip install --quiet --disable-pip-version-check

.PHONY: demo test lint bench clean

demo: $(VENV)/.installed
	@echo "== Converting sample_data/*.spec into demo_out/"
	@$(RUN) nxconvert spec2nx sample_data/*.spec -o demo_out/ --timezone Europe/Paris --overwrite
	@echo "== Converting images, numors and a triple-axis scan"
	@$(RUN) nxconvert convert sample_data/*.edf sample_data/tomography sample_data/nanoesca sample_data/tas_energy.scn \
		-o demo_out/ --timezone Europe/Paris --overwrite
	@$(RUN) nxconvert ill2nx sample_data/numors/068288-068290 -o demo_out/ --overwrite
	@echo; echo "== What the files hold (nxconvert info demo_out/*.nxs)"
	@$(RUN) nxconvert info demo_out/*.nxs
	@echo; echo "== The tree of one scan (nxconvert spec2nx sample_data/mesh.spec --scan 1 --dry-run)"
	@$(RUN) nxconvert spec2nx sample_data/mesh.spec --scan 1 --timezone Europe/Paris --dry-run --quiet

test: $(VENV)/.installed-test
	$(RUN) pytest -n auto

lint: $(VENV)/.installed-dev
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) mypy

bench: $(VENV)/.installed-test
	$(RUN) pytest -m benchmark -s

clean:
	rm -rf $(VENV) demo_out dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis .bench
	find . -name __pycache__ -prune -exec rm -rf {} +

# A stamp is newer than pyproject.toml while its environment is complete: a second run installs nothing.
$(VENV)/bin/python:
	@$(PYTHON) -m venv $(VENV) || { echo "This needs Python 3.10 or later with venv (Debian: python3-venv)."; exit 1; }
	@$(INSTALL) 'pip>=21.3'

$(VENV)/.installed: pyproject.toml | $(VENV)/bin/python
	@echo "== Installing into $(VENV)"
	@$(INSTALL) --editable .
	@touch $@

$(VENV)/.installed-test: pyproject.toml | $(VENV)/bin/python
	@echo "== Installing into $(VENV), with what the tests need"
	@$(INSTALL) --editable '.[test]'
	@touch $@ $(VENV)/.installed

$(VENV)/.installed-dev: pyproject.toml | $(VENV)/bin/python
	@$(INSTALL) --editable '.[dev]'
	@touch $@ $(VENV)/.installed-test $(VENV)/.installed
