# The everyday commands. `make` alone lists them. Each sets up what it needs first and says so.
.DEFAULT_GOAL := help
.PHONY: help demo test test-postgres-next setup sqlx bench image ci

# A toolchain that rustup has just installed is not on PATH before the next login.
export PATH := $(PATH):$(HOME)/.cargo/bin
# A build asks .sqlx, never a database that happens to be in the environment.
export SQLX_OFFLINE := true

help:
	@echo 'make demo    the whole service on this machine with a simulated intervals.icu; Ctrl-C ends it'
	@echo 'make test    every test, with a real browser and real MCP clients (ARGS=name runs those that match)'
	@echo 'make test-postgres-next    the integration tests against the newest PostgreSQL instead of this machine'"'"'s'
	@echo 'make setup   only install what the tests need'
	@echo 'make sqlx    write .sqlx again after changing a query or a migration'
	@echo 'make bench   what a call costs, in a release build (BASE=commit compares, MINUTES=60 watches; SECONDS=10 a row)'
	@echo 'make image   perform the steps of the Dockerfile in plain Debian roots, and try what they make (root, Linux)'
	@echo 'make ci      what the gate runs: formats, lints, docs, licences, all tests'

demo:
	@scripts/setup demo
	@exec cargo run --quiet --locked -- demo $(ARGS)

test:
	@scripts/setup test
	@scripts/env cargo test --locked --workspace --doc
	@ICUSYNC_RANDOM_SECS=60 scripts/env cargo test --locked --workspace --all-targets $(ARGS)

test-postgres-next:
	@scripts/test-postgres-next $(ARGS)

setup:
	@scripts/setup test

sqlx:
	@scripts/setup demo
	@scripts/sqlx-prepare

bench:
	@BASE='$(BASE)' ROWS='$(ROWS)' MINUTES='$(MINUTES)' ROW_SECONDS='$(SECONDS)' scripts/bench

image:
	@scripts/setup ci
	@scripts/env sh -c '"$$ICUSYNC_PYTHON" scripts/image-check'

ci:
	@.ci/run
