// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package page measures the web page in a real Chromium on a large archive, served by the shipped binary: how long it takes from Enter to
// the first lines, the longest task while somebody types and scrolls, what a first visit loads, and how long each view takes.
// Run it with `make bench-page`; docs/benchmarks.md says what is measured and holds the figures.
//
// Under `go test` without flags it runs once, small, to see that everything can be measured.
package page
