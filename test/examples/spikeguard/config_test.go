// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package spikeguard runs examples/spike-guard.
package spikeguard

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/logboom/logboom/test/harness"
)

const example = "examples/spike-guard"

// record is a log record in the store.
type record struct{ service, severity, event, body string }

// TestConfig runs config.yaml and load.sh beside it: where the records are is in the README's table.
func TestConfig(t *testing.T) {
	t.Parallel()
	lb := harness.Start(t, harness.Config{
		Files: []string{example + "/config.yaml"},
		Env:   []string{`LOGBOOM_OTLP={{addr "otlp"}}`, `LOGBOOM_DATA={{dir "data"}}`},
	})
	load := exec.Command(filepath.Join(harness.Root(), example, "load.sh")) //nolint:noctx // RunCmd bounds it
	load.Env = append(os.Environ(), "LOGBOOM_DATA="+lb.Dir("data"))
	r := harness.RunCmd(t, load)
	require.Zero(t, r.Code, r.Stderr)
	harness.Eventually(t, 2*time.Minute, func() error {
		for _, rec := range store(t, lb.Dir("data")) {
			if rec.event == "logboom.spike_guard.end" {
				return nil
			}
		}
		return fmt.Errorf("the store was not told of the spike's end")
	})
	lb.Terminate()

	text, err := os.ReadFile(filepath.Join(harness.Root(), example, "README.md"))
	require.NoError(t, err)
	rows := regexp.MustCompile(`(?m)^\| (\w+) \| (\d+) \| (\d+) \| (\d+)(?: to (\d+))? \|$`).FindAllStringSubmatch(string(text), -1)
	require.Len(t, rows, 3, "the README's table of counts")
	records := store(t, lb.Dir("data"))
	inStore, archived := map[string]int{}, map[string]string{}
	for _, rec := range records {
		inStore[rec.service]++
	}
	for _, row := range rows {
		archived[row[1]] = row[3]
		least := number(t, row[4])
		most := least
		if row[5] != "" {
			most = number(t, row[5])
		}
		require.GreaterOrEqual(t, inStore[row[1]], least, "of %s in the store", row[1])
		require.LessOrEqual(t, inStore[row[1]], most, "of %s in the store", row[1])
	}
	require.Equal(t, archived, counts(t, lb.Dir("data", "archive"), ""), "the archive")
	require.Equal(t, map[string]string{"mailer": strconv.Itoa(number(t, archived["mailer"]) - inStore["mailer"])},
		counts(t, lb.Dir("data", "archive"), `| logboom_spike_guard_diverted="true"`), "what the archive alone has")

	var notices []string
	failed, sent := 0, 0
	for _, rec := range records {
		switch {
		case strings.HasPrefix(rec.event, "logboom."):
			require.Equal(t, "mailer", rec.service)
			notices = append(notices, rec.severity+" "+rec.event)
		case rec.severity == "error":
			failed++
		case strings.Contains(rec.body, "sent message"):
			sent++
		}
	}
	require.Equal(t, []string{"WARN logboom.spike_guard.begin", "INFO logboom.spike_guard.end"}, notices)
	require.Equal(t, 5, failed, "errors of the service that runs away")
	require.Greater(t, sent, 100, "of 120 lines that are not the loop's")
}

func number(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	require.NoError(t, err)
	return n
}

// counts asks an archive for the number of records by service, as the README does.
func counts(t *testing.T, archive, filter string) map[string]string {
	t.Helper()
	r := harness.Run(t, harness.CtlBinary(t), "query", "--archive", "file://"+archive, `sum by (service_name) (count_over_time({service_name=~".+"} `+filter+` [1h]))`)
	require.Zero(t, r.Code, r.Stderr)
	out := map[string]string{}
	for _, m := range regexp.MustCompile(`\{service_name="(\w+)"\} (\d+)`).FindAllStringSubmatch(r.Stdout, -1) {
		out[m[1]] = m[2]
	}
	return out
}

// store returns what the store has got so far.
func store(t *testing.T, dir string) (records []record) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, "store.jsonl"))
	if os.IsNotExist(err) {
		return nil
	}
	require.NoError(t, err)
	for line := range bytes.Lines(raw) {
		ld, err := (&plog.JSONUnmarshaler{}).UnmarshalLogs(line)
		if err != nil {
			break // half a line: more is coming
		}
		for _, rl := range ld.ResourceLogs().All() {
			service, _ := rl.Resource().Attributes().Get("service.name")
			for _, sl := range rl.ScopeLogs().All() {
				for _, lr := range sl.LogRecords().All() {
					records = append(records, record{service.AsString(), lr.SeverityText(), lr.EventName(), lr.Body().AsString()})
				}
			}
		}
	}
	return records
}
