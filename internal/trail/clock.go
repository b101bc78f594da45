// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package trail

import (
	"slices"
	"time"
)

// Clock says how far the clocks of the services are off, as the times at which their records were collected show it.
type Clock struct {
	// Corrected reports whether the records are ordered by corrected times.
	Corrected bool
	// Offsets are what was taken off the times of each service, in ns; nil if nothing was.
	Offsets map[string]int64
}

// minSkew is the smallest difference of two clocks that is worth a correction: below it, what a collector does in between is as
// likely the cause. Of a service that shows no steady distance, such as one with a single record, a distance of up to maxDelay is no error of
// its clock but the time that collecting takes: files are read now and then.
const minSkew, maxDelay = 20 * time.Millisecond, time.Second

// steadier and clearer are how many times smaller the noise must be than what it is noise of.
const steadier, clearer = 5, 3

// estimate compares the time of each record with that of its observation, which is by one clock where one collector takes the records
// of all services.
//
//	cart     time 10.000  observed 10.905   δ = -0.905
//	         time 10.120  observed 11.025   δ = -0.905    its clock is late by 0.905 - d, d being how long collecting takes
//	payment  time 12.300  observed 11.005   δ = +1.295    and this one is early
//
// That holds only if collecting takes about equally long each time. Where it does not (a file is read twice a second; a queue is emptied at
// once) δ differs within a service about as much as the times do, or as the services differ. Then the times stay as they are: a wrong
// correction is worse than none. A service that shows too little for itself is corrected only by what collecting cannot explain: a clock that is
// early, or late by more than maxDelay. Offsets are relative to the steady service in the middle, since the time that collecting takes is in all of
// them. Coarse services are not looked at, and not corrected.
func estimate(records []Record, coarse map[string]bool) Clock {
	deltas := map[string][]int64{} // of each service
	times := map[string][2]int64{}
	for i := range records {
		r := &records[i]
		if coarse[r.Service] {
			continue
		}
		if r.Observed == 0 {
			return Clock{}
		}
		span, seen := times[r.Service]
		if !seen {
			span = [2]int64{r.Time, r.Time}
		}
		times[r.Service] = [2]int64{min(span[0], r.Time), max(span[1], r.Time)}
		deltas[r.Service] = append(deltas[r.Service], Between(r.Observed, r.Time))
	}
	if len(deltas) < 2 {
		return Clock{}
	}
	var noise, widest, spans int64 // sums over all services, and the largest
	middles := map[string]int64{}
	var known []int64 // the middles of those whose distance is steady
	unsteady := map[string]bool{}
	for service, ds := range deltas {
		slices.Sort(ds)
		width, span := Between(ds[0], ds[len(ds)-1]), Between(times[service][0], times[service][1])
		noise = Between(-noise, width)
		widest = max(widest, width)
		spans = Between(-spans, span)
		middles[service] = ds[len(ds)/2]
		if span == 0 || width > span/steadier {
			unsteady[service] = true
		} else {
			known = append(known, middles[service])
		}
	}
	if len(known) == 0 || noise > spans/steadier {
		return Clock{}
	}
	slices.Sort(known)
	usual := known[len(known)/2]
	c := Clock{Corrected: true, Offsets: map[string]int64{}}
	var earliest, latest int64
	for service, d := range middles {
		off := Between(usual, d)
		if unsteady[service] && off < 0 && off >= -int64(maxDelay) {
			off = 0
		}
		c.Offsets[service] = off
		earliest, latest = min(earliest, off), max(latest, off)
	}
	if skew := Between(earliest, latest); skew < int64(minSkew) || widest > skew/clearer {
		return Clock{}
	}
	return c
}
