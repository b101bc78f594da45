#!/usr/bin/env bash
# Builds Loki's programs from its published source, in a module of its own outside of this repository: they are run beside
# ours and compared with it, never linked. Usage: build-loki.sh DIRECTORY [loki] [logcli]
set -euo pipefail
version=v3.7.8
[ $# -ge 2 ] || { echo "usage: $0 DIRECTORY [loki] [logcli]" >&2; exit 2; }
mkdir -p "$1"
out=$(cd "$1" && pwd)
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export GOWORK=off CGO_ENABLED=0 GOFLAGS=-mod=mod GONOSUMDB='github.com/grafana/*'
go mod init scratch >/dev/null 2>&1
mod=$(go mod download -json "github.com/grafana/loki/v3@$version" | sed -n 's/^.*"GoMod": "\(.*\)",*$/\1/p')
{
	echo "module scratch"
	sed -n '/^go /p;/^toolchain /p' "$mod"
	echo "require github.com/grafana/loki/v3 $version"
	# Its replacements count only in its own builds; the one of a directory is published as a module.
	sed -n '/^replace /p' "$mod" | grep -v '=> \./'
} >go.mod
for program in "$@"; do
	echo "build-loki: building $program $version (some minutes)"
	go build -o "$out/$program" "github.com/grafana/loki/v3/cmd/$program"
done
