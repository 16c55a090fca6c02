# Countersign. `make` lists the targets; each does the set-up that it needs.
SHELL := /bin/sh
.DEFAULT_GOAL := help
TSC := node node_modules/typescript-native/bin/tsc

.PHONY: help demo test check e2e build generate clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: build ## agents, an MCP server, two proxies: one call allowed, one denied, both proved
	@node --disable-proto=throw dist/examples/inventory/demo.js

test: build ## every test that needs Node alone
	@node scripts/test.js unit

e2e: build ## tests that need root, other uids and Debian packages
	@node scripts/test.js e2e

check: node_modules/.package-lock.json ## format, types, lint, boundaries, dead code
	@node scripts/check.js

build: node_modules/.package-lock.json ## compile to dist/
	@$(TSC) -p tsconfig.json

generate: node_modules/.package-lock.json ## wire types from proto/*.proto
	@node scripts/generate.js

clean: ## remove what the build made
	@rm -rf dist

node_modules/.package-lock.json: package.json package-lock.json
	@npm ci --no-audit --no-fund --loglevel=error
