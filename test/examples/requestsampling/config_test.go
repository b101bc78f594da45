// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package requestsampling runs examples/request-sampling: in one process, and in two tiers.
package requestsampling

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/logboom/logboom/test/harness"
)

const example = "examples/request-sampling"

// readme returns the text of the example's README.
func readme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(harness.Root(), example, "README.md"))
	require.NoError(t, err)
	return string(text)
}

// TestConfig runs config.yaml on its input: what is kept is in expected.txt, and what both archives count is in the README.
func TestConfig(t *testing.T) {
	t.Parallel()
	expected, err := os.ReadFile(filepath.Join(harness.Root(), example, "expected.txt"))
	require.NoError(t, err)
	lb := harness.Start(t, harness.Config{
		Files: []string{example + "/config.yaml"},
		Env:   []string{`LOGBOOM_INPUT={{root}}/` + example + `/input`, `LOGBOOM_OTLP={{addr "otlp"}}`, `LOGBOOM_DATA={{dir "data"}}`},
	})
	harness.Eventually(t, 2*time.Minute, func() error {
		if got := kept(t, lb.Dir("data")); got != string(expected) {
			return fmt.Errorf("kept is\n%s", got)
		}
		return nil
	})
	held := func() float64 {
		s, err := lb.Scrape()
		require.NoError(t, err)
		return s.Sum("otelcol_processor_request_sampling_held_items")
	}
	// The health checks have no root span: they are undecided to the end of the wait.
	harness.Eventually(t, time.Minute, func() error {
		if n := held(); n > 0 {
			return fmt.Errorf("%v records are held", n)
		}
		return nil
	})
	lb.Terminate()
	require.Equal(t, string(expected), kept(t, lb.Dir("data")), "nothing more is kept")

	rows := regexp.MustCompile(`(?m)^\| (\w+) \| (\w+) \| (\d+) \| (\d+) \|$`).FindAllStringSubmatch(readme(t), -1)
	require.NotEmpty(t, rows, "the README's table of counts")
	var all, sampled []string
	for _, row := range rows {
		all = append(all, fmt.Sprintf("{detected_level=%q, service_name=%q} %s", row[2], row[1], row[3]))
		sampled = append(sampled, fmt.Sprintf("{detected_level=%q, service_name=%q} %s", row[2], row[1], row[4]))
	}
	require.ElementsMatch(t, all, counts(t, lb.Dir("data", "all")), "the archive of everything")
	require.ElementsMatch(t, sampled, counts(t, lb.Dir("data", "sampled")), "the archive of what was kept, by its weights")
}

// counts asks an archive for the number of records by service and level, as the README does.
func counts(t *testing.T, archive string) (out []string) {
	t.Helper()
	r := harness.Run(t, harness.CtlBinary(t), "query", "--archive", "file://"+archive, "--start", "2026-03-12T00:00:00Z", "--end", "2026-03-13T00:00:00Z",
		`sum by (service_name, detected_level) (count_over_time({service_name=~".+"}[1d]))`)
	require.Zero(t, r.Code, r.Stderr)
	for line := range strings.Lines(r.Stdout) {
		_, series, _ := strings.Cut(strings.TrimSpace(line), " ")
		out = append(out, series)
	}
	return out
}

// kept shows what the file exporters have written so far as show.jq does, sorted.
func kept(t *testing.T, dir string) string {
	t.Helper()
	var lines []string
	show := func(attrs, resource pcommon.Map, threshold, text string) {
		policy, _ := attrs.Get("sampling.policy")
		service, _ := resource.Get("service.name")
		lines = append(lines, strings.Join([]string{policy.AsString(), threshold, service.AsString(), text}, "\t")+"\n")
	}
	for line := range bytes.Lines(read(t, dir, "logs.jsonl")) {
		ld, err := (&plog.JSONUnmarshaler{}).UnmarshalLogs(line)
		if err != nil {
			break // half a line: more is coming
		}
		for _, rl := range ld.ResourceLogs().All() {
			for _, sl := range rl.ScopeLogs().All() {
				for _, lr := range sl.LogRecords().All() {
					threshold, _ := lr.Attributes().Get("sampling.threshold")
					show(lr.Attributes(), rl.Resource().Attributes(), threshold.AsString(), lr.Body().AsString())
				}
			}
		}
	}
	for line := range bytes.Lines(read(t, dir, "spans.jsonl")) {
		td, err := (&ptrace.JSONUnmarshaler{}).UnmarshalTraces(line)
		if err != nil {
			break
		}
		for _, rs := range td.ResourceSpans().All() {
			for _, ss := range rs.ScopeSpans().All() {
				for _, span := range ss.Spans().All() {
					show(span.Attributes(), rs.Resource().Attributes(), span.TraceState().AsRaw(), span.TraceID().String()+" "+span.Name())
				}
			}
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}

func read(t *testing.T, dir, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, name))
	if os.IsNotExist(err) {
		return nil
	}
	require.NoError(t, err)
	return raw
}
