# Needs make and Python 3.11 or newer; everything else goes into $(VENV).
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
DEMO := snnconv-out/demo

.PHONY: demo test slow lint clean

demo: $(VENV)/.base  ## convert the bundled network, calibrated on bundled images, and measure it against time steps
	@mkdir -p $(DEMO)
	$(BIN)/snnconv convert snnconv:fashion_cnn --arch-arg pretrained=true --calib fashion:train --weight-bits 8 \
		-o $(DEMO)/fashion_cnn.snn.pt2 --overwrite
	$(BIN)/snnconv sweep $(DEMO)/fashion_cnn.snn.pt2 --data fashion -o $(DEMO) --overwrite
	$(BIN)/snnconv report $(DEMO) -o $(DEMO)/report.html --overwrite

test: $(VENV)/.dev
	$(BIN)/python -m pytest -n auto --dist loadfile

slow: $(VENV)/.dev
	$(BIN)/python -m pytest -m slow

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright --pythonpath $(BIN)/python

clean:
	rm -rf .venv snnconv-out .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Stamps: an install is repeated only when pyproject.toml is newer than it.
$(VENV)/.base: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check -e '.[fast]'
	@touch $@

$(VENV)/.dev: $(VENV)/.base
	$(BIN)/python -m pip install --disable-pip-version-check -e '.[dev]'
	@touch $@
