#!/usr/bin/env bash
# Copyright The Logboom Authors
# SPDX-License-Identifier: Apache-2.0
#
# Writes the logs of three services for 12 seconds: checkout (20 lines a second), payment (10) and mailer (10). From the 3rd to the 8th
# second mailer is in a loop: 2,000 lines a second about messages that it tries again, and an error each second.
set -euo pipefail

logs=${LOGBOOM_DATA:-./data/spike-guard}/logs
mkdir -p "$logs"
export TZ=UTC

line() { printf 'time=%(%FT%T)T.%03dZ level=%s msg="%s"\n' -1 $((tick % 10 * 100)) "$1" "$2"; }

start=${EPOCHREALTIME//[.,]/} # microseconds
message=0
for ((tick = 0; tick < 120; tick++)); do # ten a second
  { line info "order $((7000 + tick)) placed"; line debug "cart of order $((7000 + tick)) has $((tick % 4)) items"; } >>"$logs/checkout.log"
  line info "charged $((100 + tick * 37 % 900)) EUR" >>"$logs/payment.log"
  {
    line info "sent message of order $((7000 + tick))"
    if ((tick >= 30 && tick < 80)); then
      for ((i = 0; i < 200; i++)); do line info "message $((++message)) not accepted, trying again in 0 ms"; done
      ((tick % 10 > 0)) || line error "no route to smtp.example.com"
    fi
  } >>"$logs/mailer.log"
  left=$((start + (tick + 1) * 100000 - ${EPOCHREALTIME//[.,]/}))
  ((left <= 0)) || sleep "$(printf '0.%06d' $left)"
done
