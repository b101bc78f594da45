// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package search

import (
	"time"
)

// candidate is a system that is asked. Its data lies in a directory.
type candidate interface {
	name() string
	// dir holds what the candidate reads.
	dir() string
	// start makes it ready to be asked, with nothing in memory of what was asked before.
	start() error
	stop()
	// ask returns the answer and how long it took to get it, without the time to make an answer of it.
	ask(q *query) (answer, time.Duration, error)
	// memory is the resident memory at its peak, 0 where it has no process of its own.
	memory() int64
	// process is the id of the one that answers.
	process() int
}
