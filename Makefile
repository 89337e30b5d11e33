# What a developer types. `make test` is the whole check, and what CI runs; `make quick` is the loop while working.

.PHONY: test test-long test-storage fuzz quick e2e test-browser test-openapi test-clients bench bench-ledger bench-console tools lint hosts deny

# Installs what the tests need, starts a PostgreSQL, checks everything, runs every test, stops the PostgreSQL.
test:
	@scripts/test

# `make test`, then artifacts in a real S3-compatible server, every package manager, and the fuzz targets: CI's long mode
# (CI_LONG=1).
test-long: test test-storage test-clients test-browser fuzz

# Installs by npm and pip through a cache that lies in Garage, which is built for it.
test-storage:
	@scripts/test storage

# Every fuzz target for a minute, or for FUZZ_SECONDS: see docs/fuzzing.md.
fuzz:
	@scripts/fuzz

# The tests without PostgreSQL and without real package managers.
quick:
	@scripts/test quick

# Only the tests with real package managers, a real mail server and the built program.
e2e:
	@scripts/test e2e

# Chromium walks through every page and flow, in both languages; axe-core examines them. ONLY="login" runs a part. Photographs of
# every page are in target/browser. `make test` leaves out two of the six worlds (tests/browser/world.rs).
test-browser:
	@scripts/test browser

# The built program against docs/openapi.json, by schemathesis.
test-openapi:
	@scripts/test openapi

# Every package manager against the built program and the real registries. ONLY="pnpm 12" runs a part, SHOW=1 prints what
# each shows, WRITE=1 writes docs/clients.md. `make test` runs a part: those marked `fair` in tests/clients/versions.txt.
test-clients:
	@scripts/test clients

# The measurements of docs/benchmarks.md, against nginx and other proxies: about 30 minutes on a quiet machine.
bench:
	@bench/run

# Questions to a large install log on both engines: 1 and 10 million rows, or MILLIONS="50". Needs some 1 GB of disk a million.
bench-ledger:
	@bench/ledger/run

# The console's pages beside a million installs and ten thousand tokens, on both engines: bytes and times. WRITE=1 writes its
# section of docs/benchmarks.md.
bench-console:
	@bench/console/run $(if $(WRITE),--write)

# Installs what the tests need, by package name, and says what is there.
tools:
	@scripts/test-tools

# Format and clippy.
lint:
	@cargo fmt --all --check
	@cargo clippy --workspace --all-targets -- -D warnings

# No registry is named by its host in a tracked file.
hosts:
	@scripts/check-hosts

# Licences, banned crates, sources of crates. Builds cargo-deny if it is missing.
deny:
	@scripts/check-deny
