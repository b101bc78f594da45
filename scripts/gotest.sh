#!/usr/bin/env bash
# go test with a second chance: gotest.sh -race -timeout 10m -- ./archive/... ./logql/...
# A line for each package with its time, the output of what failed; then each failed test runs again, alone, at most
# twice. One that passes then is flaky: it is named at the end, and in the file LOGBOOM_FLAKY, and the run succeeds.
# Only failed tests have a second chance. More than six of them, a data race, a panic, a time out, what does not
# compile, a leaked goroutine, and a package that ended without the end of every test of it, fail at once.
set -euo pipefail

flags=()
while [ "$#" -gt 0 ] && [ "$1" != -- ]; do flags+=("$1") && shift; done
[ "$#" -gt 1 ] || { echo 'usage: gotest.sh [FLAG OF go test]... -- PACKAGE...' >&2 && exit 2; }
packages="${*:2}"

root=$(cd "$(dirname "$0")/.." && pwd)
gotestsum=$(cd "$root" && GOOS='' GOARCH='' CGO_ENABLED=0 go tool -modfile=internal/tools/go.mod -n gotestsum)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

"$gotestsum" --format pkgname-and-test-fails --format-icons text --format-hide-empty-pkg --hide-summary=skipped \
	--rerun-fails=2 --rerun-fails-max-failures=6 --rerun-fails-run-root-test --rerun-fails-abort-on-data-race \
	--rerun-fails-report="$scratch/report" --jsonfile="$scratch/events" --packages="$packages" -- "${flags[@]}"

# All passed, some perhaps in the second run. What no test was to blame for in the first does not count as repeated:
# gotestsum would run such a package again without its tests.
[ -e "$scratch/report" ] || exit 0
awk '
	{
		head = $0; sub(/,"Output":".*/, "", head)
		if (match(head, /"Action":"[a-z-]*"/)) action = substr(head, RSTART + 10, RLENGTH - 11); else next
		pkg = match(head, /"Package":"[^"]*"/) ? substr(head, RSTART + 11, RLENGTH - 12) : ""
		test = match(head, /"Test":".*/) ? substr(head, RSTART + 8) : ""
		sub(/",?("Elapsed":[0-9.e+-]*)?}?$/, "", test)
	}
	action == "output" && /found unexpected goroutines/ && test != "" { leaks[test " in " pkg] = 1 }
	action == "run" { open[pkg, test] = 1 }
	action ~ /^(pass|fail|skip)$/ && test != "" { delete open[pkg, test]; if (action == "fail") failed[pkg]++ }
	action == "fail" && test == "" {
		if (!failed[pkg]) { print "failed: " pkg ": no test of it failed, it did itself: a leaked goroutine, or TestMain"; bad = 1 }
		for (k in open) {
			split(k, at, SUBSEP)
			if (at[1] == pkg) { print "failed: " pkg ": ended in " at[2] ", before its other tests"; bad = 1; delete open[k] }
		}
		failed[pkg] = 0
	}
	END { for (t in leaks) { print "failed: a goroutine leaked from " t; bad = 1 } exit bad }' "$scratch/events" >"$scratch/verdict" || {
	cat "$scratch/verdict"
	# The output of packages, which the summary leaves out after a second run.
	grep -v '"Test":' "$scratch/events" | sed -n 's/.*"Action":"output".*"Output":"\(.*\)"}$/  \1/p' | grep -Ev '^  (PASS|FAIL|ok|exit status)' || true
	exit 1
}
sed 's/^\(.*\): \([0-9]*\) runs, \([0-9]*\) failures$/flaky: \1 failed \3 of \2 runs/' "$scratch/report" | tee -a "${LOGBOOM_FLAKY:-/dev/null}"
