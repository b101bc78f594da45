// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package spike

import (
	"math"
	"time"
)

// baseline is what a key usually sends, a second. It follows the upper side: up in Rise, down in Fall, so that a night does not
// make a morning a spike. Time over budget is not learned from: a spike does not raise its own budget.
type baseline struct {
	bytes, records float32
	seconds        float32 // learned from
}

// learn takes what a key sent a second, for some seconds, all within its budget. What comes first, in a tenth of the time for it, may be
// what waited while nobody was there to take it: it is not kept. After that rises are fast until the time is over.
func (b *baseline) learn(l *Learned, sent Rate, seconds float64) {
	rise, early := l.Rise, l.Learn.Seconds()/10
	switch have := float64(b.seconds); {
	case have == 0 || have < early:
		b.bytes, b.records = float32(sent.Bytes), float32(sent.Records)
	case have < l.Learn.Seconds():
		rise = min(rise, l.Learn/10)
		fallthrough
	default:
		b.bytes = follow(b.bytes, sent.Bytes, rise, l.Fall, seconds)
		b.records = follow(b.records, sent.Records, rise, l.Fall, seconds)
	}
	b.seconds += float32(seconds)
}

func follow(have float32, sent float64, rise, fall time.Duration, seconds float64) float32 {
	over := fall
	if sent > float64(have) {
		over = rise
	}
	part := 1 - math.Exp(-seconds/over.Seconds())
	return have + float32((sent-float64(have))*part)
}

// budget is what a key may send a second.
func (b *baseline) budget(l *Learned) Rate {
	if float64(b.seconds) < l.Learn.Seconds() {
		return l.Ceiling
	}
	return Rate{
		Bytes:   clamp(float64(b.bytes)*l.Headroom, l.Floor.Bytes, l.Ceiling.Bytes),
		Records: clamp(float64(b.records)*l.Headroom, l.Floor.Records, l.Ceiling.Records),
	}
}

// clamp bounds a budget; 0 is no bound. A budget of 0 would be none: it is at least 1 a second.
func clamp(v, floor, ceiling float64) float64 {
	v = max(v, floor, 1)
	if ceiling > 0 {
		v = min(v, ceiling)
	}
	return v
}
