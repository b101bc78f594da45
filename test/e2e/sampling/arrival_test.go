// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package sampling

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
)

// arrival is when a record comes.
type arrival struct {
	number int
	at     time.Duration // after the beginning
}

// arrivals lets the stream come at a pace, but every record up to lag too late, each by another time: those of a request
// come in any order.
func (s *shop) arrivals(perSecond float64, lag time.Duration) []arrival {
	rnd := rand.New(rand.NewPCG(7, 11))
	out := make([]arrival, len(s.records))
	for n := range out {
		out[n] = arrival{n, time.Duration(float64(n)/perSecond*1e9) + time.Duration(rnd.Int64N(int64(lag)))}
	}
	slices.SortFunc(out, func(a, b arrival) int { return cmp.Compare(a.at, b.at) })
	return out
}

// feeder sends arrivals in time and remembers when they were taken.
type feeder struct {
	shop  *shop
	send  func(plog.Logs) error
	began time.Time
	// first is when the first record of a request was sent, last when its last was acknowledged.
	first, last []time.Time
	sent        int
}

func newFeeder(s *shop, send func(plog.Logs) error) *feeder {
	return &feeder{shop: s, send: send, first: make([]time.Time, len(s.requests)), last: make([]time.Time, len(s.requests))}
}

// feed sends arrivals, each when it is due. What a pause has delayed comes at once.
func (f *feeder) feed(t *testing.T, list []arrival) {
	t.Helper()
	const most = 2000 // records a request
	if f.began.IsZero() {
		f.began = time.Now()
	}
	for len(list) > 0 {
		time.Sleep(time.Until(f.began.Add(list[0].at)))
		time.Sleep(10 * time.Millisecond) // some more come along
		now, n := time.Now(), 0
		var numbers []int
		for n < len(list) && n < most && list[n].at <= now.Sub(f.began) {
			numbers = append(numbers, list[n].number)
			if r := f.shop.records[list[n].number].request; r >= 0 && f.first[r].IsZero() {
				f.first[r] = now
			}
			n++
		}
		require.NoError(t, f.send(f.shop.batch(numbers)))
		acknowledged := time.Now()
		for _, a := range list[:n] {
			if r := f.shop.records[a.number].request; r >= 0 {
				f.last[r] = acknowledged
			}
		}
		list, f.sent = list[n:], f.sent+n
	}
}

// slow marks the requests whose records took as long as the wait to come: a machine that was busy has held them up.
func (f *feeder) slow(t *testing.T, wait time.Duration) []bool {
	t.Helper()
	out, n := make([]bool, len(f.first)), 0
	var longest time.Duration
	for i := range out {
		took := f.last[i].Sub(f.first[i])
		longest = max(longest, took)
		if out[i] = took > wait-100*time.Millisecond; out[i] {
			n++
		}
	}
	t.Logf("records of a request came within %s at most; wait is %s; %d of %d requests took as long", longest.Round(time.Millisecond), wait, n, len(out))
	require.LessOrEqual(t, n, len(out)/20, "requests that this machine has held up")
	return out
}
