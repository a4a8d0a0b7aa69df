# Two commands do all set-up: `go run .` starts Punchcard, `make test` tests it.

GO      ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS  = -s -w -X main.buildVersion=$(VERSION)
TARGETS  = linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64

.DEFAULT_GOAL := help
.PHONY: help run build generate test check clients security bench dist clean

help: ## Print this help
	@awk 'BEGIN {FS = ":.*## "} /^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## Start Punchcard on http://localhost:8484
	$(GO) run .

build: ## Build ./punchcard
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o punchcard .

generate: ## Generate the Go code of the pages (checked in)
	$(GO) generate ./...

test: ## Run every test, with the race detector where a C compiler is found
	$(GO) test -p 3 $(shell command -v gcc >/dev/null 2>&1 && echo -race) -timeout 12m ./... # three at once: they wait for browsers and clocks

check: ## Formatting, vet for every platform, staticcheck, generated code, mutants
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); echo "run gofmt -w on these"; exit 1; }
	$(GO) vet ./... ./.ci/security
	GOOS=windows $(GO) vet ./...
	GOOS=darwin $(GO) vet ./...
	$(GO) tool staticcheck ./... ./.ci/security
	$(GO) generate ./...
	git diff --exit-code -- '*_templ.go'
	.ci/mutants --check

clients: ## Point client libraries that nobody here wrote at the binary; needs Node.js and chromium
	$(GO) build -o punchcard .
	cd .ci/clients && npm ci --silent && npm test

security: ## Run the catalogue of attacks and mistakes, and print a verdict for each
	$(GO) run ./.ci/security

bench: ## Measure token issue, token check, pages and start-up
	$(GO) test -run '^$$' -bench . -benchmem ./...

dist: ## Build for five platforms into dist/, with checksums
	rm -rf dist && mkdir dist
	@set -e; for t in $(TARGETS); do os=$${t%/*}; arch=$${t#*/}; ext=; [ $$os = windows ] && ext=.exe; \
	  echo "dist/punchcard-$$os-$$arch$$ext"; \
	  CGO_ENABLED=0 GOOS=$$os GOARCH=$$arch $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o dist/punchcard-$$os-$$arch$$ext .; done
	cd dist && { command -v sha256sum >/dev/null && sha256sum punchcard-* || shasum -a 256 punchcard-*; } > checksums.txt

clean: ## Remove what was built
	rm -rf punchcard dist
