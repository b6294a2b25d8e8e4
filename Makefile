# Every target brings what it needs: Python 3.11 and make are enough to begin with.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo serve storm test coverage check bench docs validate lock clean

BIN := .venv/bin
BENCH := .venv-bench/bin
UV := tools/uv

# Bytecode is compiled at installation, because import times depend on it and some environments forbid writing it later.
INSTALL := $(UV) pip install --quiet --compile-bytecode --require-hashes
# The project itself is installed as a link to src; what builds it is pinned by the same lock as what checks it.
LINK := $(UV) pip install --quiet --no-deps --build-constraints requirements/dev.txt --editable .
COMPILE := -m compileall -q src/tangency

# Restated by whoever wants more: make test PYTEST_ARGS="-n 8", make serve SERVE_ARGS="--port 9000"
DEMO_ARGS ?=
SERVE_ARGS ?=
STORM_ARGS ?=
# Three for two cores: some of what tests take is waiting, and each sets up once more. Neighbours stay with one process.
PYTEST_ARGS ?= -n 3 --dist worksteal
BENCH_ARGS ?=

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /  make \1 \t/p' Makefile

demo: .venv/runtime.stamp ## optimize the sample portfolio and show the proof that the answer is right
	@$(BIN)/python $(COMPILE)
	@$(BIN)/tangency demo $(DEMO_ARGS)

serve: .venv/runtime.stamp ## answer over REST
	@$(BIN)/python $(COMPILE)
	@$(BIN)/tangency serve $(SERVE_ARGS)

test: .venv/dev.stamp ## run every test
	@$(BIN)/python $(COMPILE)
	OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 $(BIN)/python -m pytest $(PYTEST_ARGS)

# Counting branches doubles the time of the suite, so only the tests of what is counted run again, with few examples each,
# and with the arithmetic of another processor: no answer may hang on how one of them rounds.
coverage: .venv/dev.stamp ## domain and plugins must be covered to 90 % by their own tests, branches counted
	@$(BIN)/python -m coverage erase
	OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 $(BIN)/python -m pytest --cov --cov-report= --hypothesis-profile=few -m "not slow" \
		$(PYTEST_ARGS) tests/domain tests/plugins tests/contracts/test_methods.py
	$(BIN)/python -m coverage report --include='src/tangency/domain/*,src/tangency/plugins/*' --fail-under=90

storm: .venv/dev.stamp ## 1,000 jobs while workers, relay, broker and connections keep failing; see tests/storm/README.md
	@$(BIN)/python $(COMPILE)
	@OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m tests.storm $(STORM_ARGS)

check: .venv/dev.stamp ## lint, format, types, import direction
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo --no-cache

bench: .venv-bench/bench.stamp ## run ours and the peers in one run and print the ratios
	@$(BENCH)/python $(COMPILE)
	@OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 $(BENCH)/python -m benchmarks $(BENCH_ARGS)

docs: .venv/dev.stamp ## write the pages of methods and estimators from the plugins, every example answered
	@rm -rf docs/methods docs/estimators
	@$(BIN)/tangency methods docs docs --distribution tangency

validate: .venv/dev.stamp ## compare every method and estimator with its peers, and write the tables of docs/validation.md
	@OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m validation

# A lock names no host, so that any mirror can serve it: settings of this machine that would leave a trace are dropped.
# What is pinned stays pinned; LOCK_ARGS=--upgrade moves it.
LOCK_ARGS ?=
COMPILE_LOCK = env -u PIP_FIND_LINKS -u UV_FIND_LINKS $(UV) pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --custom-compile-command "make lock" $(LOCK_ARGS)

lock: ## pin every dependency again, by hash
	$(COMPILE_LOCK) requirements/tools.in -o requirements/tools.txt
	$(COMPILE_LOCK) pyproject.toml -o requirements/runtime.txt
	$(COMPILE_LOCK) pyproject.toml --extra contracts requirements/dev.in -c requirements/runtime.txt -o requirements/dev.txt
	$(COMPILE_LOCK) pyproject.toml requirements/bench.in -c requirements/dev.txt -o requirements/bench.txt

clean: ## remove environments, caches and build results
	rm -rf .venv .venv-bench .tools build dist .coverage .coverage.* htmlcov
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# --- environments -------------------------------------------------------------------------------------------------------------

.venv/bin/python .venv-bench/bin/python:
	@python=$$(tools/find-python) && rm -rf $(@D:/bin=) && $(UV) venv --quiet --python "$$python" $(@D:/bin=)

.venv/runtime.stamp: requirements/runtime.txt pyproject.toml | .venv/bin/python
	@echo "installing what the service needs into .venv"
	@$(INSTALL) --python $(BIN)/python -r requirements/runtime.txt
	@$(LINK) --python $(BIN)/python
	@touch $@

.venv/dev.stamp: requirements/dev.txt .venv/runtime.stamp
	@echo "installing what tests and checks need into .venv"
	@$(INSTALL) --python $(BIN)/python -r requirements/dev.txt
	@touch $@

.venv-bench/bench.stamp: requirements/bench.txt pyproject.toml | .venv-bench/bin/python
	@echo "installing the peers into .venv-bench"
	@$(INSTALL) --python $(BENCH)/python -r requirements/bench.txt
	@$(LINK) --python $(BENCH)/python
	@touch $@
