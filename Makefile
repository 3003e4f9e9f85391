# The two commands: make up, make test.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help up test bench lint fmt sqlx audit build tools cargo

# cargo as rustup installs it, also where the shell does not know it yet.
export PATH := $(PATH):$(HOME)/.cargo/bin
# Queries are checked against the committed .sqlx folders; `make sqlx` renews them.
export SQLX_OFFLINE := true
HEMEI := target/debug/hemei

help:
	@echo 'make up      install what is missing, build, run everything on this machine (ARGS="--port 9000 --fresh")'
	@echo 'make test    format, lints, every test, on private servers'
	@echo 'make bench   figures beside the floor of the same machine'
	@echo 'make sqlx    renew the checked queries (.sqlx) after a change of SQL or schema'
	@echo 'make fmt     format       make lint    lints only'
	@echo 'make audit   licences and advisories of the dependencies, style of the contract'

up: tools build
	@exec $(HEMEI) up $(ARGS)

test: tools cargo
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	$(MAKE) --no-print-directory build
	$(HEMEI) with-servers -- cargo test --workspace --locked

bench: tools cargo
	cargo build --release --workspace --bins --locked
	target/release/bench $(ARGS)

build: cargo
	cargo build --workspace --bin hemei --locked

lint: cargo
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings

fmt: cargo
	cargo fmt --all

sqlx: tools cargo
	scripts/sqlx.sh

audit: cargo
	@scripts/audit.sh

tools:
	@scripts/install.sh

cargo:
	@scripts/cargo.sh
