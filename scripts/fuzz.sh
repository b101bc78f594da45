#!/usr/bin/env bash
# Runs every fuzz target of the given packages for a while: fuzz.sh 10s ./archive/... ./logql/...
set -euo pipefail

time=$1
shift
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# Until Go 1.27 the end of -fuzztime can itself be reported as a failure (https://go.dev/issue/75804):
# a bare "context deadline exceeded" and no failing input. Only that is not a failure.
deadline_only() {
	grep -q '^    context deadline exceeded$' "$log" && ! grep -Eq 'Failing input written|panic:|hung or terminated|_test\.go:[0-9]+:' "$log"
}

grep -rl --include='*_test.go' '^func Fuzz' $(printf '%s\n' "$@" | sed 's|/\.\.\.$||') | sort | while read -r file; do
	for target in $(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' "$file"); do
		echo "fuzz: $(dirname "$file") $target"
		if ! go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" -fuzzminimizetime 100x "./$(dirname "$file")" </dev/null 2>&1 | tee "$log"; then
			deadline_only || exit 1
			echo "fuzz: $target ran its whole time and found nothing"
		fi
	done
done
