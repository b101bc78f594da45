// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package patterns

import (
	"cmp"
	"math"
	"strings"
	"sync"
	"sync/atomic"
)

// goldenRatio is 2^64 divided by it.
const goldenRatio = 0x9e3779b97f4a7c15

// Sampler chooses lines by a plan, so many of a stratum, for all goroutines together.
type Sampler struct {
	plan *Plan

	mu     sync.RWMutex
	strata map[Stratum]*stratum
}

// stratum counts its lines.
type stratum struct {
	most   uint64 // of 2^64: the share that is wanted
	seen   atomic.Int64
	wanted atomic.Int64
	key    Stratum
}

// scale is how many lines there are for each that was wanted.
func (s *stratum) scale(p *Plan) float64 {
	wanted := s.wanted.Load()
	if wanted == 0 {
		return 1
	}
	return float64(s.seen.Load()) / float64(wanted) * cmp.Or(p.Scale, 1)
}

// Test returns a test for one goroutine, whether the next line of a service and a level is wanted.
func (p *Sampler) Test() func(serviceName, level string) bool {
	var last *stratum
	return func(serviceName, level string) bool {
		s := last
		if s == nil || s.key.Level != level || s.key.Service != serviceName {
			s = p.stratum(serviceName, level)
			last = s
		}
		// Multiples of the golden ratio are spread evenly and meet no rhythm of the lines, as every second or tenth would.
		if n := uint64(s.seen.Add(1)); n*goldenRatio > s.most { //nolint:gosec // it counts up from 1
			return false
		}
		s.wanted.Add(1)
		return true
	}
}

func (p *Sampler) stratum(serviceName, level string) *stratum {
	p.mu.RLock()
	s := p.strata[Stratum{serviceName, level}]
	p.mu.RUnlock()
	if s != nil {
		return s
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	key := keyOf(serviceName, level, len(p.strata))
	if s = p.strata[key]; s == nil {
		s = &stratum{key: key, most: math.MaxUint64 / uint64(max(p.plan.Every[key], 1))}
		p.strata[key] = s
	}
	return s
}

// keyOf is a stratum that may be kept: of too many, and of those with too long names, the rest is one.
func keyOf(serviceName, level string, have int) Stratum {
	if have >= maxStrata || len(level) > maxLevelBytes || len(serviceName) > maxServiceBytes {
		return Stratum{}
	}
	return Stratum{strings.Clone(serviceName), strings.Clone(level)}
}

// Seen is how many lines came by; of no sampler 0.
func (p *Sampler) Seen() (n int64) {
	if p == nil {
		return 0
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	for _, s := range p.strata {
		n += s.seen.Load()
	}
	return n
}
