# SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
# SPDX-License-Identifier: Apache-2.0

SWIFT ?= swift
# Every build checks the import graph, so a stray import never gets as far as a review.
CHECKED := --explicit-target-dependency-import-check error
# Swift's own libraries are part of the programs, and what one target offers another is optimised with it (docs/decisions/0028).
RELEASE := -c release --static-swift-stdlib -Xswiftc -cross-module-optimization
SOURCES := Package.swift Sources Tests bench
SCRIPTS := scripts/*.sh packaging/compose/*.sh .ci/run
DEV_FLAGS ?=
CHAOS_FLAGS ?=

.DEFAULT_GOAL := help
.PHONY: help setup build run demo test sanitize model chart chaos conformance openapi alerts lint format bench bench-quick bench-accept bench-writes bench-scim bench-sync bench-import bench-outage bench-engine bench-rebuild bench-soak bench-scaling clean

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Install the system packages that are missing (Debian, apt-get)
	@scripts/setup.sh

build: setup ## Release build of scim-bridge and scim-bench
	@echo "Building the release binaries (the first time takes several minutes) ..."
	$(SWIFT) build $(RELEASE) $(CHECKED)

run: build ## Start everything on this machine, play the demo identity provider, stay up
	.build/release/scim-bridge dev --demo $(DEV_FLAGS)

demo: build ## The same, but end with 0 when everything is synced
	.build/release/scim-bridge dev --demo --exit-when-drained $(DEV_FLAGS)

test: setup ## All tests, on a PostgreSQL and a Redis of their own
	@scripts/test.sh

sanitize: setup ## Thread sanitizer over the Postgres, Redis and Queue tests
	@scripts/sanitize.sh

model: ## The protocol of leases and rebuilds in Promela, checked by spin (MODEL=deep for larger bounds)
	@scripts/model.sh

chart: setup ## The chart rendered for all value sets, and its tests (checkers from PyPI)
	@scripts/chart.sh

chaos: setup ## Kill everything 1,000 times within an hour (CHAOS_FLAGS="--seed 7 --kills 40" for less)
	@scripts/chaos.sh $(CHAOS_FLAGS)

conformance: build ## scim2-tester, a public compliance checker (from PyPI), against `dev`
	@scripts/conformance.sh

alerts: ## Alert rules and dashboard: promtool, a test for each, and a real Prometheus that scrapes `dev` if it is built
	@scripts/alerts.sh

openapi: build ## schemathesis (from PyPI) with what /openapi.json says, against `dev`
	@scripts/schemathesis.sh

lint: ## swift format, strict, and the shell scripts
	$(SWIFT) format lint --strict --parallel --recursive $(SOURCES)
	@if command -v shellcheck >/dev/null; then shellcheck $(SCRIPTS); else for script in $(SCRIPTS); do bash -n "$$script" || exit 1; done; fi

format: ## Rewrite the sources with swift format
	$(SWIFT) format --in-place --parallel --recursive $(SOURCES)

bench: build ## Everything that is measured, beside its limits, in one report: about 30 minutes
	@scripts/bench-all.sh

bench-quick: build ## Accept, changes, reads and jobs to UDM in less than 5 minutes
	@scripts/bench-quick.sh

bench-accept: build ## Accept rate of the API with pgbench beside it, in one run
	@scripts/bench.sh

bench-writes: build ## Changes, reads with creates, bulk requests, the requests of Entra ID, an even pace
	@scripts/bench-writes.sh

bench-scim: build ## Lists, groups and reads of a million users (BENCH_USERS) beside their limits
	@scripts/bench-scim.sh

bench-sync: build ## Jobs a second that a worker brings to UDM, beside a client that does nothing else
	@scripts/bench-sync.sh

bench-import: build ## 100,000 creates while UDM takes 100 ms for each, beside the time that UDM alone takes: 6 minutes
	@BENCH_SYNC=100:32:100000 BENCH_SYNC_REPEATS=1 scripts/bench-sync.sh

bench-engine: build ## Start until ready, recovery of a killed worker, joins of a group, commit to UDM call, events, the queue in Redis
	@scripts/bench-engine.sh

bench-rebuild: build ## A million resources with open jobs (BENCH_RESOURCES) and an empty Redis
	@scripts/bench-rebuild.sh

bench-soak: build ## What grows while reads and writes go on (BENCH_SECONDS)
	@scripts/bench-soak.sh

bench-scaling: build ## Several processes and queues, and the size of the database, for docs/scaling.md
	@scripts/bench-scaling.sh --document docs/scaling.md

bench-outage: build ## What clients notice while UDM or Redis is away, and how long the backlog takes
	@scripts/bench-outage.sh

clean: ## Stop what `make run` may have left running, remove its data and the build products
	@scripts/clean.sh
