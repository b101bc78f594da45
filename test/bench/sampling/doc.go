// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package sampling measures the request_sampling processor: how many log records it groups, holds and decides in a second with
// 100,000 requests in flight, how many spans beside contrib's tail_sampling processor, in turns in one process on one core; how much
// memory it takes when it is offered ten times what it may hold; and how long after the wait a request is decided. Run it with
// `make bench-sampling`; docs/benchmarks.md says what the columns mean and holds the figures.
//
// Under `go test` without flags it runs once, small, and checks what is kept.
package sampling
