# `make` alone lists what there is. Everything needs only Python 3.11+, make and a network.
PYTHON ?= python3
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: chaos breakage docs help setup demo test lint format types lock clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/\1|\2/' | awk -F'|' '{printf "  make %-18s %s\n", $$1, $$2}'

setup:  ## put everything into .venv (quick when nothing has changed)
	@command -v $(PYTHON) > /dev/null || { echo "setup: there is no $(PYTHON). Install Python 3.11 or newer, or name it: make PYTHON=python3.12 $(or $(MAKECMDGOALS),setup)"; exit 1; }
	@$(PYTHON) .ci/setup.py

demo: setup  ## one batch of images, end to end, on real parts; then a page to look at them
	@$(BIN)/sluice demo $(ARGS)

test: setup  ## all tests
	@$(BIN)/pytest -n auto --dist loadgroup $(ARGS)

lint: setup  ## ruff and mypy, both strict
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: setup  ## let ruff put the code in order
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

lock: setup  ## resolve the dependencies anew
	@$(BIN)/uv pip compile -q --upgrade --universal --generate-hashes --python-version 3.11 --no-header --no-annotate \
	  --all-extras --group pyproject.toml:dev pyproject.toml -o requirements/all.lock
	@$(BIN)/uv pip compile -q --upgrade --universal --generate-hashes --python-version 3.11 --no-header --no-annotate \
	  requirements/emulator.in -o requirements/emulator.lock
	@$(BIN)/uv pip compile -q --universal --generate-hashes --python-version 3.11 --no-header --no-annotate \
	  --extra tracing pyproject.toml -c requirements/all.lock -o requirements/engine.lock
	@$(BIN)/uv pip compile -q --universal --generate-hashes --python-version 3.11 --no-header --no-annotate \
	  --extra tracing --extra processor pyproject.toml -c requirements/all.lock -o requirements/processor.lock

clean:  ## remove what setup and the local system made
	rm -rf .venv .local

docs: setup  ## write the pages of docs/ that are made from code
	@$(BIN)/python -m engine.pages

chaos: setup  ## kill, stop, fill, cut and restart a composed system, then count (30 minutes); ARGS="--seed 2"
	@$(BIN)/python -m tests.chaos $(ARGS)

breakage: setup  ## break each part of a running system; doctor and ingests must name it (3 minutes)
	@$(BIN)/python -m tests.system.breakage

coverage: setup  ## images/ and policies/ by their unit tests: every line and every branch, or it fails
	@$(BIN)/pytest -q tests/unit/images tests/unit/policies --cov=images --cov=policies --cov-branch --cov-fail-under=100 $(ARGS)

mutate: setup  ## sow small errors into images/ and policies/, see which the tests find; ARGS=images for one (30 minutes)
	@$(BIN)/python bench/mutate.py $(ARGS)

.PHONY: bench-queue-db
bench-queue-db: setup  ## what a settled message costs in the database, against the bare driver and hot rows
	@$(BIN)/python -m bench.queue_db $(ARGS)

.PHONY: bench-queue
bench-queue: setup  ## the queue's consumer: against a bare loop, two processes, waits, priority, memory (6 minutes)
	@$(BIN)/python -m bench.queue $(ARGS)

bench-processor: setup  ## the processor against opj_compress and Pillow, as ratios of alternating runs
	@$(BIN)/python -m bench.processor $(ARGS)

fuzz-processor: setup  ## 5,000 broken files of every format through the processor's workers
	@$(BIN)/python -W ignore -m tests.corpus.fuzz $(ARGS)

.PHONY: terraform
terraform: setup  ## infra/terraform: format, validity, and its permanent layer made in the emulator (TF_PLUGIN_DIR: the provider)
	@TERRAFORM_APPLY=1 $(BIN)/pytest tests/integration/test_terraform.py $(ARGS)

.PHONY: bench-thumbs
bench-thumbs: setup  ## thumbnails from an image server that fails as real ones do, beside the old client (7 minutes); ARGS=--full
	@$(BIN)/python -m bench.thumbs $(ARGS)

.PHONY: bench-limiter plot-limiter
bench-limiter: setup  ## the limiter against modelled servers, alone and in crowds (half a minute)
	@$(BIN)/python -m bench.limiter_simulation

plot-limiter: setup  ## draw docs/images/limiter.png
	@$(BIN)/python -m bench.plot_limiter

.PHONY: bench-origins
bench-origins: setup  ## fetching beside curl, boto3 and OpenSSH's sftp; memory by size; many small files (6 minutes); ARGS=--quick
	@$(BIN)/python -m bench.origins $(ARGS)
