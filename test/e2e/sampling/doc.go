// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package sampling runs the shipped binary with the request_sampling processor on streams of which everything is known, and
// compares what comes out with what must: no request that failed is lost or doubled, none is kept in part, the share of the
// others is the rate, and what the weights of the kept records say is the truth.
//
// LOGBOOM_SAMPLING_RECORDS makes the stream longer than the one of CI, e.g. 2000000; the longer it is, the closer the
// estimates must be. LOGBOOM_SAMPLING_BUDGET_MIB sets the budget that the test of the memory exceeds.
package sampling
