// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logql

import "math"

// aggregate evaluates an aggregation over the samples of one window, in the order of time.
func (r *rangeEval) aggregate(w []sample, end int64) float64 {
	seconds := float64(r.interval) / 1e9
	switch r.e.Op {
	case "sum_over_time", "rate":
		sum := 0.0
		for _, s := range w {
			sum += s.v
		}
		if r.e.Op == "rate" {
			return sum / seconds
		}
		return sum
	case "avg_over_time":
		mean := 0.0
		for i, s := range w {
			mean += (s.v - mean) / float64(i+1)
		}
		if math.IsNaN(mean) || math.IsInf(mean, 0) {
			sum := 0.0
			for _, s := range w {
				sum += s.v
			}
			return sum / float64(len(w))
		}
		return mean
	case "min_over_time", "max_over_time":
		v := w[0].v
		for _, s := range w[1:] {
			if math.IsNaN(v) || r.e.Op == "min_over_time" && s.v < v || r.e.Op == "max_over_time" && s.v > v {
				v = s.v
			}
		}
		return v
	case "first_over_time":
		return w[0].v
	case "last_over_time":
		return w[len(w)-1].v
	case "stddev_over_time":
		return math.Sqrt(variance(w))
	case "stdvar_over_time":
		return variance(w)
	case "rate_counter":
		return rateCounter(w, end-r.interval, end)
	}
	return math.NaN()
}

func variance(w []sample) float64 {
	mean, m2 := 0.0, 0.0
	for i, s := range w {
		d := s.v - mean
		mean += d / float64(i+1)
		m2 += d * (s.v - mean)
	}
	return m2 / float64(len(w))
}

// rateCounter is the per-second increase of a counter that may be reset, extrapolated to the window's ends as
// Prometheus does for rate.
func rateCounter(w []sample, start, end int64) float64 {
	if len(w) < 2 {
		return 0
	}
	first, last := w[0], w[len(w)-1]
	increase := last.v - first.v
	prev := first.v
	for _, s := range w[1:] {
		if s.v < prev {
			increase += prev
		}
		prev = s.v
	}
	toStart := float64(first.ts-start) / 1e9
	toEnd := float64(end-last.ts) / 1e9
	sampled := float64(last.ts-first.ts) / 1e9
	between := sampled / float64(len(w)-1)
	// Where a window begins or ends far from a sample, the series began or ended in between: about half an interval on.
	threshold := between * 1.1
	if toStart >= threshold {
		toStart = between / 2
	}
	if toEnd >= threshold {
		toEnd = between / 2
	}
	if increase > 0 && first.v >= 0 { // a counter does not begin below zero
		toStart = math.Min(toStart, sampled*(first.v/increase))
	}
	extended := sampled + toStart + toEnd
	return increase * (extended / sampled) / (float64(end-start) / 1e9)
}
