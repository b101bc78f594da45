#!/usr/bin/env bash
# The page of archive_query, from extension/archivequeryextension/ui to …/web/dist, which is committed: to build the binary
# nobody needs Node. It needs Node 20.19 or later with npm.
#   ui.sh build   installs the pinned packages, if need be, and builds
#   ui.sh check   types, tests, and whether web/dist is what the sources make; without Node it skips with a word, unless
#                 LOGBOOM_REQUIRE_SERVERS is set (CI: everything must be there)
set -euo pipefail
cd "$(dirname "$0")/../extension/archivequeryextension/ui"

missing=''
if ! command -v npm >/dev/null || ! command -v node >/dev/null; then
	missing='no Node with npm here'
elif ! node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)'; then
	missing="Node $(node --version) is too old here (20.19 or later is needed)"
fi
if [ -n "$missing" ]; then
	if [ "$1" = check ] && [ -z "${LOGBOOM_REQUIRE_SERVERS:-}" ]; then
		echo "ui-check: $missing: the page's sources are not checked, web/dist stays as it is committed" >&2
		exit 0
	fi
	echo "ui: $missing: the page cannot be built; web/dist stays as it is" >&2
	exit 1
fi

# The packages are those of the lock file, and are installed anew when it has changed.
if ! cmp -s package-lock.json node_modules/.lock-of-install; then
	echo 'ui: installing the packages of package-lock.json'
	npm ci --fetch-retries 5 --silent --no-audit --no-fund
	cp package-lock.json node_modules/.lock-of-install
fi

run() { npm run --silent "$@"; }
case $1 in
build)
	run build
	;;
check)
	run typecheck
	run test
	out=$(mktemp -d)
	trap 'rm -rf "$out"' EXIT
	run build -- --outDir "$out" --emptyOutDir --logLevel warn
	if ! diff -rq "$out" ../web/dist; then
		echo 'web/dist is not what the sources make: run `make ui` and commit' >&2
		exit 1
	fi
	cd ..
	if [ -n "$(git status --porcelain -- web/dist 2>/dev/null)" ]; then
		git status --short -- web/dist >&2
		echo 'web/dist is built but not committed' >&2
		exit 1
	fi
	;;
*)
	echo "ui.sh: build or check, got $1" >&2
	exit 2
	;;
esac
