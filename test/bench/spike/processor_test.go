// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package spike

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/xconfmap"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/logboom/logboom/processor/spikeguardprocessor"
)

// requests are what the processor takes: some services each, of so many in all, with three attributes a record.
func requests(kind string, services, each int) []plog.Logs {
	rnd := rand.New(rand.NewPCG(1, 2))
	out := make([]plog.Logs, differentBatches)
	for i := range out {
		ld := plog.NewLogs()
		for j := range each {
			rl := ld.ResourceLogs().AppendEmpty()
			rl.Resource().Attributes().PutStr("service.name", fmt.Sprintf("service-%05d", (i*each+j)%services))
			rl.Resource().Attributes().PutStr("deployment.environment.name", "prod")
			records := rl.ScopeLogs().AppendEmpty().LogRecords()
			records.EnsureCapacity(batchRecords / each)
			for range batchRecords / each {
				lr := records.AppendEmpty()
				lr.SetTimestamp(pcommon.NewTimestampFromTime(time.Now()))
				lr.SetSeverityNumber(plog.SeverityNumberInfo)
				lr.SetSeverityText("INFO")
				lr.Body().SetStr(kinds[kind](rnd))
				lr.Attributes().PutStr("k8s.pod.name", fmt.Sprintf("api-gateway-7c9f8d6b5-%05x", rnd.IntN(1<<20)))
				lr.Attributes().PutStr("url.path", fmt.Sprintf("/products/SKU-%05d", rnd.IntN(100_000)))
				lr.Attributes().PutInt("http.response.status_code", 200)
			}
		}
		out[i] = ld
	}
	return out
}

// processor is a candidate that gives copies of requests to a processor. What copying costs is not counted.
func processor(t *testing.T, name string, bar, recordsPerSecond float64, action string, list []plog.Logs) *candidate {
	t.Helper()
	return &candidate{name: name, bar: bar, begin: func() (func() (func(), int), func()) {
		f := spikeguardprocessor.NewFactory()
		cfg := f.CreateDefaultConfig()
		require.NoError(t, confmap.NewFromStringMap(map[string]any{
			"action": action,
			"budget": map[string]any{"per_key": map[string]any{"bytes_per_second": 1e12, "records_per_second": recordsPerSecond}},
		}).Unmarshal(cfg))
		require.NoError(t, xconfmap.Validate(cfg))
		came, offered := 0, 0
		next, err := consumer.NewLogs(func(_ context.Context, ld plog.Logs) error {
			came += ld.LogRecordCount()
			return nil
		}, consumer.WithCapabilities(consumer.Capabilities{MutatesData: true}))
		require.NoError(t, err)
		p, err := f.CreateLogs(t.Context(), processortest.NewNopSettings(f.Type()), cfg, next)
		require.NoError(t, err)
		require.NoError(t, p.Start(t.Context(), componenttest.NewNopHost()))
		return func() (func(), int) {
				copies := make([]plog.Logs, len(list))
				for i, ld := range list {
					copies[i] = plog.NewLogs()
					ld.CopyTo(copies[i])
				}
				return func() {
					for _, ld := range copies {
						offered += ld.LogRecordCount()
						if err := p.ConsumeLogs(t.Context(), ld); err != nil {
							t.Fatal(err)
						}
					}
				}, len(list) * batchRecords
			}, func() {
				require.NoError(t, p.Shutdown(context.WithoutCancel(t.Context())))
				if bar == bars.within || action == "divert" {
					require.GreaterOrEqual(t, came, offered, name)
				} else {
					require.Less(t, came, offered/2, name)
				}
			}
	}}
}

func TestProcessor(t *testing.T) {
	const plenty, little = 1e12, 200
	few, many, one := requests("service", 8, 8), requests("service", 10_000, 64), requests("service", 1, 1)
	measureAll(t, "Processor, 3 attributes", []*candidate{
		processor(t, "within budget, 8 services", bars.within, plenty, "thin", few),
		processor(t, "within budget, 8,000 services", bars.within, plenty, "thin", many),
		processor(t, "over, thin, one statement in a loop", bars.over, little, "thin", requests("loop", 1, 1)),
		processor(t, "over, thin", bars.over, little, "thin", one),
		processor(t, "over, summarize", bars.over, little, "summarize", one),
		processor(t, "over, divert", bars.over, little, "divert", one),
		processor(t, "over, drop", bars.over, little, "drop", one),
		processor(t, "over, thin, each line a new template", 0, little, "thin", requests("new templates", 1, 1)),
	})
}
