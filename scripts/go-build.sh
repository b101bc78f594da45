#!/usr/bin/env bash
# go build with progress: the Collector's dependencies take minutes to compile the first time, and a silent
# terminal looks like a hung one. Takes the arguments of `go build`.
set -euo pipefail

what=$(basename "${!#}")
[ "$what" = . ] && what=$(basename "$PWD")
total=$(go list -deps "${!#}" 2>/dev/null | wc -l) || total=0
echo "building $what ($total packages; cached ones are skipped) ..."
# -v prints each package as it is compiled, a line without blanks; errors and warnings pass through.
go build -v "$@" 2>&1 | awk -v total="$total" '
	/^[^ #:]+$/ { if (++n % 100 == 0) { printf "  compiled %d of at most %d packages\n", n, total; fflush() } next }
	{ print; fflush() }'
