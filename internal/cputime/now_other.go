// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package cputime

import "time"

var began = time.Now()

// now is the time since the start: the processor time of a thread is not told here.
func now() time.Duration { return time.Since(began) }
