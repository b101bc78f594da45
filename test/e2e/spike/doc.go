// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package spike runs the shipped binary with the spike_guard processor on a stream in which one service runs wild, towards a destination
// that takes little more than what is usual, and compares what comes out with what must: the other services lose nothing and wait no
// longer, the one in a spike gets its budget, something of all that it says is passed on, and the counts say the truth.
//
// LOGBOOM_SPIKE_RECORDS makes the stream longer than the one of CI, e.g. 200000.
package spike
