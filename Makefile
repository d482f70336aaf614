# make help lists the targets. Go is all that build and demo need.

GO          ?= go
PYTHON      ?= /usr/bin/python3
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
# Every check but the form of doc comments: here they begin with what the name does not say.
CHECKS      := all,-ST1020,-ST1021,-ST1022
NFPM        := github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.43.0
PREFIX      ?= /usr/local
FUZZTIME    ?= 1m
GRAPHS      ?= 200000
LOADS       ?= 20000
READBACK    ?= 30000
DOCUMENTS   ?= 20000
SETTINGS    ?= 3000
ROUNDS      ?= 20
LIES        ?= 3000
STEPS       ?= 600
KEYS        ?= 50000
BENCH       ?= 2
KILLS       ?= 50
SHARDS      ?= 16
BIN         := bin

.DEFAULT_GOAL := build
.PHONY: build install release test test-all test-short demo playground bench bench-codec differential soak look look-release release-check fuzz lint fmt demo-data clean help

## build: bin/cachering, static
build:
	@mkdir -p $(BIN)
	CGO_ENABLED=0 $(GO) build -trimpath -o $(BIN)/cachering .

## install: the program, its manual and the completion of shells below PREFIX (/usr/local), or that in DESTDIR
install: build
	CGO_ENABLED=0 $(GO) run -trimpath ./scripts/release -cachering $(BIN)/cachering -install "$(DESTDIR)$(PREFIX)"

## release: archives for Linux, macOS and Windows, packages for Debian, and their checksums, in bin/release: the same bytes for each who makes them of a commit with the same Go
release:
	GOBIN=$(CURDIR)/$(BIN) $(GO) install -trimpath $(NFPM) || { echo "$(NFPM) could not be fetched: is the Go module proxy in reach?"; exit 1; }
	CGO_ENABLED=0 $(GO) run -trimpath ./scripts/release -nfpm $(BIN)/nfpm -out $(BIN)/release

## test: every test, with the race detector where goroutines share anything, against real Redis servers, Python and Django; installs what is missing if it may
test:
	@scripts/install-test-deps || echo "continuing without them: see the end of the report"
	$(GO) run ./scripts/runtests $(if $(REQUIRE),-require $(REQUIRE))

## test-all: make test, and the optional groups of tests too, on other servers for one; a group that cannot run is a failure
test-all:
	@scripts/install-test-deps || echo "continuing without them: see the end of the report"
	@scripts/other-servers $(BIN)/servers || echo "continuing without other servers: see the end of the report"
	CACHERING_SERVERS=$(CURDIR)/$(BIN)/servers $(GO) run ./scripts/runtests -require all -optional

## test-short: the tests that finish in seconds, without the race detector
test-short:
	$(GO) test -short ./...

## demo: four shards, 22,000 entries that Django wrote at protocol 0, rewritten at protocol 5
demo: build
	$(GO) build -o $(BIN)/demo ./scripts/demo
	@$(BIN)/demo -cachering $(BIN)/cachering -entries testdata/demo/entries.jsonl.gz

## playground: the four shards of the demo, full, until Enter or Ctrl-C, and what to type
playground: build
	$(GO) build -o $(BIN)/demo ./scripts/demo
	@$(BIN)/demo -keep -cachering $(BIN)/cachering -entries testdata/demo/entries.jsonl.gz

## bench: reinsert, del-pattern, audit, preflight and compare on 4 shards of KEYS (50000) entries (compare: on one each side), BENCH (2) times: seconds, CPU a key of client and servers, and how many times what the servers alone must do, sent by a client that does nothing else
bench:
	CACHERING_BENCH_KEYS=$(KEYS) $(GO) test -run '^$$' -bench . -benchtime $(BENCH)x -timeout 30m -p 1 ./commands/internal/engine ./commands/internal/boundtest

## bench-codec: transcoding and compressing beside CPython's own, size and speed, and beside other Go libraries; one thread, CPU time
bench-codec:
	$(PYTHON) scripts/bench-codec --rivals

# What looks for the new takes a seed that no run had, and says it.
differential soak: export CACHERING_SEED := $(or $(CACHERING_SEED),$(shell od -An -N4 -tu4 /dev/urandom | tr -d ' '))

## differential: with a fresh seed, GRAPHS (200000) random pickles between all protocols, byte by byte as CPython's; LOADS (20000) that no pickler writes; READBACK (30000) values written to every serializer, read by its library; DOCUMENTS (20000) of YAML; SETTINGS (3000) modules beside what import makes of them; every row of the tables of vectors
differential:
	@echo "CACHERING_SEED=$(CACHERING_SEED) make $@ repeats this run"
	PICKLE_GRAPHS=$(GRAPHS) $(GO) test -run Differential -count=1 -v -timeout 60m ./codec/pickle
	PICKLE_LOADS=$(LOADS) $(GO) test -run '^TestLoads$$' -count=1 -v -timeout 60m ./codec/pickle
	READBACK=$(READBACK) $(GO) test -run ReadBack -count=1 -v -timeout 60m ./codec
	YAML_COUNT=$(DOCUMENTS) $(GO) test -run PyYAML -count=1 -v -timeout 60m ./codec/yaml
	CACHERING_SETTINGS=$(SETTINGS) $(GO) test -run Differential -count=1 -v -timeout 60m ./commands/internal/importer
	CACHERING_WHOLE=1 $(GO) test -count=1 -timeout 60m ./ring ./codec/...
	CACHERING_WHOLE=1 $(GO) test -run 'StoredVectors|EntriesStayEqual|SideBySide|TestCompare$$' -count=1 -v -timeout 60m ./commands ./scripts/demo ./commands/internal/sidetest ./commands/internal/movetest

## soak: for an hour at most, with a fresh seed, and every combination that a test samples else: ROUNDS (20) of runs that are cut short, cut off, refused or restarted under live writers, LIES (3000) of servers, STEPS (600) of each cache beside Python, KILLS (50) of each run that keeps a checkpoint or a backup, and of backup and restore, every password, the memory of runs over SHARDS (16) and of an audit and a comparison of 1,000,000 entries, a queue of 1024
soak:
	@echo "CACHERING_SEED=$(CACHERING_SEED) make $@ repeats this run"
	CACHERING_WHOLE=1 CACHERING_ROUNDS=$(ROUNDS) CACHERING_LIES=$(LIES) CACHERING_STEPS=$(STEPS) CACHERING_KILLS=$(KILLS) CACHERING_EVERY_PASSWORD=1 CACHERING_SHARDS=$(SHARDS) CACHERING_QUEUE=64 CACHERING_AUDIT_KEYS=1000000 CACHERING_COMPARE_KEYS=1000000 \
		$(GO) test -count=1 -timeout 60m -p 1 ./commands/internal/engine ./commands/internal/cluster ./commands/internal/sidetest ./commands/internal/faulttest ./commands/internal/boundtest ./commands

## look: what people do with what they see: proposed commands pasted into each shell that is installed (bash, dash, zsh, ksh, mksh, busybox), the tabulator in bash, zsh and fish, and the README's script for cron run by each; and the page of an audit in Chromium, where it is installed: narrow and wide, light and dark, with pictures in bin/look
look:
	CACHERING_GROUPS=shells $(GO) test -run InShells -count=1 -v ./commands ./commands/internal/readmetest
	@mkdir -p $(BIN)/look
	CACHERING_GROUPS=browser $(GO) test -run InBrowser -count=1 -v -artifacts -outputdir $(CURDIR)/$(BIN)/look ./commands/internal/filtertest

## look-release: make release twice, in other places, with equal checksums; its package installed in an empty root; make install; the manual through man --warnings
look-release:
	GOBIN=$(CURDIR)/$(BIN) $(GO) install -trimpath $(NFPM)
	CACHERING_GROUPS=release CACHERING_NFPM=$(CURDIR)/$(BIN)/nfpm $(GO) test -run 'Release|Manual|Install' -count=1 -v -timeout 60m ./commands ./scripts/release

## release-check: all that must hold before a release: lint, demo, test-all, differential, soak, look, look-release
release-check: lint demo test-all differential soak look look-release

## lint: gofmt, go vet, staticcheck, and shellcheck where it is installed
lint:
	@files=$$(gofmt -l $$(git ls-files '*.go')); [ -z "$$files" ] || { echo "gofmt would change:"; echo "$$files"; exit 1; }
	$(GO) vet ./...
	@GOBIN=$(CURDIR)/$(BIN) $(GO) install $(STATICCHECK) || { echo "$(STATICCHECK) could not be fetched: is the Go module proxy in reach?"; exit 1; }
	$(BIN)/staticcheck -checks $(CHECKS) ./...
	@if command -v shellcheck >/dev/null; then echo shellcheck scripts; shellcheck scripts/install-test-deps scripts/other-servers .ci/run; \
	else echo "shellcheck is not installed: the shell scripts were not checked"; fi

## fuzz: every fuzz target in turn, each for FUZZTIME (1m)
fuzz:
	@set -e; for package in $$($(GO) list ./...); do \
		for target in $$($(GO) test -run '^$$' -list '^Fuzz' $$package | grep '^Fuzz' || true); do \
			echo "$$package $$target"; \
			$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) $$package; \
		done; \
	done

## fmt: gofmt on every Go file
fmt:
	gofmt -w $$(git ls-files '*.go')

## demo-data: make testdata/demo/entries.jsonl.gz again (needs Django)
demo-data:
	$(PYTHON) scripts/gen_demo.py testdata/demo/entries.jsonl.gz

## clean: remove what the other targets built
clean:
	rm -rf $(BIN)

## help: this list
help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST)
