// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redactprocessor

import (
	"context"
	"encoding/base64"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/logboom/logboom/processor/redactprocessor/internal/metadata"
)

func TestConcurrentBatches(t *testing.T) {
	sink := new(consumertest.LogsSink)
	p, err := NewFactory().CreateLogs(context.Background(), processortest.NewNopSettings(metadata.Type), defaults(), sink)
	require.NoError(t, err)
	done := make(chan error)
	for range 8 {
		go func() {
			var err error
			for range 50 {
				err = errors.Join(err, p.ConsumeLogs(context.Background(), everywhere(email)))
			}
			done <- err
		}()
	}
	for range 8 {
		require.NoError(t, <-done)
	}
	for _, ld := range sink.AllLogs() {
		wire, err := new(plog.ProtoMarshaler).MarshalLogs(ld)
		require.NoError(t, err)
		require.NotContains(t, string(wire), email)
	}
	require.NoError(t, p.Shutdown(context.Background()))
	require.NoError(t, p.Shutdown(context.Background()), "twice is safe")
}

func BenchmarkConsumeLogs(b *testing.B) {
	var next consumer.Logs = consumertest.NewNop()
	p, err := NewFactory().CreateLogs(context.Background(), processortest.NewNopSettings(metadata.Type), defaults(), next)
	require.NoError(b, err)
	line := `203.0.113.9 - - [15/Jan/2026:00:00:08 +0000] "GET /products/SKU-34294?ref=home HTTP/1.1" 200 5124 "-" "Mozilla/5.0 (X11; Linux x86_64)" rt=0.042 rid=` + base64.RawURLEncoding.EncodeToString([]byte("request"))
	ld := plog.NewLogs()
	sl := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty()
	for range 1000 {
		lr := sl.LogRecords().AppendEmpty()
		lr.Body().SetStr(line)
		lr.Attributes().PutStr("log.file.name", "access.log")
		lr.Attributes().PutStr("service.name", "edge")
	}
	b.SetBytes(int64(1000 * len(line)))
	b.ReportAllocs()
	for b.Loop() {
		if err := p.ConsumeLogs(context.Background(), ld); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*1000)/b.Elapsed().Seconds(), "records/s")
}
