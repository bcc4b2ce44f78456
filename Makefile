# One gate, the same here and in continuous integration: `make test`. It changes nothing in the tree.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo build test test-routing lint check-docs loom fuzz bench bench-counts bench-routing attack docs redis valgrind clean

# Seconds each fuzz target runs, and bound of loom's search.
FUZZ_SECONDS ?= 20
LOOM_PREEMPTIONS ?= 2
# Port of the Redis that `make bench` starts for itself.
BENCH_REDIS_PORT ?= 7399

help: ## Show what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## Build, then play a shop's day against a server that is killed in the middle
	cargo build --release --package stockade-server
	target/release/stockade demo

build: ## Build the server for use
	cargo build --release --package stockade-server

test: redis lint ## Everything that must hold before a change lands
	cargo test --workspace --all-targets --no-fail-fast
	cargo test --workspace --doc
	$(MAKE) --no-print-directory loom

test-routing: ## Every comparison of routes with a mixed-integer solver, and published instances in STOCKADE_DATA
	STOCKADE_MILP=full cargo test --release --package stockade-core --test routing -- --nocapture

lint: ## Formatting and warnings
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- --deny warnings

loom: ## Concurrency proofs: every interleaving within the bound
	RUSTFLAGS="--cfg stockade_loom" LOOM_MAX_PREEMPTIONS=$(LOOM_PREEMPTIONS) \
	  cargo test --package stockade-core --lib --target-dir target/loom -- loom

fuzz: ## Fuzz each target for FUZZ_SECONDS; without cargo-fuzz and a nightly toolchain, the same entries on stable
	@if command -v cargo-fuzz > /dev/null && cargo +nightly --version > /dev/null 2>&1; then \
	  for target in $$(cargo +nightly fuzz list); do \
	    mkdir -p "fuzz/corpus/$$target" "fuzz/seeds/$$target"; \
	    cargo +nightly fuzz run --features libfuzzer "$$target" "fuzz/corpus/$$target" "fuzz/seeds/$$target" -- \
	      -max_total_time=$(FUZZ_SECONDS) -max_len=4096; done; \
	else \
	  echo "no libFuzzer here (cargo install cargo-fuzz; rustup toolchain install nightly): running on stable"; \
	  cargo test --release --package stockade-fuzz; \
	  cargo run --release --package stockade-fuzz --bin sim -- --seed $$RANDOM --steps 100000; fi

bench: redis ## Measure routing, and orders a second in process, over QUIC and onto Redis
	cargo bench --package stockade-benches
	cargo build --release --package stockade-benches --bins
	@for case in "--engine embedded" "--engine embedded --hot-sku" "--engine quic" "--engine quic --batch 16 --in-flight 16"; do \
	  echo "load $$case"; target/release/load $$case; done
	@dir=$$(mktemp -d); port=$(BENCH_REDIS_PORT); \
	  trap 'redis-cli -p '$$port' shutdown nosave > /dev/null 2>&1 || true; rm -rf '$$dir EXIT; \
	  redis-server --port $$port --dir $$dir --save '' --appendonly yes --appendfsync everysec \
	    --maxmemory-policy noeviction --daemonize yes > /dev/null; sleep 1; \
	  for case in "0" "1 --batch 16 --in-flight 16"; do \
	  echo "load --engine quic --journal redis://127.0.0.1:$$port/$$case (AOF everysec)"; \
	  target/release/load --engine quic --journal redis://127.0.0.1:$$port/$$case; done

bench-counts: valgrind ## Count the instructions of the hot path; UPDATE=1 writes the table they are compared with
	cargo build --release --package stockade-benches --bin counts
	target/release/counts --toolchain "$$(rustc --version), $$(uname -m)" $(if $(UPDATE),--update)

attack: ## Attack a server: what an ordinary caller and the server's memory feel of it, in two minutes
	cargo build --release --package stockade-server --package stockade-benches --bins
	target/release/attack

bench-routing: ## How far routing is from the optimum, in one table; DATA=folder adds the published instances there
	cargo run --release --package stockade-benches --bin routing_report -- $(if $(DATA),--data $(DATA))

docs: ## Build the book into docs/book, and the reference of every crate
	@command -v mdbook > /dev/null || cargo install --locked mdbook || { \
	  echo "mdbook is missing and cannot be installed here; the pages are plain Markdown under docs/src"; exit 1; }
	mdbook build docs
	cargo doc --workspace --no-deps

redis: # The crash tests need a real redis-server.
	@command -v redis-server > /dev/null || { \
	  sudo=; [ "$$(id -u)" = 0 ] || sudo=$$(command -v sudo || true); \
	  if command -v apt-get > /dev/null; then $$sudo apt-get update -qq && $$sudo apt-get install -y -qq redis-server; \
	  elif command -v dnf > /dev/null; then $$sudo dnf install -y -q redis; \
	  elif command -v apk > /dev/null; then $$sudo apk add -q redis; \
	  elif command -v brew > /dev/null; then brew install -q redis; \
	  else echo "install redis-server (7.0 or newer) and try again"; exit 1; fi; }

valgrind: # Instructions are counted by callgrind.
	@command -v valgrind > /dev/null || { \
	  sudo=; [ "$$(id -u)" = 0 ] || sudo=$$(command -v sudo || true); \
	  if command -v apt-get > /dev/null; then $$sudo apt-get update -qq && $$sudo apt-get install -y -qq valgrind; \
	  elif command -v dnf > /dev/null; then $$sudo dnf install -y -q valgrind; \
	  elif command -v apk > /dev/null; then $$sudo apk add -q valgrind; \
	  else echo "install valgrind and try again"; exit 1; fi; }

clean: ## Remove what was built
	cargo clean
	rm -rf docs/book
