// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/logboom/logboom/test/harness"
)

// tail masks the lines of files and writes them to one.
const tail = `
receivers:
  filelog: {include: ['{{dir "in"}}/*.log'], start_at: beginning, poll_interval: 50ms, max_log_size: 1MiB}
processors:
  redact: {}
exporters:
  file: {path: '{{dir "out"}}/logs.json', flush_interval: 50ms}
service:
  pipelines:
    logs: {receivers: [filelog], processors: [redact], exporters: [file]}
`

// mark is a value that the generator has planted, or a look-alike.
type mark struct {
	File   string `json:"file"`
	Offset int    `json:"offset"`
	Length int    `json:"length"`
	Kind   string `json:"kind"`
	Value  string `json:"value"`
}

func marks(t *testing.T, path string) (out []mark) {
	t.Helper()
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	for line := range bytes.Lines(raw) {
		var m mark
		require.NoError(t, json.Unmarshal(line, &m))
		out = append(out, m)
	}
	return out
}

// TestGenerated sends a stream in which one record in fifty holds something planted through the shipped binary: none of it
// comes out, every look-alike does, and so does every line.
func TestGenerated(t *testing.T) {
	for _, seed := range []string{"1", "7", "42"} {
		t.Run("seed="+seed, func(t *testing.T) { generated(t, seed) })
	}
}

func generated(t *testing.T, seed string) {
	dir := harness.Corpora(t, "generator")
	made := harness.TempDir(t)
	program := filepath.Join(made, "loggen")
	build := exec.Command("go", "build", "-o", program, ".")
	build.Dir = dir
	require.Zero(t, harness.RunCmd(t, build).Code, "build the generator")
	run := harness.Run(t, program, "-seed", seed, "-records", "40000", "-secret-rate", "0.01", "-pii-rate", "0.01", "-decoy-rate", "0.01", "-out", made)
	require.Zero(t, run.Code, run.Stderr)
	sensitive, decoys := marks(t, filepath.Join(made, "truth", "sensitive.jsonl")), marks(t, filepath.Join(made, "truth", "decoys.jsonl"))
	require.NotEmpty(t, sensitive)
	require.NotEmpty(t, decoys)

	lb := harness.Start(t, harness.Config{YAML: tail})
	lines := 0
	files, err := filepath.Glob(filepath.Join(made, "logs", "*.log"))
	require.NoError(t, err)
	content := map[string][]byte{}
	for _, path := range files {
		raw, err := os.ReadFile(path)
		require.NoError(t, err)
		content["logs/"+filepath.Base(path)] = raw
		for line := range bytes.Lines(raw) {
			if len(bytes.TrimSpace(line)) > 0 {
				lines++
			}
		}
		harness.CopyFile(t, path, filepath.Join(lb.Dir("in"), filepath.Base(path)))
	}
	harness.Eventually(t, 2*time.Minute, func() error {
		n, err := lb.Metric("otelcol_exporter_sent_log_records_total", `exporter="file"`)
		if err == nil && int(n) < lines {
			err = fmt.Errorf("%d of %d lines are written", int(n), lines)
		}
		return err
	})
	in, err := lb.Metric("otelcol_processor_incoming_items_total", `processor="redact"`)
	require.NoError(t, err)
	out, err := lb.Metric("otelcol_processor_outgoing_items_total", `processor="redact"`)
	require.NoError(t, err)
	require.Equal(t, lines, int(in), "lines that came in")
	require.Equal(t, in, out, "in = out")
	lb.Terminate()

	bodies := bodiesOf(t, filepath.Join(lb.Dir("out"), "logs.json"))
	require.Equal(t, lines, countLines(bodies), "lines that came out")
	leaks := map[string]int{}
	for _, m := range sensitive {
		value := m.Value
		if m.Kind == "private_key" { // what makes it secret is what stands between its first and last line
			_, body, _ := strings.Cut(value, "KEY-----")
			value = strings.TrimSpace(body)[:40]
		}
		if strings.Contains(bodies, value) || strings.Contains(lb.Log(), value) {
			leaks[m.Kind]++
		}
	}
	require.Empty(t, leaks, "planted values that came out, by kind")
	touched := map[string]int{}
	for _, m := range decoys {
		if !strings.Contains(bodies, lineAround(content[m.File], m.Offset)+"\n") {
			if touched[m.Kind]++; touched[m.Kind] == 1 {
				t.Logf("changed: %s", lineAround(content[m.File], m.Offset))
			}
		}
	}
	require.Empty(t, touched, "look-alikes whose line was changed, by kind")
	t.Logf("%d lines, %d planted values, %d look-alikes", lines, len(sensitive), len(decoys))
}

func countLines(s string) int { return strings.Count(s, "\n") }

// lineAround is the line of a place, without what filelog cuts off.
func lineAround(raw []byte, at int) string {
	from := bytes.LastIndexByte(raw[:at], '\n') + 1
	to := at + bytes.IndexByte(raw[at:], '\n')
	return strings.TrimSpace(string(raw[from:to]))
}

// bodiesOf returns the bodies in what the file exporter wrote, a line feed behind each.
func bodiesOf(t *testing.T, path string) string {
	t.Helper()
	f, err := os.Open(path)
	require.NoError(t, err)
	defer func() { _ = f.Close() }()
	var b strings.Builder
	scan := bufio.NewScanner(f)
	scan.Buffer(nil, 64<<20)
	for scan.Scan() {
		ld, err := new(plog.JSONUnmarshaler).UnmarshalLogs(scan.Bytes())
		require.NoError(t, err)
		for _, rl := range ld.ResourceLogs().All() {
			for _, sl := range rl.ScopeLogs().All() {
				for _, lr := range sl.LogRecords().All() {
					b.WriteString(lr.Body().AsString() + "\n")
				}
			}
		}
	}
	require.NoError(t, scan.Err())
	return b.String()
}
