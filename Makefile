# What people type. Each target installs what it needs first; `make help` lists them.
PY := .venv/bin/python
export RASA_TELEMETRY_ENABLED := false
export TF_CPP_MIN_LOG_LEVEL := 3
CODE := actions advice answering chain channels content desk evaluation faults monitoring nlu performance policies rasa_patches \
  report review server shop storage tracking tests

.PHONY: help setup run chat desk train test lint format evaluate bench bench-load bench-scale faults fuzz report backup restore review lock spacy-model clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /	/' | expand -t 14

setup:  ## install everything into .venv
	@bash scripts/setup.sh dev

.venv/.installed-app:
	@bash scripts/setup.sh

run: .venv/.installed-app  ## train when needed, start both servers, print the address
	@bash scripts/setup.sh && exec $(PY) -m server run

chat: .venv/.installed-app  ## the same, and talk in this terminal
	@bash scripts/setup.sh && exec $(PY) -m server chat

desk: .venv/.installed-app  ## the owners' command line, as in make desk DO=list
	@bash scripts/setup.sh && exec $(PY) -m desk $(or $(DO),--help)

train: .venv/.installed-app  ## train when the content changed (FORCE=1: always)
	@bash scripts/setup.sh && exec $(PY) -m server train $(if $(FORCE),--force)

test: setup lint  ## formatting, lint, types and every test (side by side, one process for each core)
	@$(PY) -m pytest -n auto --maxprocesses 3 --dist loadgroup

lint: setup  ## formatting, lint and types
	@$(PY) -m ruff format --check $(CODE)
	@$(PY) -m ruff check $(CODE)
	@$(PY) -m mypy

format: setup  ## put the code into the house style
	@$(PY) -m ruff format $(CODE)
	@$(PY) -m ruff check --fix $(CODE)

evaluate: setup  ## measure understanding, write results/understanding.html (PEERS=1: also stock Rasa and nlp.js)
	@$(PY) -m evaluation $(if $(PEERS),--peers $(or $(filter nlpjs rasa,$(PEERS)),all)) \
	  $(if $(PER_LABEL),--per-label $(PER_LABEL))

bench: setup  ## timings and sizes (PEERS=1: with stock Rasa, as ratios in one run)
	@$(PY) -m performance.bench $(if $(PEERS),--peers) $(if $(QUICK),--quick)

fuzz: setup  ## throw requests at every public address (EXAMPLES=50000 each), see docs/security.md
	@EXAMPLES=$(or $(EXAMPLES),50000) $(PY) -m pytest tests/security -q -rP -n auto --maxprocesses 3 --maxschedchunk 1

bench-scale: setup  ## throughput of 1, 2 and 4 processes with PostgreSQL, Redis and nginx (PROCESSES=1,2)
	@$(PY) -m performance.scale $(if $(PROCESSES),--processes $(PROCESSES))

bench-load: setup  ## steady load, a burst, a full store; pictures in results/load.html (SECONDS=300)
	@$(PY) -m performance.load $(if $(SECONDS),--seconds $(SECONDS))

faults: setup  ## break parts under the running assistant, see docs/faults.md (QUICK=1; KILLS=200: random kills)
	@$(PY) -m faults $(if $(QUICK),--quick) $(if $(KILLS),--kills $(KILLS))

report: setup  ## write results/gebruik.html for the owners: what customers asked (DAYS=30)
	@$(PY) -m report $(if $(DAYS),--days $(DAYS))

backup: .venv/.installed-app  ## copy databases, secret and settings into FILE=...
	@$(PY) -m server backup $(FILE)

restore: .venv/.installed-app  ## put a backup back from FILE=... (the assistant must not be running)
	@$(PY) -m server restore $(FILE)

review: setup  ## propose examples from conversations in var/review.yml (ACCEPT=1: add the accepted ones to data/)
	@$(PY) -m review $(if $(ACCEPT),--accept)

lock: setup  ## compile requirements/*.in to pinned, hashed *.txt
	@bash scripts/lock.sh

spacy-model: .venv/.installed-app  ## add the full Dutch language model nl_core_news_sm
	@$(PY) -m spacy download nl_core_news_sm-3.4.0 --direct

clean:  ## remove models, logs and caches (not .venv)
	@rm -rf models .rasa var/log var/train.log results .pytest_cache .mypy_cache .ruff_cache .hypothesis
