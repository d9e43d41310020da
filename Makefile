# Every command of this project. Needs make and Python 3.10 or newer, nothing else.
#
#   PYTHON=/path/to/python make test    use another Python for .venv
#   ARGS="-k positions -x" make test    hand arguments to the command below

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test test-fast test-all coverage wheel versions lint format types docs answers bench bench-budget bench-requests chaos destinations targets lock .venv clean

RUN := .venv/bin/python
CHECKED := zendesk_source pipelines tests
export PYTHON

help: ## List these targets
	@echo "make demo and make test are all you need to begin with."
	@sed -n 's/^\([a-z.-]*\):[^#]*## \(.*\)$$/\1|\2/p' Makefile | while IFS='|' read -r name text; do \
		printf '  %-12s %s\n' "$$name" "$$text"; done

demo: .venv/.project ## Load a simulated Zendesk account into DuckDB and query it
	@$(RUN) pipelines/zendesk_pipeline.py --demo $(ARGS)

test: .venv/.project ## Run the tests, those that take long excepted
	@$(RUN) -m pytest --numprocesses auto -m "not long" $(ARGS)

test-fast: .venv/.project ## Run the tests that run no pipeline, in less than a minute
	@$(RUN) -m pytest --numprocesses auto -m "not pipeline and not long" $(ARGS)

test-all: .venv/.project ## Run all tests: also kills, whole accounts, the documentation's commands
	@$(RUN) -m pytest --numprocesses auto $(ARGS)

coverage: .venv/.project ## Tell which lines and branches of the package no test runs
	@$(RUN) -m pytest --numprocesses auto --cov --cov-report=term-missing $(ARGS)

wheel: .venv/.project ## Build the wheel, install it in a clean environment and load the demo with it
	@rm -rf dist && $(RUN) -m hatchling build --target wheel
	@bash .ci/try dist/*.whl

# Tests of what depends on these packages most: tables, types, files, the report, inner parts of dlt.
TRIED := tests/resources/test_item_formats.py tests/shape tests/resources/test_versions.py \
	tests/html_report tests/destination/test_state.py tests/destination/test_duckdb_merge.py \
	tests/destination/test_duckdb_memory.py tests/destination/test_duckdb_row_groups.py \
	tests/runs/test_known.py tests/runs/test_interrupted.py
TESTED := .[postgres] pytest pytest-timeout pytest-xdist hypothesis

versions: .venv/.project ## Try the oldest and the newest versions of the packages that we allow
	@TESTS="$(TRIED)" bash .ci/try $(TESTED) $$($(RUN) .ci/oldest.py)
	@TESTS="$(TRIED)" bash .ci/try $(TESTED) --upgrade --upgrade-strategy eager

lint: .venv/.project ## Check style and formatting (ruff)
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .

format: .venv/.project ## Rewrite the code in the project's format (ruff)
	@$(RUN) -m ruff check --fix .
	@$(RUN) -m ruff format .

types: .venv/.project ## Check types (mypy --strict)
	@$(RUN) -m mypy $(wildcard $(CHECKED)) $(ARGS)

docs: .venv/.project ## Write the references anew: streams, how tables join, the command line
	@$(RUN) -m docs.write_streams docs/requests.json >docs/streams.md
	@$(RUN) -m docs.write_erd >docs/erd.md
	@$(RUN) -m docs.update_tables
	@$(RUN) docs/update_command_line.py

answers: .venv/.project ## Write the answers in docs/recipes.md anew, from a new demo
	@$(RUN) pipelines/zendesk_pipeline.py --demo >/dev/null
	@$(RUN) -m zendesk_source views --shape analytics --demo --quiet
	@$(RUN) docs/write_answers.py zendesk_demo.duckdb

bench: .venv/.project ## Run the benchmarks
	@$(RUN) -m benchmarks $(ARGS)

bench-budget: .venv/.project ## Measure how much of Zendesk's rate limits a backfill uses
	@$(RUN) -m benchmarks.budget $(ARGS)

bench-requests: .venv/.project ## Count the requests of every stream, for docs/streams.md
	@$(RUN) -m benchmarks.requests $(ARGS)

chaos: .venv/.project ## Kill syncs at random moments, then compare every row (ARGS="--kills 20")
	@$(RUN) -m tests.chaos $(ARGS)

# Of DuckDB's extensions a package exists for some versions only, and pyiceberg takes dlt's older
# dateutil: so this is an environment of its own. Servers for Postgres and MariaDB are yours.
# Without these versions pip searches for minutes for those of S3 that fit each other, in vain.
BESIDE_EXTRAS := duckdb==1.5.5 duckdb-extensions==1.5.5 duckdb-extension-ducklake==1.5.5 \
	'moto[server]==5.2.5' boto3==1.43.117 s3fs==2026.9.0 aiobotocore==3.10.0 fsspec==2026.9.0 \
	deltalake==1.6.6 pyiceberg==0.12.0 pymysql==1.2.4 pytest pytest-timeout hypothesis

destinations: .destinations/.installed ## Load into every destination that runs here, compare every value
	@.destinations/bin/python -m pytest -q -o log_cli=true --log-cli-level=WARNING \
		tests/destination/test_matrix.py tests/destination/test_one_lake.py $(ARGS)

.destinations/.installed: pyproject.toml .venv/.project
	@echo "Installing the packages of all destinations into .destinations"
	@$(RUN) -m venv --clear .destinations
	@.destinations/bin/python -m pip install --quiet --disable-pip-version-check \
		--editable '.[postgres,sqlalchemy,s3,delta,iceberg]' $(BESIDE_EXTRAS)
	@touch $@

# Singer targets pin what we cannot have beside us, so that each gets an environment of its own.
# target-duckdb loses rows with a newer DuckDB; the older ones miss what setuptools once brought.
TARGETS := target-jsonl==0.1.4 target-duckdb==0.8.0 meltanolabs-target-postgres==0.8.1 \
	pipelinewise-target-postgres==2.1.2 singer-tools==0.4.1
BESIDE_TARGETS := 'duckdb<1.3' 'setuptools<81'

targets: .venv/.project ## Install Singer targets below .targets, for the test that loads through them
	@for target in $(TARGETS); do \
		folder=.targets/$${target%%==*}; \
		[ ! -e $$folder/.installed ] || continue; \
		echo "Installing $$target into $$folder"; \
		$(RUN) -m venv --clear $$folder && $$folder/bin/python -m pip install --quiet \
			--disable-pip-version-check "$$target" $(BESIDE_TARGETS) && \
			touch $$folder/.installed || exit 1; \
	done

lock: ## Write requirements.lock anew from pyproject.toml (needs uv; ARGS=--upgrade for newer versions)
	@command -v uv >/dev/null || { echo "make lock needs uv: pip install uv" >&2; exit 1; }
	@uv pip compile --quiet --universal --python-version 3.10 --generate-hashes --extra dev \
		--no-emit-index-url --no-emit-find-links --no-header $(ARGS) \
		--output-file requirements.lock pyproject.toml
	@echo "requirements.lock: $$(grep -c '==' requirements.lock) pinned packages"

clean: ## Remove .venv and every cache
	@rm -rf .venv .targets .destinations .coverage* .mypy_cache .ruff_cache .pytest_cache .hypothesis dist
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The environment is made in two steps, each with a stamp: the packages of the lock file, checked
# against their hashes, then this project itself, editable, without fetching anything more.
.venv: .venv/.project ## Create the environment (the other targets do it when needed)

.venv/.project: .venv/.packages pyproject.toml
	@$(RUN) -m pip install --quiet --disable-pip-version-check \
		--no-deps --no-build-isolation --editable .
	@touch $@

# A Python fits when it is 3.10 to 3.14 (what dlt supports) and can make environments.
.venv/.packages: requirements.lock
	@for python in "$${PYTHON:-python3}" $${PYTHON:+-} \
			python3.13 python3.12 python3.11 python3.10 python3.14 python; do \
		[ "$$python" != - ] || break; \
		"$$python" -c 'import sys, venv, ensurepip; sys.exit(not (3, 10) <= sys.version_info < (3, 15))' \
			2>/dev/null && found=$$python && break; \
	done; \
	if [ -z "$${found:-}" ]; then \
		echo "No Python 3.10 to 3.14 that can make environments was found$${PYTHON:+ ($$PYTHON does not fit)}." >&2; \
		echo "Install one (on Debian and Ubuntu: apt install python3 python3-venv)," >&2; \
		echo "or name it: PYTHON=/path/to/python make $(firstword $(MAKECMDGOALS))" >&2; \
		exit 1; \
	fi; \
	echo "Creating .venv with $$("$$found" --version) and the packages of requirements.lock;" \
		"this takes a minute or two, once."; \
	"$$found" -m venv --clear .venv
	@$(RUN) -m pip install --quiet --disable-pip-version-check \
		--require-hashes --requirement requirements.lock
	@touch $@
