#!/usr/bin/env bash
# Installs what the tests need beside Go, each at a pinned version, each only when it is missing. What cannot be
# installed here (no root, no Debian, no npm) is named; the tests that need it then skip and say so.
# With arguments only what they name: chromium, ruby, duckdb, azurite, playwright.
set -euo pipefail
cd "$(dirname "$0")/.."
wanted() { [ "$#" = 1 ] || [[ " ${*:2} " = *" $1 "* ]]; }

if wanted chromium "$@" && ! command -v chromium >/dev/null; then
	if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
		echo "test-deps: installing chromium"
		apt-get -o Acquire::Retries=5 update -qq && DEBIAN_FRONTEND=noninteractive apt-get -o Acquire::Retries=5 install -y -qq --no-install-recommends chromium >/dev/null
	else
		echo "test-deps: no chromium: the browser test will skip"
	fi
fi

if wanted playwright "$@" && [ -f test/browser/package-lock.json ] && ! cmp -s test/browser/package-lock.json test/browser/node_modules/.lock-of-install; then
	if command -v npm >/dev/null; then
		echo "test-deps: installing Playwright and axe for Node"
		(cd test/browser && npm ci --fetch-retries 5 --silent --no-audit --no-fund && cp package-lock.json node_modules/.lock-of-install)
	else
		echo "test-deps: no npm: the browser tests will skip"
	fi
fi

if wanted ruby "$@" && ! command -v ruby >/dev/null; then
	if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
		echo "test-deps: installing ruby"
		timeout 300 apt-get -o Acquire::Retries=5 update -qq && DEBIAN_FRONTEND=noninteractive timeout 300 apt-get -o Acquire::Retries=5 install -y -qq --no-install-recommends ruby >/dev/null
	else
		echo "test-deps: no ruby: the comparison of grok with Ruby will skip"
	fi
fi

if wanted duckdb "$@" && [ -f test/duckdb/package-lock.json ] && [ ! -d test/duckdb/node_modules ]; then
	if command -v npm >/dev/null; then
		echo "test-deps: installing DuckDB for Node"
		# Not `npm ci`: the lock file holds the platforms that could be resolved, and ci insists on all of them.
		(cd test/duckdb && npm install --fetch-retries 5 --no-save --silent --no-audit --no-fund)
	else
		echo "test-deps: no npm: the DuckDB test will skip"
	fi
fi

if wanted azurite "$@" && [ ! -d test/azurite/node_modules ]; then
	if command -v npm >/dev/null; then
		echo "test-deps: installing Azurite, an emulator of Azure Blob Storage"
		(cd test/azurite && npm ci --fetch-retries 5 --silent --no-audit --no-fund)
	else
		echo "test-deps: no npm: the Azure test will skip"
	fi
fi
