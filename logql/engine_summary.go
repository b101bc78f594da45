// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logql

import "math"

// summary is what any number of samples amount to. The zero value is that of none.
type summary struct {
	n         int64
	sum       float64
	mean, m2  float64 // m2 is the sum of squared distances from the mean
	low, high float64 // NaN only if all are
}

const summaryBytes = 48

// add takes one sample more.
func (s *summary) add(v float64) {
	s.n++
	s.sum += v
	d := v - s.mean
	s.mean += d / float64(s.n)
	s.m2 += d * (v - s.mean)
	if s.n == 1 {
		s.low, s.high = v, v
		return
	}
	if math.IsNaN(s.low) || v < s.low {
		s.low = v
	}
	if math.IsNaN(s.high) || v > s.high {
		s.high = v
	}
}

// join takes the samples of another summary (Chan, Golub and LeVeque: Updating formulae and a pairwise algorithm for
// computing sample variances, 1979).
func (s *summary) join(o *summary) {
	switch {
	case o.n == 0:
		return
	case s.n == 0:
		*s = *o
		return
	}
	n := float64(s.n + o.n)
	d := o.mean - s.mean
	s.mean += d * (float64(o.n) / n)
	s.m2 += o.m2 + d*d*(float64(s.n)*float64(o.n)/n)
	s.n += o.n
	s.sum += o.sum
	if math.IsNaN(s.low) || o.low < s.low {
		s.low = o.low
	}
	if math.IsNaN(s.high) || o.high > s.high {
		s.high = o.high
	}
}

func (s *summary) variance() float64 {
	if math.IsInf(s.sum, 0) || math.IsNaN(s.sum) {
		return math.NaN()
	}
	return s.m2 / float64(s.n)
}

// summaryQueue is a sliding window of summaries that knows what all in it amount to, in constant time for each that
// comes and goes: two stacks, of which the one in front holds running totals from its end.
type summaryQueue struct {
	front []queued // the oldest last; each joined with those that are younger, within front
	back  []queued // the youngest last
	total summary  // of back
}

type queued struct {
	at int
	s  summary
}

func (q *summaryQueue) reset() {
	q.front, q.back, q.total = q.front[:0], q.back[:0], summary{}
}

func (q *summaryQueue) push(at int, s summary) {
	q.back = append(q.back, queued{at, s})
	q.total.join(&s)
}

// drop takes out all that came with a smaller number than at.
func (q *summaryQueue) drop(at int) {
	for {
		for n := len(q.front); n > 0; n-- {
			if q.front[n-1].at >= at {
				return
			}
			q.front = q.front[:n-1]
		}
		if len(q.back) == 0 || q.back[0].at >= at {
			return
		}
		for n := len(q.back); n > 0; n-- {
			e := q.back[n-1]
			if len(q.front) > 0 {
				e.s.join(&q.front[len(q.front)-1].s)
			}
			q.front = append(q.front, e)
		}
		q.back, q.total = q.back[:0], summary{}
	}
}

// all is what the samples in the window amount to.
func (q *summaryQueue) all() summary {
	if len(q.front) == 0 {
		return q.total
	}
	s := q.front[len(q.front)-1].s
	s.join(&q.total)
	return s
}
