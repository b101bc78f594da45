// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package spike

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// Rate is an amount a second; 0 is no limit.
type Rate struct{ Bytes, Records float64 }

func (r Rate) none() bool { return r.Bytes <= 0 && r.Records <= 0 }

// cost is the part of a second's budget that so much takes. Nothing costs anything without a budget.
func (r Rate) cost(bytes, records float64) (c float64) {
	if r.Bytes > 0 {
		c = bytes / r.Bytes
	}
	if r.Records > 0 {
		c = max(c, records/r.Records)
	}
	return c
}

// Limit is how a key's budget is found.
type Limit struct {
	// Fixed is the budget, unless it is learned.
	Fixed Rate
	// Learned says how the budget follows from what a key usually sends.
	Learned *Learned
}

// Learned makes a budget of a multiple of the baseline.
type Learned struct {
	// Headroom is the budget as a multiple of the baseline, more than 1.
	Headroom float64
	// Floor and Ceiling bound the budget; 0 is no bound.
	Floor, Ceiling Rate
	// Rise and Fall are the times in which a baseline follows a change by two thirds, upwards and downwards.
	Rise, Fall time.Duration
	// Learn is how long a new key has no budget but the ceiling and its share of the global one.
	Learn time.Duration
}

// Config is what an engine does.
type Config struct {
	// Global bounds all keys together.
	Global Rate
	// Key is the limit of each key, Overrides those of some, by name.
	Key       Limit
	Overrides map[string]Limit
	// Burst is how many seconds of its budget a key may send at once.
	Burst time.Duration
	// Calm is how long a key must stay within its budget for its spike to end.
	Calm time.Duration
	// NewShare is the part of a budget from which new templates and the first of a burst pass, beside the rest.
	NewShare float64
	// MaxKeys bounds the keys that have a budget of their own; the others share one. MaxTemplateBytes bounds the memory of the
	// templates of all keys together.
	MaxKeys          int
	MaxTemplateBytes int64
	// Summarize makes a summary of what was over, for each template and SummaryInterval.
	Summarize       bool
	SummaryInterval time.Duration
}

// MaxNameBytes bounds the name of a key; longer ones are cut.
const MaxNameBytes = 256

func (c *Config) check() error {
	limits := []Limit{c.Key}
	for _, l := range c.Overrides {
		limits = append(limits, l)
	}
	for _, l := range limits {
		if l.Learned != nil && !(l.Learned.Headroom > 1 && l.Learned.Rise > 0 && l.Learned.Fall > 0) {
			return fmt.Errorf("headroom must be more than 1 and the times positive, got %+v", *l.Learned)
		}
	}
	switch {
	case c.Burst <= 0 || c.Calm <= 0 || c.MaxKeys <= 0 || c.MaxTemplateBytes <= 0:
		return errors.New("burst, calm, keys and memory must be positive")
	case !(c.NewShare >= 0 && c.NewShare < 1):
		return fmt.Errorf("the share of new templates must be 0 to 1, got %v", c.NewShare)
	}
	return nil
}

var unlimited = math.Inf(1)
