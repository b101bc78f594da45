// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grokprocessor

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/logboom/logboom/processor/grokprocessor/internal/metadata"
)

func corpora(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("LOGBOOM_CORPORA")
	if dir == "" {
		t.Skip("LOGBOOM_CORPORA is not set: the corpora are not here")
	}
	return dir
}

func loadConfig(t testing.TB, path string) *Config {
	t.Helper()
	conf, err := confmaptest.LoadConf(path)
	require.NoError(t, err)
	cfg := createDefaultConfig().(*Config)
	require.NoError(t, conf.Unmarshal(cfg))
	require.NoError(t, cfg.Validate())
	return cfg
}

func newTestProcessor(t testing.TB, cfg *Config) *grokProcessor {
	t.Helper()
	p, err := newGrokProcessor(processortest.NewNopSettings(metadata.Type), cfg)
	require.NoError(t, err)
	return p
}

// process runs lines through p and returns the records.
func process(t testing.TB, p *grokProcessor, seen time.Time, lines ...string) []plog.LogRecord {
	t.Helper()
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("service.name", "test") // so that the records stay where they are
	lrs := rl.ScopeLogs().AppendEmpty().LogRecords()
	for _, l := range lines {
		lr := lrs.AppendEmpty()
		lr.Body().SetStr(l)
		lr.SetObservedTimestamp(pcommon.NewTimestampFromTime(seen))
	}
	out, err := p.processLogs(t.Context(), ld)
	require.NoError(t, err)
	require.Equal(t, len(lines), out.LogRecordCount())
	var recs []plog.LogRecord
	for _, lr := range lrs.All() {
		recs = append(recs, lr)
	}
	return recs
}

// joinLines puts the lines of one record together: those that do not begin one belong to the record before.
func joinLines(text string, begins func(string) bool) []string {
	var out []string
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		if len(out) > 0 && !begins(line) {
			out[len(out)-1] += "\n" + line
			continue
		}
		out = append(out, line)
	}
	return out
}

var severityClasses = map[plog.SeverityNumber]string{
	plog.SeverityNumberUnspecified: "UNSPECIFIED", plog.SeverityNumberDebug: "DEBUG", plog.SeverityNumberInfo: "INFO",
	plog.SeverityNumberWarn: "WARN", plog.SeverityNumberError: "ERROR",
}

// TestGenerator parses every record of the generator's 14 services: severities, times and ids as its manifest has them.
func TestGenerator(t *testing.T) {
	dir, tmp := corpora(t), t.TempDir()
	cmd := exec.Command("go", "build", "-o", filepath.Join(tmp, "loggen"), ".")
	cmd.Dir = filepath.Join(dir, "generator")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	out, err = exec.Command(filepath.Join(tmp, "loggen"), "-records", "20000", "-seed", "7", "-out", tmp).CombinedOutput()
	require.NoError(t, err, string(out))

	var manifest struct {
		Services []struct {
			Service       string         `json:"service"`
			Format        string         `json:"format"`
			Records       int            `json:"records"`
			BySeverity    map[string]int `json:"by_severity"`
			WithRequestID int            `json:"with_request_id"`
			First         int64          `json:"first_local_unix_nano"`
			Last          int64          `json:"last_local_unix_nano"`
		} `json:"services"`
	}
	raw, err := os.ReadFile(filepath.Join(tmp, "manifest.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(raw, &manifest))
	require.Len(t, manifest.Services, 14)

	byRule, byFormat := newTestProcessor(t, loadConfig(t, "testdata/config/shop.yaml")), newTestProcessor(t, loadConfig(t, "testdata/config/auto.yaml"))
	for i := range 2 * len(manifest.Services) {
		s, p, how := manifest.Services[i/2], byRule, "rule"
		if i%2 == 1 {
			p, how = byFormat, "auto"
		}
		t.Run(s.Service+" "+s.Format+" "+how, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join(tmp, "logs", s.Service+".log"))
			require.NoError(t, err)
			recs := process(t, p, time.Unix(0, s.Last), joinLines(string(text), func(line string) bool {
				return s.Format != "java" && s.Format != "python" || strings.HasPrefix(line, "2026-")
			})...)
			assert.Len(t, recs, s.Records)
			severities, requests, traces := map[string]int{}, 0, 0
			first, last := int64(1<<62), int64(0)
			for _, lr := range recs {
				severities[severityClasses[lr.SeverityNumber()]]++
				if reason, ok := lr.Attributes().Get(errorAttribute); ok {
					t.Fatalf("not parsed: %s: %s", reason.Str(), lr.Body().Str())
				}
				if v, ok := lr.Attributes().Get("request_id"); ok && len(v.Str()) == 36 {
					requests++
				}
				if !lr.TraceID().IsEmpty() {
					traces++
				}
				first, last = min(first, int64(lr.Timestamp())), max(last, int64(lr.Timestamp()))
			}
			assert.Equal(t, s.BySeverity, severities)
			switch format := s.Format; {
			case format == "syslog-rfc3164": // the request id is in the text
			case format == "syslog-rfc5424" && how == "auto": // it is in the structured data, under names of its own
			case format == "nginx" || format == "apache-combined":
				assert.Equal(t, s.WithRequestID, requests)
			default:
				assert.Equal(t, s.WithRequestID, requests)
				if format != "python" {
					assert.Equal(t, s.WithRequestID, traces)
				}
			}
			// Printed times are cut to the format's resolution.
			assert.InDelta(t, s.First, first, 1e9)
			assert.InDelta(t, s.Last, last, 1e9)
			if s.Format == "logfmt" {
				assert.Equal(t, s.First, first)
				assert.Equal(t, s.Last, last)
			}
		})
	}
}

// TestSystems compares the headers of the sample logs with their labels.
func TestSystems(t *testing.T) {
	dir := corpora(t)
	levels := map[string]plog.SeverityNumber{
		"notice": 10, "error": 17, "INFO": 9, "WARN": 13, "WARNING": 13, "ERROR": 17, "FATAL": 21, "DEBUG": 5,
	}
	byRule, byFormat := newTestProcessor(t, loadConfig(t, "testdata/config/systems.yaml")), newTestProcessor(t, loadConfig(t, "testdata/config/auto.yaml"))
	// When each sample was written: what lacks the year takes it from there.
	for system, seen := range map[string]time.Time{
		"Apache": time.Date(2005, 12, 6, 0, 0, 0, 0, time.UTC), "HDFS": time.Date(2008, 11, 12, 0, 0, 0, 0, time.UTC),
		"Linux": time.Date(2005, 7, 28, 0, 0, 0, 0, time.UTC), "OpenSSH": time.Date(2016, 12, 11, 0, 0, 0, 0, time.UTC),
		"OpenStack": time.Date(2017, 5, 17, 0, 0, 0, 0, time.UTC), "Hadoop": time.Date(2015, 10, 19, 0, 0, 0, 0, time.UTC),
		"Zookeeper": time.Date(2015, 8, 26, 0, 0, 0, 0, time.UTC), "Spark": time.Date(2017, 6, 10, 0, 0, 0, 0, time.UTC),
	} {
		t.Run(system, func(t *testing.T) {
			raw, err := os.ReadFile(filepath.Join(dir, "logs", system, system+"_2k.log"))
			require.NoError(t, err)
			lines := strings.Split(strings.TrimSuffix(strings.ReplaceAll(string(raw), "\r\n", "\n"), "\n"), "\n")
			labels, err := os.ReadFile(filepath.Join(dir, "logs", system, system+"_2k.log_structured.csv"))
			require.NoError(t, err)
			rows, err := csv.NewReader(bytes.NewReader(labels)).ReadAll()
			require.NoError(t, err)
			column := map[string]int{}
			for i, name := range rows[0] {
				column[name] = i
			}
			rows = rows[1:]
			require.Len(t, lines, len(rows))
			recs := process(t, byRule, seen, lines...)
			recs = append(recs, process(t, byFormat, seen, lines...)...)
			lines, rows = append(lines, lines...), append(rows, rows...)
			wrong := 0
			bad := func(i int, format string, args ...any) {
				if wrong++; wrong <= 3 {
					how, n := "rule", i+1
					if i >= len(lines)/2 {
						how, n = "auto", n-len(lines)/2
					}
					t.Errorf("%s, line %d: %s", how, n, fmt.Sprintf(format, args...))
				}
			}
			for i, lr := range recs {
				cell := func(name string) string { return rows[i][column[name]] }
				if reason, ok := lr.Attributes().Get(errorAttribute); ok {
					bad(i, "not parsed: %s: %s", reason.Str(), lines[i])
					continue
				}
				if _, ok := column["Level"]; ok && system != "Linux" {
					if want := levels[cell("Level")]; want == 0 || lr.SeverityNumber() != want {
						bad(i, "severity %v, want %v (%s)", lr.SeverityNumber(), want, cell("Level"))
					}
				}
				if v, _ := lr.Attributes().Get("message"); strings.TrimSpace(v.AsString()) != strings.TrimSpace(cell("Content")) {
					bad(i, "message %q, want %q", v.AsString(), cell("Content"))
				}
				if want := labelledTime(t, system, cell, seen); !lr.Timestamp().AsTime().Equal(want) {
					bad(i, "time %v, want %v", lr.Timestamp().AsTime(), want)
				}
			}
			assert.Zero(t, wrong)
		})
	}
}

func labelledTime(t *testing.T, system string, cell func(string) string, seen time.Time) time.Time {
	t.Helper()
	var text, layout string
	switch system {
	case "Apache":
		text, layout = cell("Time"), "Mon Jan 02 15:04:05 2006"
	case "HDFS":
		text, layout = fmt.Sprintf("%06s %06s", cell("Date"), cell("Time")), "060102 150405"
	case "Linux":
		text, layout = cell("Month")+" "+cell("Date")+" "+cell("Time")+" "+strconv.Itoa(seen.Year()), "Jan 2 15:04:05 2006"
	case "OpenSSH":
		text, layout = cell("Date")+" "+cell("Day")+" "+cell("Time")+" "+strconv.Itoa(seen.Year()), "Jan 2 15:04:05 2006"
	case "Spark":
		text, layout = cell("Date")+" "+cell("Time"), "06/01/02 15:04:05"
	default:
		text, layout = strings.ReplaceAll(cell("Date")+" "+cell("Time"), ",", "."), "2006-01-02 15:04:05"
	}
	out, err := time.Parse(layout, text)
	require.NoError(t, err)
	return out
}
