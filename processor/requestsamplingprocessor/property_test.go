// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package requestsamplingprocessor

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"
)

// TestEveryRecordIsAccountedFor sends random batches of logs and spans through two pipelines, with a next component that refuses
// some of them, now and then for good, and repeats what is refused. At any time received = kept + dropped + held; nothing arrives
// twice; and without errors for good all records of a request have the same end.
func TestEveryRecordIsAccountedFor(t *testing.T) {
	for _, c := range []struct {
		name      string
		change    func(*Config)
		transient float64
		permanent float64
		splits    bool // requests may be split, because limits make decisions be forgotten or early
	}{
		{name: "plain"},
		{name: "refusals", transient: 0.3},
		{name: "refusals for good", transient: 0.2, permanent: 0.1, splits: true},
		{name: "little memory", change: func(c *Config) { c.MaxHeldMiB, c.MaxRequestMiB, c.DecisionCacheMiB = 1, 1, 1 }, transient: 0.3},
		{name: "limits", change: func(c *Config) {
			c.Policies[3].Rate = ptr(0.5)
			c.Policies[3].Limit.RecordsPerSecond = 50
		}, transient: 0.1},
		{name: "keyless at a rate", change: func(c *Config) { c.Keyless.Rate = 0.5; c.Idle = 2 * time.Second }, transient: 0.1},
	} {
		for seed := range uint64(4) {
			t.Run(fmt.Sprintf("%s/%d", c.name, seed), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					rnd := rand.New(rand.NewPCG(seed, 7))
					cfg := policies(
						PolicyConfig{Name: "errors", Severity: "error"},
						PolicyConfig{Name: "failed", SpanStatus: "error"},
						PolicyConfig{Name: "health", Attribute: &AttributeConfig{Key: "health", Bool: ptr(true)}, Rate: ptr(0.0)},
					)
					cfg.Policies[3].Rate = ptr(0.3)
					cfg.Correlation = []string{"request_id"}
					cfg.Wait, cfg.End.Grace = 10*time.Second, 3*time.Second
					if c.change != nil {
						c.change(cfg)
					}
					runRandom(t, newRig(t, cfg), rnd, c.transient, c.permanent, c.splits)
				})
			})
		}
	}
}

func runRandom(t *testing.T, r *rig, rnd *rand.Rand, transient, permanent float64, splits bool) {
	var sink sink
	chance := rand.New(rand.NewPCG(rnd.Uint64(), 7)) // used with the sink's lock held
	sink.fail = func() error {
		switch n := chance.Float64(); {
		case n < permanent:
			return consumererror.NewPermanent(errDown)
		case n < permanent+transient:
			return errDown
		}
		return nil
	}
	logs, traces := r.logs(&sink), r.traces(&sink)
	r.start(logs, traces)
	const requests = 60
	accepted := map[string]int{} // record -> its request
	next := 0
	body := func(request int) string {
		next++
		name := fmt.Sprintf("%d/%d", request, next)
		accepted[name] = request
		return name
	}
	send := func(what string, consume func() error) {
		for range 200 {
			err := consume()
			if err == nil || consumererror.IsPermanent(err) {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
		t.Fatalf("%s: refused for ever", what)
	}
	for step := range 300 {
		if rnd.IntN(4) == 0 {
			n := rnd.IntN(requests)
			name := body(n)
			status, root := rnd.IntN(20) == 0, rnd.IntN(10) == 0
			send("span", func() error {
				td := spanOf(n, name, 0)
				s := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0)
				s.SetTraceID(benchTraceID(uint64(n)))
				if status {
					s.Status().SetCode(2)
				}
				if root {
					s.SetParentSpanID([8]byte{})
				}
				return traces.ConsumeTraces(t.Context(), td)
			})
		} else {
			records := make([]record, 1+rnd.IntN(12))
			for i := range records {
				rec := &records[i]
				rec.request = rnd.IntN(requests+5) - 5
				rec.body, rec.severity = body(max(rec.request, -1)), plog.SeverityNumberInfo
				if rnd.IntN(80) == 0 {
					rec.severity = failed
				}
				if rec.request >= 0 && rec.request%3 == 0 { // some are told by an attribute alone, or by both
					rec.attrs = map[string]any{"request_id": fmt.Sprintf("r%d", rec.request)}
				}
				if rnd.IntN(200) == 0 {
					rec.attrs = map[string]any{"health": true}
				}
			}
			send("logs", func() error {
				ld := logsOf(t, records...)
				for i, lr := range benchLogRecords(ld) {
					if records[i].request >= 0 {
						lr.SetTraceID(benchTraceID(uint64(records[i].request)))
					}
				}
				return logs.ConsumeLogs(t.Context(), ld)
			})
		}
		if rnd.IntN(3) == 0 {
			time.Sleep(time.Duration(rnd.IntN(200)) * time.Millisecond)
		}
		if step%20 == 0 {
			synctest.Wait()
			r.balanced()
		}
	}
	sink.setFail(nil)
	r.shutdown(logs, traces)
	received, kept, _, held := r.balanced()
	assert.Zero(t, held)
	// Batches in which nothing has a key go through: what is refused of them for good was never received.
	assert.LessOrEqual(t, received, int64(len(accepted)))
	if permanent == 0 {
		assert.Equal(t, int64(len(accepted)), received)
	}
	gotLogs, gotSpans := sink.got()
	got := slices.Concat(gotLogs, gotSpans)
	assert.Len(t, got, int(kept))
	arrived := map[int]int{}
	seen := map[string]bool{}
	for _, name := range got {
		require.False(t, seen[name], "%s arrived twice", name)
		require.Contains(t, accepted, name)
		seen[name] = true
		arrived[accepted[name]]++
	}
	if splits {
		return
	}
	sent := map[int]int{}
	for _, request := range accepted {
		sent[request]++
	}
	for request, n := range arrived {
		if request >= 0 && n != sent[request] {
			t.Errorf("request %d: %d of %d records arrived", request, n, sent[request])
		}
	}
}

// TestSharesAndWeights: the kept share is the configured one, and the thresholds of the records that are kept make up for those that
// are not.
func TestSharesAndWeights(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const requests, perRequest = 4000, 3
		cfg := policies(PolicyConfig{Name: "errors", Severity: "error"})
		cfg.Policies[1].Rate = ptr(0.1)
		r := newRig(t, cfg)
		var sink countingSink
		logs := r.logs(&sink)
		r.start(logs)
		for n := range requests * perRequest {
			severity := plog.SeverityNumberInfo
			if n%(perRequest*50) == 1 { // one request in fifty
				severity = failed
			}
			ld := logsOf(t, record{0, "x", severity, nil})
			benchLogRecords(ld)[0].SetTraceID(benchTraceID(uint64(n / perRequest)))
			require.NoError(t, logs.ConsumeLogs(t.Context(), ld))
		}
		r.shutdown(logs)
		r.balanced()
		assert.Equal(t, requests/50*perRequest, sink.certain)
		assert.InEpsilon(t, requests*49/50*perRequest/10, sink.records-sink.certain, 0.2)
		assert.InEpsilon(t, requests*perRequest, sink.weight, 0.2)
	})
}
