#!/usr/bin/env bash
# The whole check of a commit, cheapest first, each step timed. `.ci/run` calls it on a clean clone.
set -euo pipefail
cd "$(dirname "$0")/.."

# Here every server of the tests is to be had: one that is missing is an error, not a reason to skip.
export LOGBOOM_REQUIRE_SERVERS=1

# Tests that passed in their second run only: named at the end, where they are seen.
LOGBOOM_FLAKY=$(mktemp)
export LOGBOOM_FLAKY
trap 'rm -f "$LOGBOOM_FLAKY"' EXIT

began=$SECONDS
step() {
	local start=$SECONDS
	echo
	echo "=== $*"
	"$@"
	echo "--- $* took $((SECONDS - start)) s"
}

step make generate-check
step make ui-check
step make build
step make lint
step make cross-check
# The README's test command, with the race detector on our packages.
step make test RACE=-race
step make bench BENCHTIME=1x
step make fuzz FUZZTIME=3s
echo
cat "$LOGBOOM_FLAKY"
echo "ci: all passed in $((SECONDS - began)) s"
