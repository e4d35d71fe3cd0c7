# Each target says what it is for; make help shows them.
SHELL       := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
export CGO_ENABLED ?= 0

servers   := go run -trimpath ./internal/services/with --
static    := go build -trimpath -ldflags='-s -w'
platforms := linux/amd64 linux/arm64 darwin/arm64

.PHONY: help build test race fuzz golden lint chaos bench cover release demo clean

help: ## show what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build ./bin/leadgate, one static binary
	$(static) -o bin/ ./cmd/leadgate

test: ## run everything a change must pass, as .ci/run does
	@.ci/test

race: ## run the Go tests with the race detector
	$(servers) env CGO_ENABLED=1 go test -race -shuffle=on ./...

fuzz: ## fuzz every target for 20 s (FUZZTIME=5m for longer)
	@grep -rlE --include='*_test.go' '^func Fuzz' . | xargs -r -n1 dirname | sort -u | while read -r dir; do \
		grep -hoE '^func Fuzz[A-Za-z0-9_]+' "$$dir"/*_test.go | cut -c6- | while read -r target; do \
			echo "== $$dir $$target"; go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $${FUZZTIME:-20s} "$$dir"; \
		done; \
	done

golden: ## rewrite expected outputs and generated docs; read the diff before keeping it
	@grep -rlE --include='*_test.go' '"update"|connectortest\.' . | xargs -r -n1 dirname | sort -u | while read -r dir; do go test "$$dir" -update; done

lint: ## gofmt, go vet, and the linters that are installed
	@unformatted=$$(gofmt -l .); [ -z "$$unformatted" ] || { echo "not gofmt'd:"; echo "$$unformatted"; exit 1; }
	go vet -trimpath ./...
	@for tool in 'staticcheck ./...' 'golangci-lint run'; do \
		if command -v $${tool%% *} >/dev/null; then echo "$$tool"; $$tool; else echo "$${tool%% *} is not installed and was not run"; fi; \
	done

chaos: ## ten times the random tests, kills, crowds, a full disk (takes root), and an hour of the fault matrix (SOAK=30m)
	LEADGATE_CHAOS=10 $(servers) go test -count=1 -timeout 30m ./lead/... ./store/... ./pipeline/...
	LEADGATE_CHAOS=1 go test -count=1 -tags chaos -timeout 30m -parallel 1 -run 'TestHerd|TestSlowCrowd|TestDiskFull' -v ./cmd/leadgate
	LEADGATE_CHAOS=1 go test -count=1 -run TestShippedWeights ./bench
	go run -trimpath ./bench chaos -rounds 50
	LEADGATE_CHAOS=1 $(servers) go test -count=1 -timeout 2h -parallel 1 -run 'TestMatrix|TestSameEvent|TestFourChannels|TestCrossed|TestRollingRestart|TestNewerSchema|TestBackup' -v ./bench/faults -seed 0
	$(servers) go test -count=1 -tags chaos -timeout 20m -run TestFlushAndKill -v ./bench/faults -seed 0 -long 5m
	$(servers) go test -count=1 -tags chaos -timeout 20m -run TestPostgresStopped -v ./bench/faults -seed 0 -long 1m
	LEADGATE_CHAOS=1 $(servers) go test -count=1 -tags chaos -timeout 20m -run TestRedisStopped -v ./bench/faults -long 20s
	$(servers) go test -count=1 -tags chaos -timeout 24h -run TestSoak -v ./bench/faults -seed 0 -long $${SOAK:-30m}

bench: ## Go benchmarks, then every bar of speed and accuracy; fails when one is short, after all of them (PEOPLE and LEADS: docs/benchmarks.md)
	LEADGATE_BENCH_LEADS=$${LEADS:-100000} $(servers) go test -run '^$$' -bench . -benchmem ./...
	@short=; for mode in accept e2e raw costs start people nodes pgraw queue "growth -people $${PEOPLE:-10000,100000}"; do \
		echo "== bench $$mode"; go run -trimpath ./bench $$mode || short="$$short $${mode%% *}"; \
	done; \
	[ -z "$$short" ] || { echo "short or failed:$$short"; exit 1; }

cover: ## which lines the tests reach
	$(servers) go test -coverpkg=./... -coverprofile=coverage.out ./... >/dev/null
	@go tool cover -func=coverage.out | tail -n 1
	@echo "go tool cover -html=coverage.out shows the lines"

release: ## static binaries and SHA256SUMS in ./dist
	@rm -rf dist && mkdir dist
	@for platform in $(platforms); do \
		os=$${platform%/*}; arch=$${platform#*/}; echo "== $$platform"; \
		GOOS=$$os GOARCH=$$arch $(static) -o "dist/leadgate-$$os-$$arch" ./cmd/leadgate; \
	done
	@cd dist && sha256sum leadgate-* | tee SHA256SUMS

demo: ## run a gateway with a sample site on http://127.0.0.1:8080
	go run -trimpath ./cmd/leadgate demo

clean: ## remove what was built
	rm -rf bin dist coverage.out
