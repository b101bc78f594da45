// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package trail puts the records of one request, from all services, in the order in which they happened: on one clock as far as the
// records tell of the clocks, in lanes, with the silences between them, and with the error that came before all others. It knows
// neither HTTP nor the archive.
package trail // import "github.com/logboom/logboom/internal/trail"

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// Record is one record of a trail.
type Record struct {
	Time     int64 // ns since the Unix epoch, by the clock of who wrote it
	Observed int64 // ns since the Unix epoch, by the clock of who collected it; 0: not known
	Service  string
	Instance string // of the service, such as a pod; "" is not known
	Error    bool   // its level is error or above
	Failed   bool   // it only says how a request ended, and that this was badly: an access log with a status of 5xx
	Text     string // what it says, for the names of other services in it
}

// Trail is what was made of records.
type Trail struct {
	// Order are the indexes of the records in the order in which they happened. All other fields count by that order.
	Order   []int
	Offsets []int64 // ns after the first
	LaneOf  []int
	Lanes   []Lane // in the order in which they begin
	Gaps    []Gap
	// FirstError is the error that the others follow from, as far as can be told; -1: there is none.
	FirstError int
	Clock      Clock
}

// Lane is what one instance of a service did.
type Lane struct {
	Service, Instance string
	First, Last       int64 // ns since the Unix epoch, on the clock of the trail
	Records, Errors   int
}

// Gap is a time in which nothing was written.
type Gap struct {
	After int // the record before it
	NS    int64
}

// Arrange makes a trail of records, which it does not change.
func Arrange(records []Record) *Trail {
	t := &Trail{FirstError: -1}
	if len(records) == 0 {
		return t
	}
	coarse := coarseServices(records)
	t.Clock = estimate(records, coarse)
	at := make([]int64, len(records)) // on the clock of the trail
	for i := range records {
		at[i] = Between(t.Clock.Offsets[records[i].Service], records[i].Time)
		t.Order = append(t.Order, i)
	}
	placeCoarse(records, coarse, at)
	slices.SortStableFunc(t.Order, func(a, b int) int {
		return cmp.Or(
			cmp.Compare(at[a], at[b]), compareBool(coarse[records[a].Service], coarse[records[b].Service]),
			cmp.Compare(records[a].Observed, records[b].Observed), // many have times of whole ms
		)
	})
	first := at[t.Order[0]]
	lanes := map[[2]string]int{}
	for _, i := range t.Order {
		r := &records[i]
		key := [2]string{r.Service, r.Instance}
		l, ok := lanes[key]
		if !ok {
			l = len(t.Lanes)
			lanes[key] = l
			t.Lanes = append(t.Lanes, Lane{Service: r.Service, Instance: r.Instance, First: at[i]})
		}
		lane := &t.Lanes[l]
		lane.Last = at[i]
		lane.Records++
		if r.Error {
			lane.Errors++
		}
		t.LaneOf = append(t.LaneOf, l)
		t.Offsets = append(t.Offsets, Between(first, at[i]))
	}
	t.Gaps = gaps(t.Offsets)
	t.FirstError = origin(records, t.Order)
	return t
}

// Between returns how long it is from one time to another, in ns: as long as can be told, where a record is of another age.
func Between(from, to int64) int64 {
	d := to - from
	switch {
	case from < 0 && to >= 0 && d < 0:
		return math.MaxInt64
	case from > 0 && to < 0 && d > 0:
		return math.MinInt64
	}
	return d
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// coarseServices are those that write whole seconds only, as most access logs do, beside others that do not.
func coarseServices(records []Record) map[string]bool {
	fine := map[string]bool{}
	for i := range records {
		if records[i].Time%int64(time.Second) != 0 {
			fine[records[i].Service] = true
		}
	}
	coarse := map[string]bool{}
	for i := range records {
		if s := records[i].Service; len(fine) > 0 && !fine[s] {
			coarse[s] = true
		}
	}
	return coarse
}

// placeCoarse puts a record whose time is a whole second behind what others wrote in that second: servers log a request when it is
// done, and otherwise it would seem that nothing happened up to the next record.
func placeCoarse(records []Record, coarse map[string]bool, at []int64) {
	var fine []int64
	for i := range records {
		if !coarse[records[i].Service] {
			fine = append(fine, at[i])
		}
	}
	slices.Sort(fine)
	for i := range records {
		if !coarse[records[i].Service] {
			continue
		}
		if next, _ := slices.BinarySearch(fine, Between(-int64(time.Second), at[i])); next > 0 {
			at[i] = max(at[i], fine[next-1])
		}
	}
}

const (
	// minGap is the shortest silence worth telling of, and maxGaps how many there are in a trail.
	minGap  = 10 * time.Millisecond
	maxGaps = 10
	// gapShare is the part of the whole time that a silence has, at least, and gapFactor how many times longer than the usual
	// distance of two records it is.
	gapShare, gapFactor = 10, 5
)

// gaps are the silences that stand out, in order.
func gaps(offsets []int64) []Gap {
	n := len(offsets)
	if n < 2 {
		return nil
	}
	all := make([]Gap, 0, n-1)
	for i := 1; i < n; i++ {
		all = append(all, Gap{i - 1, offsets[i] - offsets[i-1]})
	}
	slices.SortStableFunc(all, func(a, b Gap) int { return cmp.Compare(b.NS, a.NS) })
	usual := all[len(all)/2].NS
	if len(all) < 3 {
		usual = 0 // too few to be usual
	}
	least := max(int64(minGap), offsets[n-1]/gapShare, min(usual, math.MaxInt64/gapFactor)*gapFactor)
	stop := 0
	for stop < len(all) && stop < maxGaps && all[stop].NS >= least {
		stop++
	}
	out := all[:stop]
	slices.SortFunc(out, func(a, b Gap) int { return cmp.Compare(a.After, b.After) })
	return out
}
