// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package spikeguardprocessor

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/logboom/logboom/internal/weight"
)

// spikeOf runs a rig for ten quiet seconds, thirty of a spike, and until all is told: loud sends 20 and then 2,000 records a second, quiet 50.
func spikeOf(t *testing.T, cfg *Config, after func(*rig)) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, cfg)
		for i := range 400 {
			n := 2
			if i >= 100 {
				n = 200
			}
			r.send(both(n))
			time.Sleep(100 * time.Millisecond)
		}
		time.Sleep(30 * time.Second)
		r.stop()
		r.balanced()
		assert.Equal(t, int64(400*5), int64(len(r.sink.came("quiet"))), "the quiet service does not notice")
		assert.Equal(t, int64(400*5+100*2+300*200), r.metric("received_items"))
		for _, zero := range []string{"spikes", "keys", "template_bytes", "held_items", "lost_items", "refused_items", "emit_failures", "inconsistent_thresholds"} {
			assert.Zero(t, r.metric(zero), zero)
		}
		after(r)
	})
}

func both(loud int) plog.Logs {
	ld := lines(loud, "loud")
	lines(5, "quiet").ResourceLogs().MoveAndAppendTo(ld.ResourceLogs())
	return ld
}

func weights(records []got) (sum float64) {
	for _, g := range records {
		sum += g.weight
	}
	return sum
}

const offered = 100*2 + 300*200 // of loud, by spikeOf

func TestThin(t *testing.T) {
	spikeOf(t, fixed(actionThin, 100), func(r *rig) {
		loud := r.sink.came("loud")
		assert.InEpsilon(t, 200+30*100+2*100, len(loud), 0.2, "its budget, and a burst")
		assert.InEpsilon(t, offered, weights(loud), 0.05)
		assert.Equal(t, int64(offered-len(loud)), r.metric("over_items", "outcome", "thinned", "key", "loud"))
		assert.Positive(t, r.metric("over_bytes", "outcome", "thinned", "key", "loud"))
		with := 0
		for _, g := range loud {
			_, threshold := g.attrs[weight.ThresholdAttribute]
			_, randomness := g.attrs[weight.RandomnessAttribute]
			require.Equal(t, threshold, randomness, "the trace id does not tell")
			if threshold {
				with++
			}
		}
		assert.Positive(t, with)
		assert.Less(t, with, len(loud), "what came before the spike has no weight")
		for _, g := range r.sink.came("quiet") {
			require.Empty(t, g.attrs)
		}
		last := r.sink.all(func(g *got) bool { return g.attrs[attributeLast] == true })
		require.Len(t, last, 1)
		assert.Equal(t, "loud", last[0].service)
		assert.Contains(t, last[0].body, "loop iteration")
		assert.Equal(t, int64(1), r.metric("emitted_items", "kind", "last"))
		begin, end := r.sink.event(eventBegin), r.sink.event(eventEnd)
		require.Len(t, begin, 1)
		require.Len(t, end, 1)
		assert.Equal(t, "loud", begin[0].service)
		assert.Equal(t, plog.SeverityNumberWarn, begin[0].severity)
		assert.Regexp(t, `^A spike of "loud": it sends \S+ kB/s and [\d,]+ records/s, and its budget is 100 records/s; what is over is thinned; 100 % of it is: loop iteration <\*> of the reconciler reached no fixed point$`, begin[0].body)
		assert.Equal(t, "thin", begin[0].attrs["logboom.spike_guard.action"])
		assert.InDelta(t, 100, begin[0].attrs["logboom.spike_guard.budget.records_per_second"], 0)
		assert.Equal(t, plog.SeverityNumberInfo, end[0].severity)
		assert.Regexp(t, `^The spike of "loud" is over after 4\ds: it sent \d\.\d MB in [\d,]+ records, of which [\d,]+ records passed; 100 % of it is: loop`, end[0].body)
		assert.InDelta(t, 40, end[0].attrs["logboom.spike_guard.duration"], 4)
		assert.InDelta(t, 60_000, end[0].attrs["logboom.spike_guard.offered.records"], 1000)
	})
}

func TestDrop(t *testing.T) {
	spikeOf(t, fixed(actionDrop, 100), func(r *rig) {
		loud := r.sink.came("loud")
		assert.InEpsilon(t, 200+30*100+2*100, len(loud), 0.2)
		assert.InDelta(t, len(loud), weights(loud), 0)
		assert.Equal(t, int64(offered-len(loud)), r.metric("over_items", "outcome", "dropped", "key", "loud"))
		assert.Len(t, r.sink.all(func(g *got) bool { return g.attrs[attributeLast] == true }), 1)
	})
}

func TestSummarize(t *testing.T) {
	spikeOf(t, fixed(actionSummarize, 100), func(r *rig) {
		loud, sum := r.sink.came("loud"), int64(0)
		summaries := r.sink.event(eventSummary)
		for _, s := range summaries {
			sum += s.count
			assert.Equal(t, "loud", s.service)
			assert.Equal(t, plog.SeverityNumberInfo, s.severity)
			assert.Regexp(t, `^loop iteration <\*> of the reconciler reached no fixed point \(seen [\d,]+ times in \d+\.\d s\)$`, s.body)
			assert.Contains(t, s.attrs["logboom.spike_guard.first_example"], "loop iteration")
			assert.NotEmpty(t, s.attrs["logboom.spike_guard.trace_ids"])
			assert.Positive(t, s.attrs["logboom.spike_guard.bytes"])
		}
		assert.InDelta(t, 3, len(summaries), 1)
		assert.Equal(t, int64(offered), int64(len(loud))+sum, "exact")
		assert.InDelta(t, len(loud), weights(loud), 0)
		assert.Equal(t, int64(len(summaries)), r.metric("emitted_items", "kind", "summary"))
	})
}

func TestDivert(t *testing.T) {
	cfg := fixed(actionDivert, 100)
	cfg.Divert.Attribute = "overflow"
	spikeOf(t, cfg, func(r *rig) {
		loud := r.sink.came("loud")
		assert.Len(t, loud, offered)
		diverted := 0
		for _, g := range loud {
			if g.attrs["overflow"] == true {
				diverted++
			} else {
				require.Empty(t, g.attrs)
			}
		}
		assert.InEpsilon(t, 200+30*100+2*100, offered-diverted, 0.2)
		assert.Equal(t, int64(diverted), r.metric("over_items", "outcome", "diverted", "key", "loud"))
	})
}

// TestRefuseMixed: a batch of several sources is not refused.
func TestRefuseMixed(t *testing.T) {
	spikeOf(t, fixed(actionRefuse, 100), func(r *rig) {
		loud := r.sink.came("loud")
		assert.InEpsilon(t, offered, weights(loud), 0.05)
		assert.Equal(t, int64(offered-len(loud)), r.metric("over_items", "outcome", "thinned"))
	})
}

// TestRefuse: a batch of the offender alone is refused as a whole, and nothing of it is lost: it comes again until there is room.
func TestRefuse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fixed(actionRefuse, 100))
		began := time.Now()
		refused := 0
		for range 40 {
			for {
				err := r.ConsumeLogs(t.Context(), lines(50, "loud"))
				if err == nil {
					break
				}
				require.ErrorIs(t, err, errBudget)
				refused++
				time.Sleep(250 * time.Millisecond)
			}
		}
		assert.InDelta(t, 2000/100-2, time.Since(began).Seconds(), 2)
		assert.Len(t, r.sink.came("loud"), 2000)
		r.balanced()
		assert.Equal(t, int64(refused*50), r.metric("refused_items", "reason", "budget"))
		assert.Zero(t, r.metric("over_items"))
		r.send(lines(1, "quiet"))
		begin := r.sink.event(eventBegin)
		require.Len(t, begin, 1)
		assert.Contains(t, begin[0].body, "what is over is refused; 100 % of it is: loop")
		time.Sleep(20 * time.Second)
		assert.Len(t, r.sink.event(eventEnd), 1)
		r.stop()
	})
}

// TestDryRun changes nothing, and tells all.
func TestDryRun(t *testing.T) {
	for _, action := range actions {
		t.Run(action, func(t *testing.T) {
			cfg := fixed(action, 100)
			cfg.DryRun = true
			cfg.Truncate.MaxBodyBytes = 256
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, cfg)
				require.False(t, r.Capabilities().MutatesData)
				long := string(make([]byte, 1000))
				for range 50 {
					ld := lines(100, "loud")
					addLine(ld.ResourceLogs().At(0).ScopeLogs().At(0), long, 9)
					want := plog.NewLogs()
					ld.CopyTo(want)
					ld.MarkReadOnly()
					r.send(ld)
					require.Equal(t, want.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(7).Attributes().AsRaw(), ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(7).Attributes().AsRaw())
					time.Sleep(100 * time.Millisecond)
				}
				r.stop()
				r.balanced()
				assert.Len(t, r.sink.came("loud"), 50*101)
				for _, g := range r.sink.came("loud") {
					require.Empty(t, g.attrs)
				}
				assert.Equal(t, int64(50), r.metric("truncated_items"))
				assert.InDelta(t, 50*101-5*100-200, r.metric("over_items", "outcome", "dry_run", "key", "loud"), 600)
				assert.Equal(t, r.metric("over_items"), r.metric("over_items", "outcome", "dry_run"))
				begin := r.sink.event(eventBegin)
				require.Len(t, begin, 1)
				assert.Equal(t, true, begin[0].attrs["logboom.spike_guard.dry_run"])
				assert.Contains(t, begin[0].body, "would be")
				assert.Len(t, r.sink.all((*got).emitted), 1)
			})
		})
	}
}

// TestNotices: they may be turned off.
func TestNoNotices(t *testing.T) {
	cfg := fixed(actionSummarize, 100)
	cfg.Notices = false
	spikeOf(t, cfg, func(r *rig) {
		assert.Empty(t, r.sink.event(eventBegin))
		assert.Empty(t, r.sink.event(eventEnd))
		assert.NotEmpty(t, r.sink.event(eventSummary))
	})
}
