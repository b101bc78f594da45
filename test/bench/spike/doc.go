// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package spike measures the spike_guard processor and what it is made of, on one core: how many records a second it takes of sources
// within and over their budgets, the engine alone and the whole processor with each action; how much memory a key takes, and what a million
// of them do; and how many lines internal/templates clusters in a second, and how well. Run it with `make bench-guard`; docs/benchmarks.md
// says what the columns mean and holds the figures.
//
// Under `go test` without flags it runs once, small, and checks the results and not the speed.
package spike
