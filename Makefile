# Every habit of the project, one target each. `make help` lists them.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# Targets are relative: a path with a blank in it must not become two.
BIN     := bin
VERSION := $(shell sed -n 's/^  version: //p' builder-config.yaml)
TOOL    := go tool -modfile="$(CURDIR)/internal/tools/go.mod"
# go test FLAGS -- PACKAGES, where a test that failed runs again; one that passes then is reported as flaky.
GOTEST  := "$(CURDIR)/scripts/gotest.sh"
PKGS    := ./archive/... ./cmd/logboomctl/... ./examples/... ./exporter/... ./extension/... ./internal/... ./logql/... ./processor/... ./receiver/...
LDFLAGS := -s -w

# One set of build flags for everything, so that nothing is compiled twice. The race detector needs cgo.
export CGO_ENABLED := 0
export GOFLAGS     := $(strip $(filter-out -trimpath,$(shell go env GOFLAGS)) -trimpath)

# Flags for the tests of the root module; CI sets -race.
RACE    ?=
# How long `make fuzz` and `make bench` spend on each target.
FUZZTIME  ?= 10s
BENCHTIME ?= 1s

# Test material that is not part of the project; tests that need it skip with a word when it is absent.
ifneq ($(wildcard ../shared/corpora/README.md),)
export LOGBOOM_CORPORA ?= $(CURDIR)/../shared/corpora
endif
export LOGBOOM_BIN ?= $(CURDIR)/$(BIN)/logboom
export LOGBOOM_CTL ?= $(CURDIR)/$(BIN)/logboomctl
# Grafana's logcli: `make e2e` builds it if it can; its test skips without it.
export LOGBOOM_LOGCLI ?= $(CURDIR)/$(BIN)/logcli
# The servers that the buckets are tested against: S3 and GCS pinned in test/tools, Azure in test/azurite.
export LOGBOOM_VERSITYGW       ?= $(CURDIR)/$(BIN)/versitygw
export LOGBOOM_FAKE_GCS_SERVER ?= $(CURDIR)/$(BIN)/fake-gcs-server
export LOGBOOM_AZURITE         ?= $(CURDIR)/test/azurite/node_modules/.bin/azurite-blob

.PHONY: help
help: ## List the targets
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## /{printf "  \033[1m%-14s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

##-- build ------------------------------------------------------------------------------------------

.PHONY: build
build: $(BIN)/logboom $(BIN)/logboomctl ## Build bin/logboom and bin/logboomctl (the first time takes minutes)

# The go command knows best what is stale: these targets always run and are quick when nothing changed.
.PHONY: $(BIN)/logboom $(BIN)/logboomctl $(BIN)/logboom-demo
$(BIN)/logboom:
	@cd cmd/logboom && ../../scripts/go-build.sh -ldflags "$(LDFLAGS)" -o ../../$@ .
$(BIN)/logboomctl:
	@scripts/go-build.sh -ldflags "$(LDFLAGS) -X main.version=$(VERSION)" -o $@ ./cmd/logboomctl
$(BIN)/logboom-demo:
	@scripts/go-build.sh -ldflags "$(LDFLAGS)" -o $@ ./examples/quickstart/producer

.PHONY: run
run: $(BIN)/logboom $(BIN)/logboom-demo ## Build, then run the quickstart: live demo logs, search on http://localhost:3100
	@examples/quickstart/run.sh

.PHONY: cross
cross: ## Compile both binaries for linux/arm64, darwin/arm64 and windows/amd64 (into bin/cross)
	@for t in linux/arm64 darwin/arm64 windows/amd64; do \
		echo "cross: $$t"; out=$(BIN)/cross/$${t/\//-}; mkdir -p $$out; export GOOS=$${t%/*} GOARCH=$${t#*/}; \
		(cd cmd/logboom && ../../scripts/go-build.sh -ldflags "$(LDFLAGS)" -o ../../$$out/ .); \
		scripts/go-build.sh -ldflags "$(LDFLAGS)" -o $$out/ ./cmd/logboomctl; done

.PHONY: cross-check
cross-check: ## Compile the project's own packages for the other platforms (quick form of cross)
	@for t in linux/arm64 darwin/arm64 windows/amd64; do \
		echo "cross-check: $$t"; GOOS=$${t%/*} GOARCH=$${t#*/} go build $(PKGS); done

.PHONY: ui
ui: ## Build the page of archive_query into web/dist, which is committed (needs Node 20.19 and npm; nothing else does)
	@scripts/ui.sh build

##-- test -------------------------------------------------------------------------------------------

.PHONY: test
test: test-unit test-docs test-examples e2e ## All tests: units, documentation, examples, end to end on the built binary

.PHONY: $(BIN)/versitygw $(BIN)/fake-gcs-server azurite ruby
$(BIN)/versitygw:
	@cd test/tools && ../../scripts/go-build.sh -o ../../$@ github.com/versity/versitygw/cmd/versitygw
$(BIN)/fake-gcs-server:
	@cd test/tools && ../../scripts/go-build.sh -o ../../$@ github.com/fsouza/fake-gcs-server
azurite ruby:
	@scripts/test-deps.sh $@

# The long comparisons of internal/grok and simulations of internal/spike are left out under the race detector.
.PHONY: test-unit
test-unit: $(BIN)/versitygw $(BIN)/fake-gcs-server azurite ruby ## Tests of the root module (RACE=-race for the race detector)
	$(if $(RACE),CGO_ENABLED=1) $(GOTEST) $(RACE) -timeout 30m -- $(PKGS)
	$(if $(RACE),$(GOTEST) -timeout 30m -- ./internal/grok ./internal/spike)

.PHONY: test-race
test-race: ## Tests of the root module with the race detector
	$(MAKE) test-unit RACE=-race

.PHONY: test-docs
test-docs: build ## Every YAML block and settings table of the documentation against the built binary
	cd test && $(GOTEST) -count=1 -timeout 30m -- ./docs/...

.PHONY: test-examples examples
test-examples: build test-deps ## Run every example
	cd test && $(GOTEST) -count=1 -timeout 30m -- ./examples/...
examples: test-examples

.PHONY: e2e
e2e: build $(BIN)/versitygw test-deps logcli ## End-to-end, crash (short), interoperability, browser tests, and the benchmark in small, on the built binary
	cd test && $(GOTEST) -count=1 -timeout 45m -- ./e2e/... ./browser/... ./interop/...
	cd test && $(GOTEST) -count=1 -timeout 45m -- ./harness/... ./crash/... ./internal/... ./bench/... ./redact/... ./soak/...

# Rounds of `make crash`: on S3 and in a directory each, and on the simulated disk. LOGBOOM_CRASH_SEED repeats the choices of a run.
CRASH_ROUNDS      ?= 240
POWER_LOSS_ROUNDS ?= 2000

.PHONY: crash
crash: build $(BIN)/versitygw test-deps ## The long crash tests: power cuts in process, then the built binary under every fault (a quarter of an hour)
	LOGBOOM_CRASH_ROUNDS=$(POWER_LOSS_ROUNDS) go test -count=1 -v -timeout 60m -run PowerLoss ./exporter/objectstorageexporter
	cd test && LOGBOOM_CRASH_ROUNDS=$(CRASH_ROUNDS) go test -count=1 -v -timeout 60m -run '^TestCrash' ./crash

.PHONY: test-deps
test-deps: ## Install what the tests need beside Go: Chromium, Ruby, and for Node Playwright, DuckDB and Azurite
	@scripts/test-deps.sh

.PHONY: bench
bench: ## Run every benchmark (BENCHTIME=1x to see only that they work)
	go test -run '^$$' -bench . -benchtime $(BENCHTIME) $(PKGS)

# Records, repetitions and candidates of bench-archive; `make bench-archive ARCHIVE_BENCH='-records 2000000 -batches 512,8192'` sets any flag.
ARCHIVE_BENCH ?= -records 500000 -repetitions 3

.PHONY: bench-archive
bench-archive: build $(BIN)/versitygw ## object_storage beside contrib's awss3: processor time, memory, bytes, requests (ARCHIVE_BENCH=flags)
	@cd test && go test -count=1 -v -timeout 60m -run '^Test(Archive|Encoder)$$' ./bench/archive $(ARCHIVE_BENCH) | grep -Ev '^ *(===|---) '
	@echo; echo 'The exporter alone, on the same input:'
	LOGBOOM_BENCH_RECORDS=$(or $(LOGBOOM_BENCH_RECORDS),500000) go test -run '^$$' -bench BenchmarkExporter -benchtime 3x ./exporter/objectstorageexporter

$(BIN)/victoria-logs:
	@cd test/victorialogs && CGO_ENABLED=$(shell command -v $${CC:-cc} >/dev/null && echo 1 || echo 0) ../../scripts/go-build.sh -o ../../$@ github.com/VictoriaMetrics/VictoriaLogs/app/victoria-logs

# Records and repetitions of bench-search; the second run shows what ten times as many change. SEARCH_BENCH sets any flag of one run alone.
SEARCH_BENCH ?=

.PHONY: bench-search $(BIN)/victoria-logs
bench-search: build $(BIN)/versitygw $(BIN)/victoria-logs ## Search in the archive beside DuckDB on the same objects and VictoriaLogs on the same records, on 2 and 20 million records (SEARCH_BENCH=flags)
	@scripts/test-deps.sh duckdb
	@cd test && for flags in $(if $(SEARCH_BENCH),'$(SEARCH_BENCH)','-records 2000000' '-records 20000000 -repetitions 5'); do \
		LOGBOOM_VICTORIALOGS=$(CURDIR)/$(BIN)/victoria-logs go test -count=1 -v -timeout 120m -run '^Test(Search|Cold|Index)$$' ./bench/search $$flags | grep -Ev '^ *(===|---) '; done

# Records and repetitions of bench-query; QUERY_BENCH sets any flag.
QUERY_BENCH ?= $(if $(filter short,$(BENCH)),-records 0,-records 2000000)

.PHONY: bench-query
bench-query: build ## LogQL through the Loki API beside DuckDB on the same objects, and 32 who ask at a time beside ingest (BENCH=short, QUERY_BENCH=flags)
	@scripts/test-deps.sh duckdb
	@cd test && go test -count=1 -v -timeout 60m -run '^Test(Query|Load)$$' ./bench/query $(QUERY_BENCH) | grep -Ev '^ *(===|---) '

# What bench-grok measures: each engine this long, this often; BENCH=short is the form for a first look.
GROK_BENCH ?= $(if $(filter short,$(BENCH)),-time 20ms -repetitions 1,-time 100ms -repetitions 7)

.PHONY: bench-grok
bench-grok: ## The grok engine beside Go's regexp and go-grok, the processor beside contrib's transform, on one core (BENCH=short, GROK_BENCH=flags)
	@cd test && go test -count=1 -v -timeout 10m -run '^Test(Grok|Hostile|Processor)$$' ./bench/grok $(GROK_BENCH) | grep -Ev '^ *(===|---) '

# What bench-redact measures: each candidate at least this long, this often; BENCH=short is the form for a first look.
REDACT_BENCH ?= $(if $(filter short,$(BENCH)),-time 20ms -repetitions 1,-time 100ms -repetitions 7)

.PHONY: bench-redact
bench-redact: ## The redact engine beside gitleaks' and regular expressions, the processor beside contrib's redaction, on one core (BENCH=short, REDACT_BENCH=flags)
	@cd test && go test -count=1 -v -timeout 10m -run '^Test(Engines|Hostile|Processors)$$' ./bench/redact $(REDACT_BENCH) | grep -Ev '^ *(===|---) '

# What bench-sampling measures: so many requests in flight, this often; BENCH=short is the form for a first look.
SAMPLING_BENCH ?= $(if $(filter short,$(BENCH)),-requests 20000 -repetitions 1 -wait 3s,-requests 100000 -repetitions 5)

.PHONY: bench-sampling
bench-sampling: ## The request_sampling processor on log records, on spans beside contrib's tail_sampling; its memory and delay; on one core (BENCH=short, SAMPLING_BENCH=flags)
	@cd test && go test -count=1 -v -timeout 20m -run '^Test(Logs|Spans|Memory|Latency)$$' ./bench/sampling $(SAMPLING_BENCH) | grep -Ev '^ *(===|---) '

# Seeds and records of bench-culprit: each seed has an incident of every kind; BENCH=short is one of each in small.
CULPRIT_BENCH ?= $(if $(filter short,$(BENCH)),,-seeds 12 -records 2000000)

.PHONY: bench-culprit
bench-culprit: build ## Incidents planted in the generator's stream: how often the true service is the first answer, and how long that takes (BENCH=short, CULPRIT_BENCH=flags)
	@cd test && go test -count=1 -v -timeout 60m ./bench/culprit $(CULPRIT_BENCH) | grep -Ev '^ *(===|---) '

# Records and repetitions of bench-page; PAGE_BENCH sets any flag.
PAGE_BENCH ?= $(if $(filter short,$(BENCH)),-records 0,-records 2000000)

.PHONY: bench-page
bench-page: build ## The page in Chromium on 2 million records: from Enter to the first lines, the longest task, bytes, each view (BENCH=short, PAGE_BENCH=flags)
	@scripts/test-deps.sh chromium playwright
	@cd test && go test -count=1 -v -timeout 60m -run '^TestPage$$' ./bench/page $(PAGE_BENCH) | grep -Ev '^ *(===|---) '

# What bench-guard measures: each candidate at least this long, this often; BENCH=short is the form for a first look.
GUARD_BENCH ?= $(if $(filter short,$(BENCH)),-time 20ms -repetitions 1,-time 200ms -repetitions 7)

.PHONY: bench-guard
bench-guard: ## The spike_guard processor within and over budgets, its memory for a million sources, internal/templates' speed and accuracy, on one core (BENCH=short, GUARD_BENCH=flags)
	@cd test && go test -count=1 -v -timeout 20m -run '^Test(Engine|Processor|Keys|Templates)$$' ./bench/spike $(GUARD_BENCH) | grep -Ev '^ *(===|---) '

# How long the destination is offered ten times what it takes.
SOAK ?= 30m

.PHONY: soak
soak: build ## The built binary with spike_guard under 200,000 records a second, ten times what its destination takes (SOAK=30m)
	cd test && LOGBOOM_SOAK=$(SOAK) go test -count=1 -v -timeout 0 -run '^TestSoak$$' ./soak

.PHONY: fuzz
fuzz: ## Run every fuzz target for FUZZTIME
	@scripts/fuzz.sh $(FUZZTIME) $(PKGS)

# Loki and logcli are built outside of the project's modules, and run as programs of their own only.
.PHONY: $(BIN)/loki $(BIN)/logcli
$(BIN)/loki $(BIN)/logcli:
	@scripts/build-loki.sh $(BIN) $(notdir $@)

# For make e2e: a client that cannot be built is no fault of ours, so its test is left out, with a word.
.PHONY: logcli
logcli:
	@[ -x $(BIN)/logcli ] || scripts/build-loki.sh $(BIN) logcli || echo 'logcli cannot be built here: its test is left out' >&2

.PHONY: compare-loki
compare-loki: build $(BIN)/loki ## Thousands of queries to a real Loki, to the engine and to the built binary: the same answers (not part of make test)
	cd test && LOGBOOM_LOKI=$(CURDIR)/$(BIN)/loki go test -count=1 -v -timeout 120m ./compare/loki

##-- care -------------------------------------------------------------------------------------------

.PHONY: generate
generate: ## Write generated files anew: cmd/logboom (ocb) and every component's metadata (mdatagen)
	$(TOOL) builder --config builder-config.yaml --skip-compilation
	go generate $(PKGS)

.PHONY: generate-check
generate-check: generate ## Fail when a generated file is not up to date
	@git diff --exit-code --stat -- . || { echo 'generated files are stale: run `make generate` and commit'; exit 1; }
	@new=$$(git ls-files --others --exclude-standard -- '*generated*' cmd/logboom); [ -z "$$new" ] || { echo "generated but not committed: $$new"; exit 1; }

.PHONY: ui-check
ui-check: ## Types and tests of the page, and whether web/dist is what its sources make (without Node: skips with a word)
	@scripts/ui.sh check

.PHONY: lint
lint: ## golangci-lint with the project's rules, in both modules
	$(TOOL) golangci-lint run --allow-parallel-runners $(PKGS)
	cd test && $(TOOL) golangci-lint run --allow-parallel-runners --config ../.golangci.yml ./...

.PHONY: fmt
fmt: ## Format all Go code
	$(TOOL) golangci-lint fmt $(PKGS)
	cd test && $(TOOL) golangci-lint fmt --config ../.golangci.yml ./...

.PHONY: tidy
tidy: ## go mod tidy in every module
	go mod tidy
	cd test && go mod tidy

.PHONY: docs
docs: test-docs ## Check the documentation

.PHONY: ci
ci: ## What .ci/run runs: everything, once
	@scripts/ci.sh

.PHONY: clean
clean: ## Remove what was built and the quickstart's data
	rm -rf bin data
