# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Martlet authors

PREFIX ?= /usr/local
SOURCES = Package.swift Sources Tests Examples
BUILD = swift build --explicit-target-dependency-import-check error

.DEFAULT_GOAL := help
.PHONY: help bootstrap build demo test corpus lint format chaos fuzz bench docs install uninstall clean

help: ## Shows this
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  make demo INPUT=film.mkv OUTPUT=film.mp4 transcodes a film of yours."

bootstrap: ## Installs what is missing to build (apt)
	@scripts/bootstrap

build: ## Builds the program for use
	$(BUILD) -c release --static-swift-stdlib --product martlet

demo: bootstrap build ## Transcodes a film and shows the proof
	@INPUT="$(INPUT)" OUTPUT="$(OUTPUT)" scripts/demo

test: ## Installs what tests need, checks the style, builds without warnings, runs all tests
	@scripts/bootstrap --tests
	@$(MAKE) --no-print-directory lint
	@scripts/test

lint: ## Checks the style of the code
	swift format lint --strict --parallel --recursive $(SOURCES)

format: ## Brings the code into style
	swift format --in-place --parallel --recursive $(SOURCES)

corpus: ## As test, but the whole program only, in the long forms: every film, 20 kills, 10 minutes
	@scripts/bootstrap --tests
	@MARTLET_LONG=1 scripts/test --filter 'StreamCorpusTests|MartletTests\.(Corpus|SameBytes|PictureOption|NetworkFailure|MachineFailure|Browser|PlayerProgram)Tests'

chaos: ## Does everything bad to a cluster, to nodes and to claims, at random (SEED=1 MINUTES=10)
	@scripts/bootstrap --tests
	@SEED="$(SEED)" MINUTES="$(MINUTES)" scripts/trial 'MartletTests\.ChaosTests' NodesTests ClaimTrialTests

fuzz: ## Feeds everything that reads with broken input, at random (SEED=1 MINUTES=10)
	@scripts/bootstrap --tests
	@SEED="$(SEED)" MINUTES="$(MINUTES)" scripts/trial 'FuzzTests|SchedulerPropertyTests'

bench: build ## Measures Martlet against plain ffmpeg (BENCH=--quick for a trial, BENCH=--help for more)
	@scripts/bootstrap --bench
	Benchmarks/bench.py $(BENCH)

docs: ## Builds the articles as a site
	@scripts/docs

install: bootstrap build ## Installs the program and completions under PREFIX
	install -D -m 755 .build/release/martlet "$(DESTDIR)$(PREFIX)/bin/martlet"
	install -d "$(DESTDIR)$(PREFIX)/share/bash-completion/completions" \
		"$(DESTDIR)$(PREFIX)/share/zsh/site-functions" "$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d"
	.build/release/martlet completions bash > "$(DESTDIR)$(PREFIX)/share/bash-completion/completions/martlet"
	.build/release/martlet completions zsh > "$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_martlet"
	.build/release/martlet completions fish > "$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/martlet.fish"

uninstall: ## Removes what install put in place
	rm -f "$(DESTDIR)$(PREFIX)/bin/martlet" "$(DESTDIR)$(PREFIX)/share/bash-completion/completions/martlet" \
		"$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_martlet" \
		"$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/martlet.fish"

clean: ## Removes everything that was built
	rm -rf .build
