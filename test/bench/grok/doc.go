// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package grok measures how fast lines are parsed: Logboom's grok engine beside regular expressions written by hand for Go's
// regexp and beside elastic/go-grok, and the grok processor beside contrib's transform processor with ExtractGrokPatterns,
// in turns in one process on one core. Run it with `make bench-grok`; docs/benchmarks.md says what the columns mean and
// holds the figures.
//
// Under `go test` without flags it runs once, small, and checks that the engines agree on every line.
package grok
