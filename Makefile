# Every target but `help` prepares what it needs first; the second time that costs nothing.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

BIN := .venv/bin
REQUIREMENTS := $(wildcard requirements/*.txt)
# One stamp for "the environment holds exactly what the requirements name".
READY := .venv/ready
# What editors complete programs with: made from the model, committed, compared by `make lint`.
SCHEMA := banyan/engine/language/program.schema.json
WRITE_SCHEMA := $(BIN)/python -c 'from banyan.engine.language.schema import schema_text; print(schema_text(), end="")'

# Where Python may not keep what it compiled, each of many hundred processes compiles it again.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help install demo test laws faults lint style types walls shape bench schema lock

help:  ## this list
	@sed -n 's/^\([a-z]*\):.*##  *\(.*\)/\1 \2/p' Makefile | while read -r name text; do printf '  make %-8s %s\n' "$$name" "$$text"; done

install: $(READY)  ## a .venv with the pinned packages and banyan itself

$(READY): pyproject.toml $(REQUIREMENTS) tools/install
	@tools/install
	@touch $@

demo: $(READY)  ## two programs over a year of real baskets, then a running site full of them
	@$(BIN)/banyan demo

# pytest comes last: its closing line is the last line printed. Two processes share two cores, so
# one that splits its tables among threads only has them wait for each other.
test: lint  ## formatting, lint, types, import walls, schema, then every test
	@POLARS_MAX_THREADS=1 $(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder -m "not speed"

# The variable counts the examples of each of the five laws.
laws: $(READY)  ## the laws with 50,000 examples instead of 2,000
	@BANYAN_LAW_EXAMPLES=$${BANYAN_LAW_EXAMPLES:-10000} $(BIN)/pytest -n 2 tests/laws

# The variable counts the runs on each database; the first seed is BANYAN_FAULT_FIRST.
faults: $(READY)  ## 200 simulated runs, with kills, full disks and lost replies, instead of 12
	@BANYAN_FAULT_RUNS=$${BANYAN_FAULT_RUNS:-100} $(BIN)/pytest -p no:randomly -rP tests/faults

lint: $(READY)  ## everything `test` checks without running a test
	@$(MAKE) --no-print-directory --jobs=2 types style walls shape

style types walls shape: $(READY)

style:
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .

types:
	@$(BIN)/mypy

walls:
	@$(BIN)/lint-imports --no-logo

shape:
	@$(WRITE_SCHEMA) | diff -u $(SCHEMA) - || { echo 'The schema is not that of the model; run: make schema' >&2; exit 1; }

bench: $(READY)  ## the speed table; wants an idle machine
	@$(BIN)/banyan bench

schema: $(READY)  ## writes the program's JSON Schema again from its model
	@$(WRITE_SCHEMA) > $(SCHEMA).new && mv $(SCHEMA).new $(SCHEMA)

# Each file is locked on top of the ones before it, so a package has one version everywhere.
# Existing pins stay; `make lock UPGRADE=--upgrade` takes the newest that pyproject.toml admits.
COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-annotate --custom-compile-command "make lock" $(UPGRADE)
lock: $(READY)  ## pins and hashes in requirements/ again from pyproject.toml
	@$(COMPILE) pyproject.toml -o requirements/base.txt
	@$(COMPILE) pyproject.toml --extra postgres -c requirements/base.txt -o requirements/postgres.txt
	@$(COMPILE) pyproject.toml --extra demo -c requirements/base.txt -o requirements/demo.txt
	@$(COMPILE) pyproject.toml --extra spark -c requirements/demo.txt -o requirements/spark.txt
	@$(COMPILE) --group dev -c requirements/postgres.txt -c requirements/demo.txt -c requirements/spark.txt -o requirements/dev.txt
	@$(COMPILE) --group installer -o requirements/installer.txt
