// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

//go:generate go tool -modfile=../../internal/tools/go.mod mdatagen metadata.yaml

// Package archivequeryextension answers LogQL over the log archive in a bucket: it serves the Loki HTTP API,
// so that Grafana's Loki data source and logcli work unmodified, and a web page on the same port.
package archivequeryextension // import "github.com/logboom/logboom/extension/archivequeryextension"
