// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import "time"

// maxBuckets bounds the buckets of a request that says how long they are.
const maxBuckets = 11_000

// timeGrid is buckets of time, in ns: n of them, step long, from first on, which is a multiple of step. Of their time
// start <= t < end is wanted.
type timeGrid struct {
	start, end  int64
	first, step int64
	n           int
}

// index is the bucket of a time.
func (g *timeGrid) index(t int64) int { return int((t - g.first) / g.step) }

// roundSteps are the durations that buckets have by default: those that people count in.
var roundSteps = []time.Duration{
	time.Millisecond, 2 * time.Millisecond, 5 * time.Millisecond, 10 * time.Millisecond, 20 * time.Millisecond, 50 * time.Millisecond,
	100 * time.Millisecond, 200 * time.Millisecond, 500 * time.Millisecond,
	time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 15 * time.Second, 30 * time.Second,
	time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour,
}

const (
	day = 24 * time.Hour
	// wantedBuckets is what a default step makes at most.
	wantedBuckets = 120
)

// roundStep is the shortest round duration of which a span has no more than wantedBuckets.
func roundStep(span uint64) time.Duration {
	for _, s := range roundSteps {
		if span <= wantedBuckets*uint64(s) {
			return s
		}
	}
	for days := uint64(1); ; days *= 2 {
		if (span-1)/wantedBuckets < days*uint64(day) { // no product, which could be too large
			return time.Duration(days) * day
		}
	}
}

// gridOf reads the parameter step and lays the buckets of a range.
func (c *call) gridOf(start, end int64) (timeGrid, error) {
	span := uint64(end) - uint64(start) //nolint:gosec // end is behind start, even where their distance is no int64
	step := roundStep(span)
	if s := c.p.get("step"); s != "" {
		d, err := parseSpan("step", s)
		if err != nil {
			return timeGrid{}, err
		}
		if step = d.Truncate(time.Millisecond); step <= 0 {
			return timeGrid{}, badRequestf("step must be at least 1ms, got %q", s)
		}
	}
	if span/uint64(step) >= maxBuckets {
		return timeGrid{}, badRequestf("exceeded maximum resolution of %d buckets: use a longer step", maxBuckets)
	}
	if start < -farthest || end > farthest || int64(step) > 1<<61 {
		return timeGrid{}, badRequestf("start and end must be within 200 years of 1970, and step shorter than 70 years")
	}
	g := timeGrid{start: start, end: end, step: int64(step)}
	g.first = floorTo(start, g.step)
	g.n = int((end - g.first + g.step - 1) / g.step)
	return g, nil
}

// farthest is how far from 1970 times may be that steps are counted from, in ns: beyond it, they overflow when a step is added.
const farthest = 3 << 61

// checkYears refuses times that are beyond [farthest]; names are those of their parameters.
func checkYears(names string, start, end time.Time) error {
	if start.Before(time.Unix(0, -farthest)) || end.After(time.Unix(0, farthest)) {
		return badRequestf("%s must be within 200 years of 1970", names)
	}
	return nil
}

// floorTo is the last multiple of step that is not after t.
func floorTo(t, step int64) int64 {
	rest := t % step
	if rest < 0 {
		rest += step
	}
	return t - rest
}
