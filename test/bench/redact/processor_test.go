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
	"go.opentelemetry.io/collector/consumer"
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

// running is a processor that was started, and what looks at its output.
type running struct {
	name    string
	process processor.Logs
	see     func(plog.Logs)
}

func start(t *testing.T, name string, f processor.Factory, config map[string]any) *running {
	t.Helper()
	cfg := f.CreateDefaultConfig()
	require.NoError(t, confmap.NewFromStringMap(config).Unmarshal(cfg))
	r := &running{name: name}
	next, err := consumer.NewLogs(func(_ context.Context, ld plog.Logs) error {
		if r.see != nil {
			r.see(ld)
		}
		return nil
	})
	require.NoError(t, err)
	r.process, err = f.CreateLogs(t.Context(), processortest.NewNopSettings(f.Type()), cfg, next)
	require.NoError(t, err)
	require.NoError(t, r.process.Start(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() { require.NoError(t, r.process.Shutdown(context.WithoutCancel(t.Context()))) })
	return r
}

// stage feeds a processor with the set's records; making them is not counted. The bodies that come out changed are counted once.
func (s *set) stage(t *testing.T, r *running) *candidate {
	t.Helper()
	source := batches(s.lines)
	copies := make([]plog.Logs, len(source))
	c := &candidate{lines: s.name, name: r.name, records: len(s.lines), bytes: s.bytes}
	c.prepare = func() {
		for i := range source {
			copies[i] = plog.NewLogs()
			source[i].CopyTo(copies[i])
		}
	}
	changed, at := 0, 0
	c.pass = func() int {
		for _, ld := range copies {
			if err := r.process.ConsumeLogs(t.Context(), ld); err != nil {
				t.Fatal(err)
			}
		}
		return changed
	}
	r.see = func(ld plog.Logs) {
		for _, lr := range ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().All() {
			if lr.Body().Str() != s.lines[at] {
				changed++
			}
			at++
		}
	}
	c.prepare()
	c.pass()
	require.Equal(t, len(s.lines), at, "%s, %s: records that arrived", s.name, r.name)
	r.see = nil
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
	processors := []*running{
		start(t, "redact", own, map[string]any{}),
		start(t, "redact, network too", own, map[string]any{"groups": map[string]any{"network": true}}),
		start(t, "contrib redaction, 8 expressions", contrib, map[string]any{"allow_all_keys": true, "blocked_values": values, "summary": "silent"}),
	}
	var list []*candidate
	for _, s := range sets(t, n) {
		for _, p := range processors {
			list = append(list, s.stage(t, p))
		}
	}
	list = wanted(list)
	measureAll(list, repetitions, d)
	fmt.Fprintln(os.Stdout, "\nProcessors, on records (MB/s of bodies):")
	table(t, list)
}
