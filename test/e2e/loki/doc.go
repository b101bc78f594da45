// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package loki asks the shipped binary what clients of Loki ask: the requests that Grafana's data source and Logs Drilldown
// send, one after the other, live tails, and the real logcli where there is one (LOGBOOM_LOGCLI; `make bin/logcli` builds it).
package loki
