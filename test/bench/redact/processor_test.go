// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/processor/redactionprocessor"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/logboom/logboom/processor/redactprocessor"
)

const batchRecords = 500

// batches puts the lines into records as the file log receiver does, with the attributes that it sets.
func batches(lines []string) (out []plog.Logs) {
	at := pcommon.NewTimestampFromTime(time.Date(2026, 1, 15, 1, 0, 0, 0, time.UTC))
	for len(lines) > 0 {
		n := min(len(lines), batchRecords)
		ld := plog.NewLogs()
		rl := ld.ResourceLogs().AppendEmpty()
		rl.Resource().Attributes().PutStr("service.name", "shop")
		rl.Resource().Attributes().PutStr("host.name", "web-3")
		records := rl.ScopeLogs().AppendEmpty().LogRecords()
		records.EnsureCapacity(n)
		for _, l := range lines[:n] {
			lr := records.AppendEmpty()
			lr.SetObservedTimestamp(at)
			lr.SetSeverityText("INFO")
			lr.Body().SetStr(l)
			lr.Attributes().EnsureCapacity(4) // room that the processors may want
			lr.Attributes().PutStr("log.file.name", "shop.log")
			lr.Attributes().PutStr("log.iostream", "stdout")
		}
		out, lines = append(out, ld), lines[n:]
	}
	return out
}

// stage is a processor that is fed with a set's records; making them is not counted.
func (s *set) stage(t *testing.T, name string, f processor.Factory, config map[string]any) *candidate {
	t.Helper()
	cfg := f.CreateDefaultConfig()
	require.NoError(t, confmap.NewFromStringMap(config).Unmarshal(cfg))
	changed := 0
	bodies := map[string]bool{}
	for _, l := range s.lines {
		bodies[l] = true
	}
	look := false
	sink, err := consumerOf(func(ld plog.Logs) {
		if !look {
			return
		}
		for _, lr := range ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().All() {
			if !bodies[lr.Body().Str()] {
				changed++
			}
		}
	})
	require.NoError(t, err)
	p, err := f.CreateLogs(t.Context(), processortest.NewNopSettings(f.Type()), cfg, sink)
	require.NoError(t, err)
	require.NoError(t, p.Start(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() { require.NoError(t, p.Shutdown(context.WithoutCancel(t.Context()))) })
	source := batches(s.lines)
	copies := make([]plog.Logs, len(source))
	c := &candidate{lines: s.name, name: name, records: len(s.lines), bytes: s.bytes}
	c.prepare = func() {
		for i := range source {
			copies[i] = plog.NewLogs()
			source[i].CopyTo(copies[i])
		}
	}
	c.pass = func() int {
		for _, ld := range copies {
			if err := p.ConsumeLogs(t.Context(), ld); err != nil {
				t.Fatal(err)
			}
		}
		return changed
	}
	c.prepare()
	look = true
	c.pass()
	look = false
	return c
}

// TestProcessors measures whole processors on records.
func TestProcessors(t *testing.T) {
	n, repetitions, d := plan(t)
	own, contrib := redactprocessor.NewFactory(), redactionprocessor.NewFactory()
	values := make([]any, len(blocked))
	for i, b := range blocked {
		values[i] = b
	}
	redaction := map[string]any{"allow_all_keys": true, "blocked_values": values, "summary": "silent"}
	var list []*candidate
	for _, s := range sets(t, n) {
		list = append(list,
			s.stage(t, "redact", own, map[string]any{}),
			s.stage(t, "redact, network too", own, map[string]any{"groups": map[string]any{"network": true}}),
			s.stage(t, "contrib redaction, 8 expressions", contrib, redaction))
	}
	list = wanted(list)
	measureAll(list, repetitions, d)
	fmt.Fprintln(os.Stdout, "\nProcessors, on records (MB/s of bodies):")
	table(t, list)
}

// consumerOf is a consumer that lets see what arrives.
func consumerOf(see func(plog.Logs)) (*seeing, error) {
	return &seeing{Consumer: consumertest.NewNop(), see: see}, nil
}

type seeing struct {
	consumertest.Consumer
	see func(plog.Logs)
}

func (s *seeing) ConsumeLogs(_ context.Context, ld plog.Logs) error {
	s.see(ld)
	return nil
}
