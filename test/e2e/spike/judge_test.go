// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package spike

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/test/harness"
)

// What the processor writes.
const (
	beginEvent    = "logboom.spike_guard.begin"
	endEvent      = "logboom.spike_guard.end"
	lastAttribute = "logboom.spike_guard.last"
	divertedMark  = "logboom.spike_guard.diverted"
)

// notice is a record that tells of a spike.
type notice struct {
	event, service, body string
	budget               float64 // records a second
	came                 time.Time
}

// keeper is a destination that takes so many records a second and notes what it was sent.
type keeper struct {
	Addr string
	pace harness.Pace

	mu       sync.Mutex
	came     map[int]time.Time // by the number of a record
	times    map[int]int
	weights  map[int]float64
	lasts    int
	diverted int
	notices  []notice
	counted  map[string]int64 // by service: records that summaries stand for
	summed   int              // summaries
	wrong    map[string]int
}

func startKeeper(t *testing.T, perSecond float64) *keeper {
	t.Helper()
	k := &keeper{
		pace: harness.Pace{PerSecond: perSecond}, came: map[int]time.Time{}, times: map[int]int{}, weights: map[int]float64{},
		counted: map[string]int64{}, wrong: map[string]int{},
	}
	k.Addr = harness.ServeOTLP(t, harness.Taker{Logs: k.take})
	return k
}

func (k *keeper) take(ld plog.Logs) error {
	k.pace.Take(ld.LogRecordCount())
	k.mu.Lock()
	defer k.mu.Unlock()
	now := time.Now()
	for _, rl := range ld.ResourceLogs().All() {
		service, _ := rl.Resource().Attributes().Get("service.name")
		for _, sl := range rl.ScopeLogs().All() {
			for _, lr := range sl.LogRecords().All() {
				k.note(service.Str(), lr, now)
			}
		}
	}
	return nil
}

func (k *keeper) note(service string, lr plog.LogRecord, now time.Time) {
	if lr.EventName() == beginEvent || lr.EventName() == endEvent {
		budget, _ := lr.Attributes().Get("logboom.spike_guard.budget.records_per_second")
		k.notices = append(k.notices, notice{lr.EventName(), service, lr.Body().AsString(), budget.Double(), now})
		return
	}
	if count, ok := lr.Attributes().Get(archive.AttributeRecordCount); ok {
		k.counted[service] += count.Int()
		k.summed++
		return
	}
	if _, ok := lr.Attributes().Get(lastAttribute); ok {
		k.lasts++
		return
	}
	if _, ok := lr.Attributes().Get(divertedMark); ok {
		k.diverted++
	}
	number, ok := lr.Attributes().Get(numberAttribute)
	if !ok {
		k.wrong["no number"]++
		return
	}
	n := int(number.Int())
	k.times[n]++
	k.came[n] = now
	k.weights[n] = 1
	threshold, ok := lr.Attributes().Get("sampling.threshold")
	if !ok {
		return
	}
	rejected, err := strconv.ParseUint((threshold.Str() + "00000000000000")[:14], 16, 64)
	randomness, _ := lr.Attributes().Get("sampling.randomness")
	random, err2 := strconv.ParseUint(randomness.Str(), 16, 64)
	if err != nil || err2 != nil || len(threshold.Str()) > 14 || strings.HasSuffix(threshold.Str(), "0") && threshold.Str() != "0" || random < rejected {
		k.wrong[fmt.Sprintf("threshold %q, randomness %q", threshold.Str(), randomness.Str())]++
		return
	}
	k.weights[n] = 1 / (1 - float64(rejected)/(1<<56))
}

// judge compares what came with what was sent.
type judge struct {
	play   *play
	keeper *keeper
	burst  time.Duration
}

// took is when the spike really came: its first record was sent and its last had arrived.
func (j *judge) took() (first, last time.Time) {
	s := j.play.stream
	for n, r := range s.records {
		if r.service != s.loud || r.at < s.begin || r.at > s.end {
			continue
		}
		if first.IsZero() {
			first = j.play.due[n]
		}
		if came := j.keeper.came[n]; came.After(last) {
			last = came
		}
	}
	return first, last
}

// allowed is how many records the loud service may send in the spike: its budget, as the notice says it, for as long as it lasted, and what it
// may send at once.
func (j *judge) allowed() float64 {
	if len(j.keeper.notices) == 0 {
		return 0
	}
	first, last := j.took()
	return j.keeper.notices[0].budget * (last.Sub(first) + j.burst).Seconds()
}

// quiet asserts that every record of the other services came once, and returns what it took, before the spike and in it.
func (j *judge) quiet(t *testing.T) (before, during []time.Duration) {
	t.Helper()
	s, k := j.play.stream, j.keeper
	lost, doubled, others := 0, 0, 0
	for n, r := range s.records {
		if k.times[n] > 1 {
			doubled++
		}
		if r.service == s.loud {
			continue
		}
		others++
		if k.times[n] == 0 {
			lost++
			continue
		}
		took := k.came[n].Sub(j.play.due[n])
		switch {
		case r.at > time.Second && r.at < s.begin-100*time.Millisecond: // the first second finds its feet
			before = append(before, took)
		case r.at > s.begin && r.at < s.end:
			during = append(during, took)
		}
	}
	t.Logf("of %d records of the quiet services %d were lost, %d records came twice", others, lost, doubled)
	assert.Empty(t, k.wrong, "records that are not as they should be")
	assert.Zero(t, lost, "records of quiet services that did not come")
	assert.Zero(t, doubled, "records that came twice")
	for _, n := range k.notices {
		assert.Equal(t, s.loud, n.service, "a notice: %s", n.body)
	}
	return before, during
}

// busy reports whether this is a short run, which shares its processors with other tests: bars of time are lenient then.
func busy() bool { return os.Getenv(recordsVariable) == "" }

// latency asserts that what the quiet services wrote took no longer in the spike.
func latency(t *testing.T, before, during []time.Duration) {
	t.Helper()
	slices.Sort(before)
	slices.Sort(during)
	require.NotEmpty(t, before)
	require.NotEmpty(t, during)
	at := func(list []time.Duration, q float64) time.Duration {
		return list[int(q*float64(len(list)-1))].Round(10 * time.Microsecond)
	}
	t.Logf("from a quiet service to the destination: p50 %s, p99 %s before the spike (%d records); p50 %s, p99 %s in it (%d records)",
		at(before, 0.5), at(before, 0.99), len(before), at(during, 0.5), at(during, 0.99), len(during))
	bar := 2 * at(before, 0.99)
	if busy() { // without a guard it would be more than ten seconds
		bar += 3 * time.Second
	}
	assert.Less(t, at(during, 0.99), bar, "p99 of the quiet services in the spike")
}

// told asserts that one notice came in time and another at the end.
func (j *judge) told(t *testing.T) {
	t.Helper()
	if !assert.Len(t, j.keeper.notices, 2) {
		return
	}
	first, last := j.took()
	begin, end := j.keeper.notices[0], j.keeper.notices[1]
	t.Logf("%s after the spike began: %s", begin.came.Sub(first).Round(time.Millisecond), begin.body)
	t.Logf("%s after the spike ended: %s", end.came.Sub(last).Round(time.Millisecond), end.body)
	assert.Equal(t, beginEvent, begin.event)
	assert.Equal(t, endEvent, end.event)
	soon, later := 2*time.Second, 10*time.Second
	if busy() {
		soon, later = 10*time.Second, time.Minute
	}
	assert.Less(t, begin.came.Sub(first), soon, "notice of the beginning")
	assert.Less(t, end.came.Sub(last), later, "notice of the end")
}

// volume asserts that the loud service got its budget in the spike, and something of all that it said.
func (j *judge) volume(t *testing.T) {
	t.Helper()
	s, k := j.play.stream, j.keeper
	passed, offered := 0, 0
	kinds := map[string][2]int{}
	for n, r := range s.records {
		if r.service != s.loud || r.at < s.begin || r.at > s.end || !j.play.taken[n] {
			continue
		}
		c := kinds[r.template]
		offered, c[0] = offered+1, c[0]+1
		if k.times[n] > 0 {
			passed, c[1] = passed+1, c[1]+1
		}
		kinds[r.template] = c
	}
	seconds := (s.end - s.begin).Seconds()
	t.Logf("%s: %.0f records a second of %.0f passed in the spike: %.2f of what is allowed; %d templates", s.loud, float64(passed)/seconds,
		float64(offered)/seconds, float64(passed)/j.allowed(), len(kinds))
	assert.InDelta(t, 1, float64(passed)/j.allowed(), 0.2, "volume as a part of the budget")
	for name, c := range kinds {
		assert.Positive(t, c[1], "records of template %s that came, of %d", name, c[0])
	}
}

// loud is how many records the loud service has offered that were taken, how many came, and for how many those stand.
func (j *judge) loud() (offered, came int, weight float64) {
	s, k := j.play.stream, j.keeper
	for n, r := range s.records {
		if r.service != s.loud || !j.play.taken[n] {
			continue
		}
		offered++
		if k.times[n] > 0 {
			came++
			weight += k.weights[n]
		}
	}
	return offered, came, weight
}

const metric = "otelcol_processor_spike_guard_"

// account is what the processor says of its records.
type account struct{ received, passed, thinned, summarized, dropped, diverted, refused, held int }

func (a account) String() string {
	return fmt.Sprintf("received %d, passed %d, thinned %d, summarized %d, dropped %d, diverted %d, refused %d, held %d",
		a.received, a.passed, a.thinned, a.summarized, a.dropped, a.diverted, a.refused, a.held)
}

// balanced waits until the processor has counted everything, and asserts that nothing is missing.
func balanced(t *testing.T, lb *harness.Logboom, received int) (a account) {
	t.Helper()
	harness.Eventually(t, time.Minute, func() error {
		s, err := lb.Scrape()
		require.NoError(t, err)
		require.True(t, s.Has(metric+"received_items_total"), "metrics of spike_guard")
		over := func(outcome string) int {
			return int(s.Sum(metric+"over_items_total", `outcome="`+outcome+`"`))
		}
		of := func(name string) int { return int(s.Sum(metric + name)) }
		a = account{
			of("received_items_total"), of("passed_items_total"), over("thinned"), over("summarized"), over("dropped"), over("diverted"),
			of("refused_items_total"), of("held_items"),
		}
		if a.received != received || a.received != a.passed+a.thinned+a.summarized+a.dropped || a.held != 0 {
			return fmt.Errorf("%s; %d were taken", a, received)
		}
		return nil
	})
	return a
}
