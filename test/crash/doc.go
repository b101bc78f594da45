// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package crash ends the shipped binary in every way, hundreds of times, under load and with a bucket and disks that fail,
// and then counts the records in the archive: each one that was acknowledged is there, and none more often than its
// sender sent it.
//
// The tests run a short version by default. LOGBOOM_CRASH_ROUNDS sets the number of rounds (`make crash`: the long
// version), LOGBOOM_CRASH_SEED repeats the choices of a run, which does not repeat its timing.
package crash
