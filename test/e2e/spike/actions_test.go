// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package spike

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/test/harness"
)

// guard is all that the configurations of these tests have in common. What is usual is learned in seconds.
const guard = `
  spike_guard:
    action: %s
    budget: {burst: %s, learned: {learn: 3s, floor: {bytes_per_second: 1000000, records_per_second: 300}}}
    calm: 2s
    summarize: {interval: 3s}
`

// A burst of the default's length is what a destination must have room for; where it has not, all wait until it has taken it.
const (
	usualBurst = 2 * time.Second
	smallBurst = 200 * time.Millisecond
)

// direct sends what passes at once, without a queue, so that a slow destination holds the senders up.
const direct = `
receivers:
  otlp: {protocols: {grpc: {endpoint: '{{addr "otlp"}}', max_recv_msg_size_mib: 64}}}
processors:%s
exporters:
  otlp_grpc: {endpoint: '%s', tls: {insecure: true}, sending_queue: {enabled: false}}
service:
  pipelines:
    logs: {receivers: [otlp], processors: [spike_guard], exporters: [otlp_grpc]}
`

// capacity is what the destination takes in a second: the usual, a budget beside it, and some more. In the spike twice as much is offered and
// more.
const capacity = 2600

// against runs a stream through an action.
func against(t *testing.T, seed, records int, action string, burst time.Duration) (*judge, account) {
	t.Helper()
	s := openStream(t, seed, records)
	k := startKeeper(t, capacity)
	lb := harness.Start(t, harness.Config{Name: action, YAML: fmt.Sprintf(direct, fmt.Sprintf(guard, action, burst), k.Addr)})
	j := &judge{play: s.run(t, lb.Addr("otlp")), keeper: k, burst: burst}
	taken := 0
	for _, ok := range j.play.taken {
		if ok {
			taken++
		}
	}
	ended(t, k)
	a := balanced(t, lb, taken)
	t.Log(a)
	lb.Terminate()
	t.Logf("processor time: %s", lb.CPU().Round(time.Millisecond))
	k.mu.Lock()
	t.Cleanup(k.mu.Unlock)
	return j, a
}

// ended waits for the notice of the end.
func ended(t *testing.T, k *keeper) {
	t.Helper()
	harness.Eventually(t, time.Minute, func() error {
		k.mu.Lock()
		defer k.mu.Unlock()
		if len(k.notices) < 2 {
			return fmt.Errorf("%d notices", len(k.notices))
		}
		return nil
	})
}

// TestThin runs first and alone: it also looks at how long the quiet services have to wait.
func TestThin(t *testing.T) {
	j, a := against(t, 1, 50_000, "thin", smallBurst)
	before, during := j.quiet(t)
	latency(t, before, during)
	j.told(t)
	j.volume(t)
	offered, came, weight := j.loud()
	t.Logf("%s: %d of %d records came, standing for %.0f, off by %.2f %%; %d are the last of a burst", j.play.stream.loud, came, offered, weight, 100*(weight/float64(offered)-1), j.keeper.lasts)
	assert.InEpsilon(t, offered, weight, 0.02, "what the weights say")
	assert.Equal(t, a.thinned, offered-came)
	assert.Zero(t, a.refused+a.diverted+a.dropped+a.summarized)
}

func TestSummarize(t *testing.T) {
	t.Parallel()
	j, a := against(t, 2, 40_000, "summarize", usualBurst)
	j.quiet(t)
	j.told(t)
	j.volume(t)
	offered, came, weight := j.loud()
	t.Logf("%s: %d of %d records came, %d summaries stand for %d", j.play.stream.loud, came, offered, j.keeper.summed, j.keeper.counted[j.play.stream.loud])
	assert.EqualValues(t, offered, int64(came)+j.keeper.counted[j.play.stream.loud], "what passed and what the summaries count, exactly")
	assert.EqualValues(t, came, weight, "no weights: the summaries count")
	assert.Len(t, j.keeper.counted, 1)
	assert.Equal(t, a.summarized, offered-came)
	assert.Less(t, j.keeper.summed, 200)
}

func TestDrop(t *testing.T) {
	t.Parallel()
	j, a := against(t, 4, 40_000, "drop", usualBurst)
	j.quiet(t)
	j.told(t)
	j.volume(t)
	offered, came, weight := j.loud()
	assert.EqualValues(t, came, weight, "no weights")
	assert.Equal(t, a.dropped, offered-came)
}

// TestRefuse has requests of the loud service alone, which are refused, and requests of all services, which are not.
func TestRefuse(t *testing.T) {
	t.Parallel()
	j, a := against(t, 5, 40_000, "refuse", usualBurst)
	j.quiet(t)
	j.told(t)
	s := j.play.stream
	refused, offered, came := 0, 0, 0
	for n, r := range s.records {
		if r.service != s.loud {
			continue
		}
		if !j.play.taken[n] {
			refused++
			assert.Zero(t, j.keeper.times[n], "a record that was refused and came")
		} else if r.at >= s.begin && r.at <= s.end {
			offered++
			if j.keeper.times[n] > 0 {
				came++
			}
		}
	}
	t.Logf("%s: %d records refused, %d taken in the spike, %d came: %.2f of what is allowed, of which a request may be more", s.loud, refused, offered, came, float64(came)/j.allowed())
	assert.Equal(t, refused, a.refused)
	// A request passes as a whole.
	assert.Less(t, float64(came), 1.2*j.allowed()+float64(j.play.most), "volume as a part of the budget")
	assert.Greater(t, float64(came), 0.8*j.allowed(), "volume as a part of the budget")
	require.Positive(t, refused)
}
