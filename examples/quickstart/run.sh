#!/usr/bin/env bash
# Copyright The Logboom Authors
# SPDX-License-Identifier: Apache-2.0
#
# Runs the quickstart: the demo shop and bin/logboom, until Ctrl-C. `make run` builds both and calls this.
# Everything it writes is below ./data, at the root of the repository; remove that directory to begin anew.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
quickstart=examples/quickstart

die() {
  printf '\nlogboom: %s\n' "$*" >&2
  exit 1
}

for program in bin/logboom bin/logboom-demo; do
  [[ -x $program ]] || die "$program is not built yet: call 'make run', which builds it"
done

# Whoever listens already would get our logs, or we would die half way through the start.
taken=''
config=$(sed 's/#.*//' "$quickstart/config.yaml")
while read -r port what; do
  [[ $config =~ [:\ ]$port([^0-9]|$) ]] || continue # changed there
  if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then taken+=", $port ($what)"; fi
done <<'PORTS'
3100 the page and the Loki API
4317 OTLP/gRPC
4318 OTLP/HTTP
5140 syslog
24224 Fluent Forward
8888 own metrics
PORTS
[[ -z $taken ]] ||
  die "somebody listens already on port ${taken#, }. Another 'make run'? Stop it, or change the ports in $quickstart/config.yaml."

page=http://$(awk '/^  archive_query:/ {found = 1} found && $1 == "endpoint:" {print $2; exit}' "$quickstart/config.yaml")

mkdir -p data
[[ -w data ]] || die "cannot write to $PWD/data"

# The gate makes a file's place move on only when the pipeline has taken the records.
arguments=(--feature-gates=stanza.synchronousLogEmitter --config "$quickstart/config.yaml")
journal='no journalctl here'
if command -v journalctl >/dev/null && journalctl --quiet --lines=1 >/dev/null 2>&1; then
  arguments+=(--config "$quickstart/journald.yaml")
  journal='the systemd journal (new lines)'
fi

demo='' logboom=''
# First the shop, then Logboom, which gets the time it needs to bring what it accepted to a safe place.
stop() {
  trap - EXIT INT TERM
  [[ -z $demo ]] || kill -TERM "$demo" 2>/dev/null || true
  [[ -z $logboom ]] || kill -TERM "$logboom" 2>/dev/null || true
  wait
}
trap 'stop' EXIT
trap 'printf "\nlogboom: stopping …\n"; stop; printf "logboom: stopped; everything accepted is kept in %s/data\n" "$PWD"; exit 0' INT TERM

# In process groups of their own (set -m), so that Ctrl-C reaches this script only, which stops them in order.
set -m
bin/logboom-demo -dir data/demo -history 10m &
demo=$!
bin/logboom "${arguments[@]}" >data/logboom.log 2>&1 &
logboom=$!
set +m

cat <<TEXT

  Logboom is starting.

  page      $page
  query     logcli --addr=$page query '{service_name="checkout"} |= "timeout"'
  archive   $PWD/data/archive   (Parquet)

  reads     a demo web shop: edge, auth, checkout, inventory, payment   ($PWD/data/demo)
            /var/log (new lines), $journal
  listens   OTLP 4317 (gRPC) 4318 (HTTP)   syslog 5140 (TCP, UDP)   Fluent Forward 24224   (127.0.0.1)

  its own log is data/logboom.log, its metrics are at http://localhost:8888/metrics; Ctrl-C stops it

TEXT

ready=''
while true; do
  if ! kill -0 "$logboom" 2>/dev/null; then
    status=0
    wait "$logboom" || status=$?
    logboom=''
    tail -n 20 data/logboom.log >&2
    die "bin/logboom ended (exit code $status); its last lines stand above, all of them in data/logboom.log"
  fi
  if ! kill -0 "$demo" 2>/dev/null; then
    status=0
    wait "$demo" || status=$?
    demo=''
    die "the demo shop ended (exit code $status); its words, if any, stand above"
  fi
  if [[ -z $ready ]] && grep -q 'Everything is ready' data/logboom.log; then
    ready=yes
    printf '  ready: open %s\n\n' "$page"
  fi
  # A sleep in the background and a wait for it: a signal ends the wait at once.
  sleep 1 &
  wait $! || true
done
