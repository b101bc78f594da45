// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package search measures what it costs to find things in the archive: Logboom through the shipped binary's Loki API and
// through the Go reader, beside DuckDB on the same objects and VictoriaLogs on the same records, in the same run.
// Run it with `make bench-search`; docs/benchmarks.md says what is measured and holds the figures.
//
// The needles are chosen from the data, and every answer of every candidate is compared with a count taken from the data
// itself, without any of the code that is measured. Under `go test` without flags it runs once, small, with the peers that
// are there.
package search
