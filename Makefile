# The two commands of the README. Each installs what is missing, builds, and runs.
MODEL ?=
.PHONY: demo test browser-test packages

packages:
	@bash .ci/packages

demo: packages
	@bash apps/demo.sh $(MODEL)

test: packages
	cmake --workflow --preset dev
	@echo 'golden cases:' && build/dev/tests/fixtures/fixtures_test | tail -n 1

# The HTML page in a real browser, which `make test` skips where there is none.
browser-test: packages
	@bash tests/browser/install
	cmake --preset dev
	cmake --build --preset dev --target browser_sample
	ctest --test-dir build/dev -L browser --output-on-failure
