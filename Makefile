# The commands of the project. Each sets up what it needs and is missing.
.PHONY: run build install test test-garage e2e check sim fuzz bench

ENV := . scripts/env &&
LISTEN ?= 127.0.0.1:4444
DATA ?= ./data
PREFIX ?= /usr/local
SEEDS ?= 10000
FUZZ_RUNS ?= 1000000
FUZZ_SEED ?= 1

# Builds the server and starts it on ./data; the server prints its address.
run:
	@scripts/setup cargo
	@wasm-client/build
	@$(ENV) cargo build --release --locked -p unisson
	@$(ENV) exec "$$CARGO_TARGET_DIR/release/unisson" serve --listen $(LISTEN) --data $(DATA)

# Builds the server, with the web client in it, as out/unisson.
build:
	@scripts/setup cargo
	@wasm-client/build
	@$(ENV) cargo build --release --locked -p unisson
	@$(ENV) install -D "$$CARGO_TARGET_DIR/release/unisson" out/unisson

# Puts what was built in place, as root; settings that are there stay. See docs/operations/install.md.
install:
	install -D out/unisson "$(DESTDIR)$(PREFIX)/bin/unisson"
	install -D -m 644 docs/operations/examples/unisson.service "$(DESTDIR)/etc/systemd/system/unisson.service"
	test -e "$(DESTDIR)/etc/unisson/unisson.toml" || install -D -m 644 docs/operations/examples/unisson.toml "$(DESTDIR)/etc/unisson/unisson.toml"

# Every test: Rust, then the published npm clients. ONLY= runs one end-to-end suite of `make e2e`.
test:
	@scripts/test

# The storage tests against Garage; building it the first time takes about half an hour.
test-garage:
	@scripts/test-garage

e2e:
	@scripts/setup cargo node js examples
	@wasm-client/build
	@$(ENV) cargo build --release --locked -p unisson
	@$(ENV) UNISSON_BIN="$$CARGO_TARGET_DIR/release/unisson" node tests/interop/run.mjs $(ONLY)

# Format, lints, documentation, wasm32, dependencies, tidiness.
check:
	@scripts/check

# More seeds of the simulation, or one again: make sim SEED=1234
sim:
	@scripts/setup cargo
	@$(ENV) SEEDS=$(SEEDS) SEED=$(SEED) cargo test --release --locked -p unisson-tests -- --nocapture

# Damaged frames and updates at every decoder; a failure prints the seed that repeats it.
fuzz:
	@scripts/setup cargo
	@scripts/fuzz $(FUZZ_RUNS) $(FUZZ_SEED)

# Instructions that the hot paths take, compared with benches/instructions.json; REFRESH=1 writes it.
bench:
	@scripts/setup cargo
	@$(ENV) node scripts/instructions.mjs $(if $(REFRESH),--refresh)
