# Everything a newcomer types. The environment lives in .venv and is brought up to date whenever a lock file changes.
BIN := .venv/bin
INSTALLED := .venv/.installed
SNAKEMAKE := PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/snakemake
# -q -q leaves errors only: pip's warnings about folders of other indexes are no news here
PIP := $(BIN)/python -m pip --disable-pip-version-check -q -q

.DEFAULT_GOAL := help
.PHONY: help install demo quick test lint docs sbom lock clean

# `make install PYTHON=python3.13` takes that one; else python3.11, and python3 where there is none.
PYTHON ?=

# An environment knows the folder that it was made in: in a clone that was moved or copied, it is made again.
ifneq ($(shell cat $(INSTALLED) 2>/dev/null),$(CURDIR))
$(shell rm -f $(INSTALLED))
endif

help: ## say what can be made
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-14s %s\n", $$1, $$2 }'

install: $(INSTALLED) ## make or update .venv from requirements.lock

# Without a GPU nothing has to wait for one: as many trainings run side by side as there are cores.
GPUS := $(words $(firstword $(wildcard /dev/nvidia0)))

demo: $(INSTALLED) ## run the embedded demonstration up to results/demo/report.html
	$(SNAKEMAKE) --cores all --resources gpu=$(GPUS)
	@echo "The report is results/demo/report.html"

quick: $(INSTALLED) ## run the tests that are not slow: the inner loop while editing
	$(BIN)/python -m pytest -m "not slow"

test: $(INSTALLED) ## run all tests
	$(BIN)/python -m pytest

lint: $(INSTALLED) ## check style, types and the workflow's conventions
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.citation-file-format CITATION.cff
	$(SNAKEMAKE) --lint

# Material for MkDocs announces its successor in every build unless told not to.
docs: $(INSTALLED) ## build the documentation's site into site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet

sbom: $(INSTALLED) ## list everything that is installed, with its licence, in sbom/ (CycloneDX and Markdown)
	mkdir -p sbom
	$(BIN)/python -m cyclonedx_py environment --pyproject pyproject.toml --output-reproducible --output-file sbom/bom.json
	$(BIN)/python -m piplicenses --format=markdown --with-urls --output-file sbom/licences.md

lock: ## remake requirements.lock (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
	  --no-header --extra dev pyproject.toml -o requirements.lock

clean: ## remove the environment and caches; results stay
	rm -rf .venv .pytest_cache .ruff_cache .mypy_cache .coverage site sbom workflow/*.egg-info
	find workflow tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(INSTALLED): requirements.lock pyproject.toml
	@found=; for python in $(PYTHON) python3.11 python3; do \
	  if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then found=$$python; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
	  echo "Lacuna needs Python 3.11 or newer, but neither python3.11 nor python3 is one; install it and run make again." >&2; \
	  exit 1; \
	fi; \
	echo "Installing into .venv with $$found (some minutes, about 6 GB with the GPU libraries) ..."; \
	"$$found" -m venv --clear .venv
	@$(PIP) install --require-hashes --no-deps -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@echo "$(CURDIR)" > $@
