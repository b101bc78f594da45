// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package tailsample

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
)

// BenchmarkOffer has 100,000 undecided requests of ten records each, which come interleaved in batches of 1,000 records with
// some 300 bytes of OTLP; 2 % fail.
func BenchmarkOffer(b *testing.B) {
	const batchSize, perRequest, inFlight = 1000, 10, 100_000
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("service.name", "checkout")
	records := rl.ScopeLogs().AppendEmpty().LogRecords()
	for range batchSize {
		lr := records.AppendEmpty()
		lr.Body().SetStr("order 81723 of customer 9921 was placed: 3 items, 2 warehouses, total 129.90 EUR, payment by invoice")
		lr.SetTimestamp(1)
		lr.SetTraceID([16]byte{1, 2, 3})
		for _, key := range []string{"http.route", "customer.tier", "k8s.pod.name", "region", "thread.name", "code.function.name"} {
			lr.Attributes().PutStr(key, "some value of it")
		}
	}
	data, err := (&plog.ProtoMarshaler{}).MarshalLogs(ld)
	require.NoError(b, err)
	cfg := testConfig()
	cfg.MaxHeldBytes, cfg.Wait = 1<<30, time.Hour
	cfg.DecisionBytes = 64 << 20
	e, err := New(cfg, newRecorder())
	require.NoError(b, err)
	delivered := int64(0)
	o := e.NewOutput(Logs, func(_ context.Context, _ []byte, runs []Run) (bool, error) {
		delivered += int64(len(runs))
		return false, nil
	})
	require.NoError(b, o.Start(b.Context()))
	items := make([]Item, batchSize)
	rnd := rand.New(rand.NewPCG(1, 1))
	services := []string{"checkout"}
	n := 0
	offer := func() {
		for i := range items {
			// A request's records come within the latest inFlight requests; its tenth ends it.
			request := n/perRequest + int(rnd.Uint32()%inFlight)
			items[i] = Item{Key: key(request), Randomness: NoRandomness, DefaultRandomness: low, Start: 1, End: 1}
			if rnd.Uint32()%(50*perRequest) == 0 {
				items[i].Conditions = isError
			}
			n++
		}
		require.NoError(b, o.Offer(items, data, services))
		e.mu.Lock()
		for e.groups > inFlight { // as the clock does it
			e.end(e.group(e.first), TriggerWait, e.now())
		}
		e.mu.Unlock()
	}
	for n < inFlight*perRequest {
		offer()
	}
	b.ResetTimer()
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		offer()
	}
	b.ReportMetric(float64(batchSize)*float64(b.N)/b.Elapsed().Seconds(), "records/s")
	b.ReportMetric(float64(e.Stats().Bytes)/float64(e.Stats().Records[Logs]), "B/record")
	b.StopTimer()
	require.NoError(b, o.Close(context.Background()))
}
