# Two commands do everything: `make run` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SCENARIO ?= qinghai-2023

.PHONY: run test lint types bench docs clean

run: $(VENV)/.installed
	$(BIN)/talatan run $(SCENARIO) --out runs/$(SCENARIO) --force
	$(BIN)/talatan plot runs/$(SCENARIO)

test: $(VENV)/.dev
	$(BIN)/python -m pytest

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy

bench: $(VENV)/.dev
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks.mechanisms

docs: $(VENV)/.dev
	$(BIN)/python -m scenarios.reference README.md
	$(BIN)/python -m benchmarks.mechanism_properties docs/mechanism-properties.md
	$(BIN)/talatan run qinghai-2023 --out runs/qinghai-2023 --force
	$(BIN)/talatan plot runs/qinghai-2023 --kind dispatch --out docs/images

clean:
	rm -rf $(VENV) build dist *.egg-info

$(VENV)/.created:
	$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'Talatan needs Python 3.11 or later; try: make PYTHON=python3.11')"
	$(PYTHON) -m venv $(VENV)
	touch $@

$(VENV)/.installed: $(VENV)/.created pyproject.toml
	$(BIN)/python -m pip install --quiet -e .
	touch $@

$(VENV)/.dev: $(VENV)/.created pyproject.toml
	$(BIN)/python -m pip install --quiet -e ".[dev]"
	touch $@ $(VENV)/.installed
