#!/usr/bin/env bash
# Runs every fuzz target of the given packages for a while: fuzz.sh 10s ./archive/... ./logql/...
set -euo pipefail

time=$1
shift
grep -rl --include='*_test.go' '^func Fuzz' $(printf '%s\n' "$@" | sed 's|/\.\.\.$||') | sort | while read -r file; do
	for target in $(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' "$file"); do
		echo "fuzz: $(dirname "$file") $target"
		go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" "./$(dirname "$file")" </dev/null
	done
done
