// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package requestsamplingprocessor

import (
	"fmt"
	"time"

	"github.com/logboom/logboom/internal/tailsample"
)

const (
	latencyOfSpans     = "spans"
	latencyOfRecords   = "records"
	latencyOfAttribute = "attribute"
)

var latencyUnits = map[string]time.Duration{"ns": time.Nanosecond, "us": time.Microsecond, "ms": time.Millisecond, "s": time.Second}

// latencyCondition is satisfied by records and spans that say in an attribute how long something took.
type latencyCondition struct {
	slot  int
	least float64 // in the attribute's unit
}

func (c *compiler) latency(cfg *LatencyConfig) (uint64, error) {
	if cfg.Min <= 0 || cfg.Min < minTime && cfg.From != latencyOfAttribute {
		return 0, fmt.Errorf(": min must be at least %s with its unit, such as 2s, got %s", minTime, cfg.Min)
	}
	if cfg.From != latencyOfAttribute && (cfg.Attribute != "" || cfg.Unit != "") {
		return 0, fmt.Errorf(": attribute and unit must only be set with from: attribute, got %q and %q", cfg.Attribute, cfg.Unit)
	}
	switch cfg.From {
	case "", latencyOfSpans:
		return c.measure(tailsample.SpanTime, int64(cfg.Min))
	case latencyOfRecords:
		return c.measure(tailsample.RecordTime, int64(cfg.Min))
	case latencyOfAttribute:
		unit, ok := latencyUnits[cfg.Unit]
		switch {
		case cfg.Attribute == "":
			return 0, fmt.Errorf(": attribute must be the name of an attribute, got %q", cfg.Attribute)
		case !ok:
			return 0, fmt.Errorf(": unit must be one of ns, us, ms, s, got %q", cfg.Unit)
		}
		return c.add(identity("latency", cfg), inLogs|inSpans, &latencyCondition{
			slot:  c.keys.slot(cfg.Attribute),
			least: float64(cfg.Min) / float64(unit),
		})
	}
	return 0, fmt.Errorf(": from must be one of spans, records, attribute, got %q", cfg.From)
}

func (c *latencyCondition) holds(v *view) bool {
	a, ok := v.attribute(c.slot)
	if !ok {
		return false
	}
	n, ok := number(a)
	return ok && n >= c.least
}
