# The two commands of the README. Each installs what is missing, builds, and runs.
MODEL ?=
.PHONY: demo test packages

packages:
	@bash .ci/packages

demo: packages
	@bash apps/demo.sh $(MODEL)

test: packages
	cmake --workflow --preset dev
	@echo 'golden cases:' && build/dev/tests/fixtures/fixtures_test | tail -n 1
