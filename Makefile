# Everything from Python 3.11 and make alone: `make run`, `make test`. `make help` lists the rest.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

CORES ?= 4
RUN ?= results/example
VENV := .venv
PY := $(VENV)/bin/python
# Tools that `make bench` and `make truth` compare with, each in an environment of its own.
PEERS := pymc_marketing meridian
# PyTensor works without a C compiler; this keeps it from warning of one at every start.
export PYTENSOR_FLAGS ?= cxx=
# Jobs and tests run side by side; each taking all cores for its linear algebra would slow them all.
export OMP_NUM_THREADS ?= 1

.PHONY: help run env test test-slow test-slurm lint format lock verify docs results bench truth priors peers calibration loop-study scorecard fuzz dockerfile clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' Makefile | sed -E 's/^([a-z-]+):[^#]*## /  make \1|/' | column -t -s '|' 2>/dev/null \
	  || grep -hE '^[a-z-]+:.*##' Makefile

run: $(VENV)/run.stamp ## models the example (results/example) and shows how it ended; at once if nothing changed
	@$(PY) -m snakemake --cores $(CORES)
	@$(PY) scripts/orchestrator.py status results/example

env: $(VENV)/run.stamp ## the environment alone, for a cluster's login node

test: lint ## lint and all tests but the slow ones
	@$(PY) -m pytest -n auto -m "not slow"

test-slow: $(VENV)/dev.stamp ## the tests that take minutes
	@$(PY) -m pytest -n auto -m slow

# Asked for by name, since it installs packages of the system and writes /etc/slurm; it skips where it can't.
test-slurm: $(VENV)/dev.stamp ## on Debian, as root: installs SLURM, starts it on this machine and runs the workflow through it
	@MMM_BUILDER_TEST_SLURM=1 $(PY) -m pytest tests/slurm --durations 0

lint: $(VENV)/dev.stamp ## ruff, snakefmt, snakemake --lint
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m snakefmt --check Snakefile rules
	@$(PY) -m snakemake --lint

format: $(VENV)/dev.stamp ## puts the code into the form that lint asks for
	@$(PY) -m ruff check --fix . && $(PY) -m ruff format .
	@$(PY) -m snakefmt Snakefile rules

verify: $(VENV)/run.stamp ## runs RUN=results/example again in another folder and compares
	@$(PY) scripts/orchestrator.py verify "$(RUN)" --cores $(CORES)

docs: $(VENV)/run.stamp ## writes config/README.md and, from results/example, the README's pictures
	@$(PY) scripts/config_reference.py
	@$(PY) scripts/picture_maker.py

results: $(VENV)/run.stamp ## models the public data sets anew and writes docs/results.md
	@$(PY) benchmarks/results.py

bench: $(VENV)/run.stamp peers ## measures time and memory, alone and beside other tools: docs/benchmarks.md, peers.md, validated_fit.md
	@$(PY) benchmarks/iteration.py
	@$(PY) benchmarks/side_by_side.py
	@$(PY) benchmarks/validated_fit.py

truth: $(VENV)/run.stamp peers ## compares returns on spend with known truths, beside other tools: docs/truth.md
	@$(PY) benchmarks/truth.py

priors: $(VENV)/run.stamp ## compares the sets of priors, with and without known truths: docs/priors.md
	@$(PY) benchmarks/priors.py

peers: $(PEERS:%=$(VENV)/peers/%.stamp)

calibration: $(VENV)/run.stamp ## fits about 1,700 clients of known truth and writes docs/calibration.md
	@$(PY) benchmarks/calibration.py

loop-study: $(VENV)/run.stamp ## follows 700 simulated clients through the loop and prints and writes its scorecard: docs/loop.md
	@$(PY) benchmarks/loop_study.py

scorecard: $(VENV)/dev.stamp ## measures how well files are read and writes docs/reader.md
	@$(PY) benchmarks/scorecard.py --write

fuzz: $(VENV)/dev.stamp ## 20,000 damaged and made-up files: each ends in a profile or one clear line
	@$(PY) benchmarks/fuzz.py

dockerfile: $(VENV)/run.stamp ## writes Dockerfile: an image with the environments of envs/; needs conda on the PATH
	@$(PY) -m snakemake --quiet all --containerize > Dockerfile.part && mv Dockerfile.part Dockerfile || { rm Dockerfile.part; exit 1; }

# uv stands in an environment of its own, so that it never gets into the locked ones.
lock: ## resolves requirements/*.in anew into hash-locked *.txt
	@$(find-python); "$$python" -m venv $(VENV)/lock && $(VENV)/lock/bin/python -m pip install --quiet uv
	@for part in run dev $(PEERS:%=peer_%); do \
	  $(VENV)/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --no-header requirements/$$part.in -o requirements/$$part.txt; \
	done

clean: ## removes environments, results and caches
	@rm -rf $(VENV) .snakemake .cache .pytest_cache .ruff_cache .hypothesis
	@find results -mindepth 1 -not -name README.md -delete 2>/dev/null || true
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The first of these that is new enough, else one line that says what is missing.
define find-python
python=""; for name in python3.11 python3 python python3.12 python3.13; do \
  if "$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then python="$$name"; break; fi; \
done; \
if [ -z "$$python" ]; then echo "make: Python 3.11 or newer was not found on the PATH; install it (python3.11)" >&2; exit 1; fi
endef

$(PY):
	@$(find-python); echo "creating $(VENV) with $$("$$python" --version)"; \
	  "$$python" -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(VENV)/run.stamp: requirements/run.txt | $(PY)
	@echo "installing the locked packages of $<"
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

$(VENV)/dev.stamp: requirements/dev.txt | $(PY)
	@echo "installing the locked packages of $<"
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

# What can't be installed is left out of the comparison; nothing else depends on it.
$(VENV)/peers/%.stamp: requirements/peer_%.txt
	@$(find-python); echo "installing the locked packages of $<"; rm -rf $(VENV)/peers/$*; \
	  if "$$python" -m venv $(VENV)/peers/$* && $(VENV)/peers/$*/bin/python -m pip install --quiet \
	    --disable-pip-version-check --require-hashes -r $<; then touch $@; \
	  else rm -rf $(VENV)/peers/$*; echo "make: $* can't be installed here; comparisons leave it out" >&2; fi
