// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package query measures what LogQL costs on the archive: the shipped binary's Loki API, beside DuckDB on the same objects
// where SQL can say the same, in the same run; and many queries at a time beside ingest in the same process.
// Run it with `make bench-query`; docs/benchmarks.md says what is measured and holds the figures.
//
// Every answer is compared with one taken from the data itself, without any of the code that is measured. Under `go test`
// without flags it runs once, small, to see that all agree.
package query
