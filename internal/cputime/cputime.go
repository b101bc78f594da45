// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package cputime measures what a piece of code costs, for tests that must hold on a busy machine too: the processor time of one
// thread does not grow with the work of others.
package cputime

import (
	"runtime"
	"time"
)

// Of runs f and returns the processor time that its thread took, where the system tells it, else the time that passed. What f does in
// other goroutines, and what the garbage collector does in its own, is not counted.
func Of(f func()) time.Duration {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	start := now()
	f()
	return now() - start
}
