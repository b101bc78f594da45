// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"sync"
	"time"
)

// Pace is a destination that takes so many records a second, one request after the other. Safe for concurrent use.
type Pace struct {
	PerSecond float64

	mu   sync.Mutex
	free time.Time // when it is done with all before
}

// Take waits until n records are taken.
func (p *Pace) Take(n int) {
	p.mu.Lock()
	now := time.Now()
	if p.free.Before(now) {
		p.free = now
	}
	p.free = p.free.Add(time.Duration(float64(n) / p.PerSecond * float64(time.Second)))
	until := p.free
	p.mu.Unlock()
	time.Sleep(time.Until(until))
}
