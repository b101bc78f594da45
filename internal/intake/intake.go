// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package intake tells whether the process is taking records in at this moment, so that work that can wait gives way.
package intake // import "github.com/logboom/logboom/internal/intake"

import "sync/atomic"

var active atomic.Int64

// Begin says that records are being taken in. End must be called once they are.
func Begin() { active.Add(1) }

// End ends what Begin began.
func End() { active.Add(-1) }

// Active reports whether records are being taken in.
func Active() bool { return active.Load() > 0 }
