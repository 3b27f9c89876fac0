# Two commands do everything: `make run` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SCENARIO ?= qinghai-2023
EXPERIMENTS ?= $(basename $(notdir $(wildcard scenarios/library/experiments/*.toml)))

.PHONY: run test lint types bench docs experiments clean

run: $(VENV)/.installed
	$(BIN)/talatan run $(SCENARIO) --out runs/$(SCENARIO) --force
	$(BIN)/talatan plot runs/$(SCENARIO)

test: $(VENV)/.dev
	$(BIN)/python -m pytest -n auto

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy

bench: $(VENV)/.dev
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks.mechanisms
	$(BIN)/python -m benchmarks.planner

docs: $(VENV)/.dev
	$(BIN)/python -m scenarios.reference README.md
	$(BIN)/python -m benchmarks.mechanism_properties docs/mechanism-properties.md
	$(BIN)/talatan run qinghai-2023 --out runs/qinghai-2023 --force
	$(BIN)/talatan plot runs/qinghai-2023 --kind dispatch --out docs/images

# All bundled experiments, each up to a quarter of an hour on two cores, and the pages about them.
experiments: $(VENV)/.installed
	set -e; for name in $(EXPERIMENTS); do \
	  $(BIN)/talatan experiment $$name --out experiments/$$name --force --quiet; \
	  $(BIN)/python -m scenarios.experiment_pages experiments/$$name docs/experiments/$$name.md; \
	done

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
