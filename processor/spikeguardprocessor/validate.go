// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package spikeguardprocessor

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/logboom/logboom/internal/spike"
)

// The actions.
const (
	actionThin      = "thin"
	actionSummarize = "summarize"
	actionDivert    = "divert"
	actionRefuse    = "refuse"
	actionDrop      = "drop"
)

var actions = []string{actionThin, actionSummarize, actionDivert, actionRefuse, actionDrop}

const (
	// maxKeyAttributes bounds the attributes that are looked up for every record.
	maxKeyAttributes = 8
	maxRate          = 1e15
	maxOverrides     = 10_000
	// A time without a unit is nanoseconds: the least times are far above that.
	minTime = 10 * time.Millisecond
	maxTime = 30 * 24 * time.Hour
	// minBodyBytes leaves room for something beside what tells that a body was shortened.
	minBodyBytes = 256
	maxBodyBytes = 1 << 30
	maxMaxKeys   = 10_000_000
	maxMiB       = 1 << 20
)

// Validate checks the whole block and reports every mistake at once.
func (c *Config) Validate() error {
	var errs []error
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	between := func(key string, d, least, most time.Duration) {
		if d < least || d > most {
			fail("%s must be %s to %s with its unit, such as 10s, got %s", key, least, most, d)
		}
	}
	if n := len(c.Key); n < 1 || n > maxKeyAttributes {
		fail("key must name 1 to %d attributes, got %d", maxKeyAttributes, n)
	}
	for i, name := range c.Key {
		switch {
		case name == "":
			fail("key[%d] must be the name of an attribute, got %q", i, name)
		case slices.Contains(c.Key[:i], name):
			fail("key[%d] must not be named before, got %q", i, name)
		}
	}
	errs = append(errs, c.Budget.validate())
	between("calm", c.Calm, minTime, maxTime)
	if !slices.Contains(actions, c.Action) {
		fail("action must be one of %s, got %q", strings.Join(actions, ", "), c.Action)
	}
	between("summarize: interval", c.Summarize.Interval, 100*time.Millisecond, 24*time.Hour)
	if c.Divert.Attribute == "" {
		fail("divert: attribute must be the name of an attribute, got %q", c.Divert.Attribute)
	}
	if n := c.Truncate.MaxBodyBytes; n != 0 && (n < minBodyBytes || n > maxBodyBytes) {
		fail("truncate: max_body_bytes must be 0 (off) or %d to %d, got %d", minBodyBytes, maxBodyBytes, n)
	}
	if !(c.NewTemplates >= 0 && c.NewTemplates <= 0.5) {
		fail("new_templates must be a share, 0 to 0.5, got %v", c.NewTemplates)
	}
	if c.MaxKeys < 1 || c.MaxKeys > maxMaxKeys {
		fail("max_keys must be 1 to %d, got %d", maxMaxKeys, c.MaxKeys)
	}
	if c.MaxTemplateMiB < 1 || c.MaxTemplateMiB > maxMiB {
		fail("max_template_mib must be 1 to %d, got %d", maxMiB, c.MaxTemplateMiB)
	}
	return errors.Join(errs...)
}

func (b *BudgetConfig) validate() error {
	var errs []error
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf("budget: "+format, args...)) }
	rate := func(where string, r RateConfig) {
		for i, v := range r.both() {
			if !(v >= 0 && v <= maxRate) { // also what is no number
				fail("%s: %s must be 0 (no limit) to %g, got %v", where, rateKeys[i], maxRate, v)
			}
		}
	}
	rate("global", b.Global)
	rate("per_key", b.PerKey)
	if b.Burst < minTime || b.Burst > time.Hour {
		fail("burst must be %s to %s with its unit, such as 2s, got %s", minTime, time.Hour, b.Burst)
	}
	l := &b.Learned
	rate("learned: floor", l.Floor)
	rate("learned: ceiling", l.Ceiling)
	floor := l.Floor.both()
	for i, ceiling := range l.Ceiling.both() {
		if ceiling > 0 && ceiling < floor[i] {
			fail("learned: ceiling: %s must be 0 (none) or at least the floor (%v), got %v", rateKeys[i], floor[i], ceiling)
		}
	}
	if !(l.Headroom > 1 && l.Headroom <= 1e6) {
		fail("learned: headroom must be more than 1, at most 1e6, got %v", l.Headroom)
	}
	for _, t := range []struct {
		key   string
		d     time.Duration
		least time.Duration
	}{{"rise", l.Rise, time.Second}, {"fall", l.Fall, time.Second}, {"learn", l.Learn, 0}} {
		if t.d < t.least || t.d > maxTime || t.d > 0 && t.d < minTime {
			fail("learned: %s must be %s to %s with its unit, such as 10m, got %s", t.key, t.least, maxTime, t.d)
		}
	}
	if !b.learns() && b.Global.none() && b.PerKey.none() && len(b.Overrides) == 0 {
		fail("must have a limit: learned, per_key, global or overrides, got none")
	}
	if len(b.Overrides) > maxOverrides {
		fail("overrides must be at most %d, got %d", maxOverrides, len(b.Overrides))
	}
	seen := map[string]bool{}
	for i, o := range b.Overrides {
		where := fmt.Sprintf("overrides[%d]", i)
		switch {
		case o.Key == "" || len(o.Key) > spike.MaxNameBytes:
			fail("%s: key must have 1 to %d bytes, got %q", where, spike.MaxNameBytes, o.Key)
		case seen[o.Key]:
			fail("%s: key must not be named before, got %q", where, o.Key)
		}
		seen[o.Key] = true
		rate(where, o.RateConfig)
	}
	return errors.Join(errs...)
}

func (r RateConfig) none() bool { return r.BytesPerSecond <= 0 && r.RecordsPerSecond <= 0 }

var rateKeys = [2]string{"bytes_per_second", "records_per_second"}

func (r RateConfig) both() [2]float64 { return [2]float64{r.BytesPerSecond, r.RecordsPerSecond} }

func (r RateConfig) rate() spike.Rate {
	return spike.Rate{Bytes: r.BytesPerSecond, Records: r.RecordsPerSecond}
}

func (b *BudgetConfig) learns() bool { return b.Learned.Enabled && b.PerKey.none() }

// engine is what the engine makes of the configuration.
func (c *Config) engine() spike.Config {
	e := spike.Config{
		Global:           c.Budget.Global.rate(),
		Key:              spike.Limit{Fixed: c.Budget.PerKey.rate()},
		Overrides:        map[string]spike.Limit{},
		Burst:            c.Budget.Burst,
		Calm:             c.Calm,
		NewShare:         c.NewTemplates,
		MaxKeys:          c.MaxKeys,
		MaxTemplateBytes: int64(c.MaxTemplateMiB) << 20,
		Summarize:        c.Action == actionSummarize && !c.DryRun,
		SummaryInterval:  c.Summarize.Interval,
	}
	if l := &c.Budget.Learned; c.Budget.learns() {
		e.Key.Learned = &spike.Learned{
			Headroom: l.Headroom, Floor: l.Floor.rate(), Ceiling: l.Ceiling.rate(), Rise: l.Rise, Fall: l.Fall, Learn: l.Learn,
		}
	}
	for _, o := range c.Budget.Overrides {
		e.Overrides[o.Key] = spike.Limit{Fixed: o.rate()}
	}
	return e
}
