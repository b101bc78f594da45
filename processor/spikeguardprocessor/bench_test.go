// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package spikeguardprocessor

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/logboom/logboom/processor/spikeguardprocessor/internal/metadata"
)

const (
	benchServices = 8
	benchRecords  = 1000 // of a batch
)

func benchLogs() plog.Logs {
	ld := plog.NewLogs()
	for s := range benchServices {
		rl := ld.ResourceLogs().AppendEmpty()
		rl.Resource().Attributes().PutStr("k8s.pod.name", fmt.Sprintf("service-%d-5d8f7c9b6d-x2v4q", s))
		rl.Resource().Attributes().PutStr("service.name", fmt.Sprintf("service-%d", s))
		rl.Resource().Attributes().PutStr("deployment.environment.name", "production")
		sl := rl.ScopeLogs().AppendEmpty()
		sl.Scope().SetName("com.example.shop")
		for i := range benchRecords / benchServices {
			lr := sl.LogRecords().AppendEmpty()
			lr.SetTimestamp(pcommon.NewTimestampFromTime(time.Now()))
			lr.SetSeverityNumber(plog.SeverityNumberInfo)
			lr.SetSeverityText("INFO")
			lr.Body().SetStr(fmt.Sprintf("GET /api/v1/items/%d 200 OK in 12 ms for 10.0.%d.%d", i*7, s, i))
			lr.SetTraceID([16]byte{byte(s), byte(i), 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16})
			lr.SetSpanID([8]byte{byte(i), 1, 2, 3, 4, 5, 6, 7})
			a := lr.Attributes()
			a.PutStr("http.request.method", "GET")
			a.PutStr("url.path", "/api/v1/items")
			a.PutInt("http.response.status_code", 200)
			a.PutStr("client.address", "10.0.0.1")
			a.PutInt("duration_ms", 12)
			a.PutStr("thread.name", "worker-7")
		}
	}
	return ld
}

func benchmark(b *testing.B, change func(*Config)) {
	cfg := createDefaultConfig().(*Config)
	change(cfg)
	require.NoError(b, cfg.Validate())
	p, err := NewFactory().CreateLogs(b.Context(), processortest.NewNopSettings(metadata.Type), cfg, consumertest.NewNop())
	require.NoError(b, err)
	require.NoError(b, p.Start(b.Context(), componenttest.NewNopHost()))
	template := benchLogs()
	const copies = 64 // made while the clock stands still
	var batches [copies]plog.Logs
	b.SetBytes(int64((&plog.ProtoMarshaler{}).LogsSize(template)))
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		if n%copies == 0 {
			b.StopTimer()
			for i := range batches {
				batches[i] = plog.NewLogs()
				template.CopyTo(batches[i])
			}
			b.StartTimer()
		}
		if err := p.ConsumeLogs(context.Background(), batches[n%copies]); err != nil {
			b.Fatal(err)
		}
		n++
	}
	b.ReportMetric(float64(b.N*benchRecords)/b.Elapsed().Seconds(), "records/s")
	require.NoError(b, p.Shutdown(context.Background()))
}

// BenchmarkWithin: nothing is over, and the budgets are many times what comes.
func BenchmarkWithin(b *testing.B) {
	benchmark(b, func(c *Config) { c.Budget.PerKey.BytesPerSecond = 1e12 })
}

// BenchmarkOver: every source is over its budget, nearly all of the time.
func BenchmarkOver(b *testing.B) {
	for _, action := range actions {
		if action == actionRefuse {
			continue // of many sources at once it does what thin does
		}
		b.Run(action, func(b *testing.B) {
			benchmark(b, func(c *Config) {
				c.Action = action
				c.Budget.PerKey.RecordsPerSecond = 100
			})
		})
	}
}
