// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package trail

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const ms = int64(time.Millisecond)

func record(service string, at int64, text string) Record {
	return Record{Time: at * ms, Service: service, Text: text, Error: text != ""}
}

// observed is a record of a service whose clock is off, collected after a delay.
func observed(service string, at, off, delay int64) Record {
	return Record{Time: (at + off) * ms, Observed: (at + delay) * ms, Service: service}
}

func TestNothing(t *testing.T) {
	tr := Arrange(nil)
	require.Equal(t, -1, tr.FirstError)
	require.Empty(t, tr.Order)
	tr = Arrange([]Record{{Time: 5}})
	require.Equal(t, []int{0}, tr.Order)
	require.Equal(t, []int64{0}, tr.Offsets)
	require.Empty(t, tr.Gaps)
}

func TestLanes(t *testing.T) {
	tr := Arrange([]Record{
		{Time: 30 * ms, Service: "cart", Instance: "a", Error: true},
		{Time: 10 * ms, Service: "edge"},
		{Time: 20 * ms, Service: "cart", Instance: "a"},
		{Time: 25 * ms, Service: "cart", Instance: "b"},
		{Time: 40 * ms, Service: "edge"},
	})
	require.Equal(t, []int{1, 2, 3, 0, 4}, tr.Order)
	require.Equal(t, []int64{0, 10 * ms, 15 * ms, 20 * ms, 30 * ms}, tr.Offsets)
	require.Equal(t, []int{0, 1, 2, 1, 0}, tr.LaneOf)
	require.Equal(t, []Lane{
		{Service: "edge", First: 10 * ms, Last: 40 * ms, Records: 2},
		{Service: "cart", Instance: "a", First: 20 * ms, Last: 30 * ms, Records: 2, Errors: 1},
		{Service: "cart", Instance: "b", First: 25 * ms, Last: 25 * ms, Records: 1},
	}, tr.Lanes)
	require.Equal(t, 3, tr.FirstError)
}

func TestGaps(t *testing.T) {
	of := func(offsets ...int64) []Gap {
		for i := range offsets {
			offsets[i] *= ms
		}
		return gaps(offsets)
	}
	require.Empty(t, of(0, 1, 2, 3, 4), "short")
	require.Empty(t, of(0, 100, 200, 300, 400), "the usual")
	require.Equal(t, []Gap{{2, 500 * ms}}, of(0, 1, 2, 502, 503, 504))
	require.Equal(t, []Gap{{0, 300 * ms}, {3, 400 * ms}}, of(0, 300, 301, 302, 702, 703, 704, 705))
	require.Equal(t, []Gap{{0, 2000 * ms}}, of(0, 2000), "two records alone")
}

func TestClock(t *testing.T) {
	for name, tt := range map[string]struct {
		records []Record
		offsets map[string]int64 // in ms; nil: not corrected
	}{
		"none known":  {[]Record{{Time: 5, Service: "a"}, {Time: 6, Service: "b"}}, nil},
		"one service": {[]Record{observed("a", 0, 900, 5), observed("a", 50, 900, 5)}, nil},
		"three clocks": {
			[]Record{
				observed("gateway", 0, 300, 5), observed("cart", 10, -905, 5), observed("cart", 130, -905, 6), observed("payment", 110, 1295, 5),
				observed("payment", 120, 1295, 5), observed("gateway", 140, 300, 5),
			},
			map[string]int64{"gateway": 0, "cart": -1205, "payment": 995},
		},
		"files that are read now and then": {
			[]Record{
				observed("gateway", 0, 0, 200), observed("cart", 10, 0, 190), observed("cart", 130, 0, 70), observed("payment", 110, 0, 90),
				observed("gateway", 140, 0, 60),
			},
			nil,
		},
		"a queue that is emptied at once": {
			[]Record{observed("gateway", 0, 0, 3), observed("gateway", 200, 0, 3), observed("cart", 10, 0, 30_000), observed("cart", 130, 0, 29_880)},
			nil,
		},
		"clocks that agree": {
			[]Record{observed("gateway", 0, 0, 5), observed("cart", 10, 2, 5), observed("cart", 130, 2, 5), observed("gateway", 200, 0, 5)},
			nil,
		},
		"one record each":      {[]Record{observed("gateway", 0, 0, 5), observed("cart", 10, 700, 5)}, nil},
		"one without its time": {[]Record{observed("gateway", 0, 0, 5), observed("gateway", 90, 0, 5), observed("cart", 10, 700, 5), {Time: 4, Service: "x"}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			tr := Arrange(tt.records)
			require.Equal(t, tt.offsets != nil, tr.Clock.Corrected)
			require.Len(t, tr.Clock.Offsets, len(tt.offsets))
			for service, want := range tt.offsets {
				require.InDelta(t, want*ms, tr.Clock.Offsets[service], float64(2*ms), service)
			}
			if tt.offsets != nil { // then the order is that of the observations
				require.True(t, slices.IsSortedFunc(tr.Order, func(a, b int) int { return int(tt.records[a].Observed - tt.records[b].Observed) }), "%v", tr.Order)
			}
		})
	}
}

// TestCoarse: an access log of whole seconds comes after what was done in that second, and makes no gap.
func TestCoarse(t *testing.T) {
	tr := Arrange([]Record{
		record("edge", 5000, ""), record("cart", 5800, ""), record("cart", 5810, ""), record("stock", 5805, ""), record("edge", 6000, ""), record("cart", 7100, ""),
	})
	require.Equal(t, []int{1, 3, 2, 0, 4, 5}, tr.Order)
	require.Equal(t, []int64{0, 5 * ms, 10 * ms, 10 * ms, 200 * ms, 1300 * ms}, tr.Offsets)

	tr = Arrange([]Record{record("edge", 6000, ""), record("cart", 5000, ""), record("cart", 7000, "")}) // all of them are
	require.Equal(t, []int{1, 0, 2}, tr.Order)

	// Its clock says nothing.
	tr = Arrange([]Record{
		observed("cart", 10, 0, 5), observed("cart", 130, 0, 5), observed("stock", 20, 0, 5), observed("stock", 120, 0, 5),
		{Time: 0, Observed: 140 * ms, Service: "edge"},
	})
	require.False(t, tr.Clock.Corrected)
	require.Equal(t, 4, tr.Order[4])
}

func TestOrigin(t *testing.T) {
	for name, tt := range map[string]struct {
		records []Record
		want    int // index into records
	}{
		"none":          {[]Record{record("a", 1, ""), record("b", 2, "")}, -1},
		"the first":     {[]Record{record("cart", 1, ""), record("cart", 5, "disk full"), record("edge", 2, "gave up")}, 2},
		"who was named": {[]Record{record("gateway", 1, "upstream cart failed with status 503"), record("cart", 2, "i/o timeout")}, 1},
		"a chain": {[]Record{
			record("api-gateway", 1, "upstream checkout failed"), record("checkout", 2, "Checkout failed: payment-service answered 502\n\tat c.shop.search.X"),
			record("payment-service", 9, "acquirer declined"), record("search", 0, "cache is cold"),
		}, 2},
		"who names itself":               {[]Record{record("cart", 3, "cart: redis is gone"), record("edge", 1, "cart answered 500")}, 0},
		"a service without errors":       {[]Record{record("cart", 3, "inventory did not answer"), record("inventory", 1, "")}, 0},
		"a short form":                   {[]Record{record("edge", 1, "call to Payment failed"), record("payment-service", 2, "no")}, 1},
		"each names the other":           {[]Record{record("cart", 3, "stock failed"), record("stock", 4, "cart failed")}, 0},
		"part of a name is no name":      {[]Record{record("edge", 1, "api-gateway-2 and shop.gateway.Handler are fine"), record("gateway", 2, "no")}, 0},
		"access logs":                    {[]Record{{Time: 1, Service: "edge"}, {Time: 2, Service: "edge", Failed: true}}, 1},
		"an access log that has a level": {[]Record{{Time: 1, Service: "edge", Failed: true, Error: true}, record("cart", 5, "x")}, 1},
		"errors before access logs":      {[]Record{{Time: 1, Service: "edge", Failed: true}, record("cart", 5, "x")}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			tr := Arrange(tt.records)
			if tt.want < 0 {
				require.Equal(t, -1, tr.FirstError)
				return
			}
			require.Equal(t, tt.want, tr.Order[tr.FirstError])
		})
	}
}

// FuzzNames: a name that is found is in the text.
func FuzzNames(f *testing.F) {
	f.Add("upstream cart failed", "cart")
	f.Add("", "")
	f.Add("payment: \xff", "payment-service")
	f.Fuzz(func(t *testing.T, text, service string) {
		_ = Names(text, service)
		if len(service) >= minServiceName && len(service) < maxHeadline/2 && !Names("x "+service+" y", service) && !slices.Contains([]byte(service), '\n') {
			t.Fatalf("%q is not found", service)
		}
	})
}

// TestArrangeAny: whatever the times, each record is in the order once and every index fits.
func TestArrangeAny(t *testing.T) {
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 1))
		var records []Record
		for range rng.IntN(40) {
			r := Record{
				Time: rng.Int64N(1e9), Service: fmt.Sprint("service", rng.IntN(4)), Instance: fmt.Sprint(rng.IntN(2)), Error: rng.IntN(5) == 0,
				Text: fmt.Sprint("service", rng.IntN(4), " failed"),
			}
			if seed%2 == 0 {
				r.Observed = r.Time + rng.Int64N(1e9)
			}
			records = append(records, r)
		}
		tr := Arrange(records)
		order := slices.Clone(tr.Order)
		slices.Sort(order)
		for i := range order {
			require.Equal(t, i, order[i])
		}
		require.Len(t, order, len(records))
		require.Len(t, tr.LaneOf, len(records))
		require.True(t, slices.IsSorted(tr.Offsets))
		n := 0
		for _, l := range tr.Lanes {
			n += l.Records
			require.LessOrEqual(t, l.First, l.Last)
		}
		require.Equal(t, len(records), n)
	}
}

// FuzzArrange arranges records of any bytes and times: each is in the order once, and no time runs backwards.
func FuzzArrange(f *testing.F) {
	f.Add([]byte("some records of services that fail, one after the other"), "cart", "payment-service", "payment answered 503", int64(1_768_435_200_000_000_000))
	f.Add([]byte{0, 255, 1, 254, 2, 128}, "", "\xff", "\x00", int64(math.MaxInt64))
	f.Add([]byte{255, 0, 127, 3, 3, 3, 9}, "a", "a", "a a", int64(math.MinInt64))
	f.Fuzz(func(t *testing.T, data []byte, a, b, text string, at int64) {
		var records []Record
		for i, c := range data[:min(len(data), 200)] {
			r := Record{Time: at, Service: a, Error: c&1 != 0, Failed: c&2 != 0, Instance: fmt.Sprint(c >> 6), Text: text}
			if c&4 != 0 {
				r.Service, r.Text = b, a+" "+text
			}
			switch {
			case c&8 != 0:
				r.Time = int64(i) * int64(c) * ms
			case c&16 != 0:
				r.Time += int64(c) << 24 // which may be one of another age
			}
			if c != 255 {
				r.Observed = r.Time + int64(c)*1000 + 1
			}
			records = append(records, r)
		}
		tr := Arrange(records)
		order := slices.Clone(tr.Order)
		slices.Sort(order)
		for i := range order {
			if order[i] != i {
				t.Fatalf("order %v", tr.Order)
			}
		}
		if len(order) != len(records) || !slices.IsSorted(tr.Offsets) || len(tr.Offsets) > 0 && tr.Offsets[0] != 0 || len(tr.Gaps) > maxGaps {
			t.Fatalf("%d records, offsets %v, %d gaps", len(order), tr.Offsets, len(tr.Gaps))
		}
		n := 0
		for _, l := range tr.Lanes {
			n += l.Records
			if l.First > l.Last || l.Errors > l.Records {
				t.Fatalf("lane %+v", l)
			}
		}
		if e := tr.FirstError; n != len(records) || e >= len(order) || e >= 0 && !records[tr.Order[e]].Error && !records[tr.Order[e]].Failed {
			t.Fatalf("%d records in lanes, first error %d", n, e)
		}
	})
}

// TestClockOfFew: of a service that shows no steady distance, the time that collecting takes is no error of its clock.
func TestClockOfFew(t *testing.T) {
	steady := []Record{observed("gateway", 0, 0, 1), observed("gateway", 100, 0, 1), observed("gateway", 300, 0, 1)}
	for name, tt := range map[string]struct {
		more   []Record
		offset int64 // of payment, ms
	}{
		"a file that is read now and then": {[]Record{observed("payment", 50, 0, 180)}, 0},
		"what was written at a time":       {[]Record{observed("payment", 50, 0, 400), observed("payment", 60, 0, 390)}, 0},
		"a clock that is early":            {[]Record{observed("payment", 50, 900, 1)}, 900},
		"a clock that is late by more":     {[]Record{observed("payment", 50, -3000, 1)}, -3000},
		"a clock that is steadily late":    {[]Record{observed("payment", 50, -700, 1), observed("payment", 90, -700, 1)}, -700},
	} {
		t.Run(name, func(t *testing.T) {
			// The third service's clock is off, so that something is corrected in any case.
			records := append(slices.Clone(steady), observed("cart", 20, 500, 1), observed("cart", 200, 500, 1))
			records = append(append(records, tt.more...), observed("edge", 0, 0, 1), observed("edge", 299, 0, 1))
			tr := Arrange(records)
			require.True(t, tr.Clock.Corrected)
			require.InDelta(t, 500*ms, tr.Clock.Offsets["cart"]-tr.Clock.Offsets["gateway"], float64(2*ms))
			require.InDelta(t, tt.offset*ms, tr.Clock.Offsets["payment"]-tr.Clock.Offsets["gateway"], float64(2*ms))
		})
	}
	tr := Arrange(append(slices.Clone(steady), observed("payment", 50, 0, 180)))
	require.False(t, tr.Clock.Corrected, "%v", tr.Clock)
	require.Equal(t, []int{0, 3, 1, 2}, tr.Order)
}

// TestSameTime: records of the same time, which is common where times are in whole ms, are in the order in which they were collected.
func TestSameTime(t *testing.T) {
	tr := Arrange([]Record{
		{Time: 7 * ms, Observed: 9*ms + 3, Service: "cart"}, {Time: 7 * ms, Observed: 9*ms + 1, Service: "cart"}, {Time: 7 * ms, Observed: 9*ms + 2, Service: "cart"},
	})
	require.Equal(t, []int{1, 2, 0}, tr.Order)
}

// TestOriginOfMany: what comes behind the first errors, or of more services than are looked for, is left out.
func TestOriginOfMany(t *testing.T) {
	var records []Record
	for i := range 3 * maxErrors {
		records = append(records, record(fmt.Sprintf("service%d", i%(2*maxFailing)), int64(i+1), strings.Repeat("it failed, as did service0x. ", 90)))
	}
	require.Equal(t, 0, Arrange(records).FirstError)
	records[5].Text = "Service7 answered 503"
	require.Equal(t, 7, Arrange(records).FirstError)
	records[5].Text = fmt.Sprintf("service%d answered 503", maxFailing+1)
	require.Equal(t, 0, Arrange(records).FirstError)
}
