# Everything here needs Go and Node, nothing else; `race` and `lint` also need a C compiler.

.DEFAULT_GOAL := help
SHELL := /bin/bash
GO ?= go
PORT ?= 3000
FUZZTIME ?= 20s
REPEATS ?= 20
# What the wire check plays: nothing for one server, --all for every framework and adapter.
WIRECHECK ?=
MODULES := $(shell $(GO) work edit -json | $(GO) run ./scripts/modules)

.PHONY: help run test unit race races bench storm soak fuzz lint fmt-check tidy tidy-check vuln release wirecheck wirecheck-all conformance proof proxies browser page

help: ## Show this help
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-14s %s\n", $$1, $$2}'

run: page ## Start the Gin quickstart on http://localhost:3000 (PORT is honoured)
	PORT=$(PORT) $(GO) run ./examples/gin

test: fmt-check wirecheck/node_modules/.stamp unit proof browser wirecheck ## Run all tests: Go, then the official client against the servers

unit: ## Run the Go tests of every module
	CGO_ENABLED=0 $(GO) vet $(MODULES:%=%/...)
	CGO_ENABLED=0 $(GO) test -count=1 -parallel 4 -timeout 20m $(MODULES:%=%/...)

race: ## Run the Go tests under the race detector (needs a C compiler)
	$(GO) test -race -short -timeout 20m $(MODULES:%=%/...)

races: ## Run what many callers do at once REPEATS times (20) on every database
	CGO_ENABLED=0 $(GO) test -count=$(REPEATS) -timeout 2h -run 'TestFlows/./(race|RACE)|TestFlows/(race|RACE)|TestConformance/./(race|RACE)|TestConformance/race|TestSQL/./RACE|RACE' ./core/adapters/memory ./core/adapters/redis ./core/adapters/mongo ./core/adapters/mongo/passkeytest ./gormadapter ./entadapter ./core/plugins/passkey ./core/plugins/passkey/conformancetest

proof: wirecheck/node_modules/.stamp ## Drive the quickstart server with the official client, and a server that renders pages
	cd wirecheck && node proof.mjs
	cd wirecheck && node native.mjs
	cd wirecheck && node devices.mjs
	cd wirecheck && node proxies.mjs

proxies: wirecheck/node_modules/.stamp ## Drive the official client through nginx, Caddy and a proxy in Go that strips a prefix
	cd wirecheck && node proxies.mjs --required

browser: page wirecheck/node_modules/.stamp ## Drive the quickstart's page, and pages on another port, in headless Chromium, where there is one
	cd wirecheck && node browser.mjs $(BROWSER)

wirecheck: wirecheck/node_modules/.stamp ## Compare this server with Better Auth 1.6.11, call by call
	cd wirecheck && node --test reference/ runner/report.test.mjs runner/contract.test.mjs
	cd wirecheck && node runner/main.mjs $(WIRECHECK)
	cd wirecheck && node openapi.mjs
	cd wirecheck && node runner/prove.mjs
	cd wirecheck && node runner/shared.mjs
	cd wirecheck && node adopt.mjs
	cd wirecheck && node idp.mjs
	cd wirecheck && node --no-deprecation saml.mjs
	cd wirecheck && node mcp.mjs
	cd wirecheck && node foreign.mjs
	cd wirecheck && node own.mjs

conformance: wirecheck/node_modules/.stamp ## Run the conformance suite of MCP for authorization servers (installs it, and Node.js 22)
	cd wirecheck && npm install --no-save --no-audit --no-fund --silent node@22 @modelcontextprotocol/conformance@0.2.0-alpha.12
	cd wirecheck && node conformance.mjs

wirecheck-all: ## The same over every framework and every adapter whose server is named
	$(MAKE) wirecheck WIRECHECK=--all

bench: wirecheck/node_modules/.stamp ## Benchmarks, then Node and Go in turn on one core, then Go beside bare net/http
	$(GO) test -run '^$$' -bench . -benchmem $(MODULES:%=%/...)
	cd wirecheck && npm install --no-save --no-audit --no-fund --silent better-sqlite3@12.4.1 pg@8.23.1 || echo "better-sqlite3 and pg are not available: the Node server runs on WASM SQLite, and not on PostgreSQL"
	cd wirecheck && node bench.mjs
	$(GO) run ./scripts/rates

storm: ## Send 1,000 sign-ins at once, retry as told, report waits and the server's peak memory
	$(GO) run ./scripts/storm -n 1000

soak: ## Compare 10 thousand sessions with 10 million on PostgreSQL (up to half an hour, 5 GB of its disk)
	KERNIA_SOAK=1 CGO_ENABLED=0 $(GO) test -count=1 -timeout 2h -run '^TestSoak|^TestPgBouncer' -v ./gormadapter

fuzz: ## Run every fuzz target for FUZZTIME (default 20s)
	$(GO) run ./scripts/fuzz -time $(FUZZTIME) $(MODULES)

lint: ## Run golangci-lint with .golangci.yaml, and the check of contexts in transactions
	for m in $(MODULES); do (cd $$m && $(GO) run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0 run ./...) || exit 1; done
	for m in $(MODULES); do (cd $$m && $(GO) run github.com/advantch/kernia-go/scripts/outerctx -test=false ./...) || exit 1; done

fmt-check:
	@out=$$(gofmt -l $(MODULES)); if [ -n "$$out" ]; then echo "not gofmt'd:"; echo "$$out"; exit 1; fi

tidy: ## Tidy every module
	for m in $(MODULES); do (cd $$m && GOWORK=off $(GO) mod tidy) || exit 1; done

tidy-check: ## Fail where a go.mod or go.sum is not tidy
	for m in $(MODULES); do (cd $$m && GOWORK=off $(GO) mod tidy -diff) || exit 1; done

vuln: ## Look for known vulnerabilities in what the modules use
	for m in $(MODULES); do (cd $$m && $(GO) run golang.org/x/vuln/cmd/govulncheck@v1.9.0 ./...) || exit 1; done

release: ## Make the version VERSION of every module: see RELEASING.md
	$(GO) run ./scripts/release -version $(VERSION)

page: examples/gin/web/dist/index.html ## Build the quickstart's page

examples/gin/web/dist/index.html: examples/gin/web/package-lock.json $(wildcard examples/gin/web/src/* examples/gin/web/src/areas/*)
	cd examples/gin/web && npm ci --no-audit --no-fund --silent && npm run --silent build

wirecheck/node_modules/.stamp: wirecheck/package-lock.json
	cd wirecheck && npm ci --omit=optional --no-audit --no-fund --silent
	@touch $@
