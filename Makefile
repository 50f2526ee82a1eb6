.PHONY: help demo test bench bench-peers lint format build man soak chaos bootstrap

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' Makefile

demo: bootstrap ## real work through a private Redis, checked with wc and sha256sum
	@scripts/demo

test: bootstrap ## every test, against real servers; one group: scripts/test model
	@scripts/test

bench: bootstrap ## how fast it is on this machine
	@scripts/bench

bench-peers: bootstrap ## other job queues beside this one, measured alike
	@scripts/bench-peers

lint: bootstrap ## check the style of Swift, shell and Lua
	@scripts/lint

format: bootstrap ## rewrite the Swift files in the house style
	@scripts/lint --fix

build: bootstrap ## an optimized build of everything
	swift build -c release

man: bootstrap ## manual pages in .build/man/man1
	swift build --product queue-worker
	@scripts/man --program .build/debug/queue-worker

soak: bootstrap ## hours of load: nothing may leak
	@scripts/soak

chaos: bootstrap ## faults under load: nothing may get lost
	@scripts/chaos

bootstrap: # installs what is missing, silent when nothing is
	@scripts/bootstrap
