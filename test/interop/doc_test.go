// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"fmt"
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/logboom/logboom/test/harness"
)

const (
	docDir   = "/var/lib/logboom/archive" // as the documentation has it
	docTrace = "4bf92f3577b34da6a3ce929d0e0e4736"
)

// docSection is the part of docs/archive.md below a heading.
func docSection(t *testing.T, heading string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(harness.Root(), "docs", "archive.md"))
	require.NoError(t, err)
	_, rest, ok := strings.Cut(string(b), "\n## "+heading+"\n")
	require.True(t, ok, "heading %s", heading)
	section, _, _ := strings.Cut(rest, "\n## ")
	return section
}

// fenced are the blocks of a text in that language.
func fenced(text, language string) (blocks []string) {
	for {
		_, rest, ok := strings.Cut(text, "```"+language+"\n")
		if !ok {
			return blocks
		}
		block, after, _ := strings.Cut(rest, "```")
		blocks, text = append(blocks, block), after
	}
}

// docLogs are some records that the queries of the documentation find.
func docLogs() plog.Logs {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("service.name", "edge")
	rl.Resource().Attributes().PutStr("host.name", "node-9")
	for i := range 6 {
		lr := rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
		lr.SetTimestamp(pcommon.NewTimestampFromTime(arrival.Add(time.Duration(-i/2) * time.Minute)))
		lr.SetSeverityNumber(plog.SeverityNumberError)
		lr.Body().SetStr(fmt.Sprintf("upstream timeout %d", i/2))
		lr.Attributes().PutStr("log.record.uid", fmt.Sprintf("edge-%d", i/2)) // each came twice
		lr.Attributes().PutStr("sampling.threshold", "c")
		lr.Attributes().PutStr("http.path", "/checkout")
		lr.Attributes().PutStr("http.status_code", "504") // a text: in no typed column
		if i < 2 {
			lr.SetTraceID(pcommon.TraceID{0x4b, 0xf9, 0x2f, 0x35, 0x77, 0xb3, 0x4d, 0xa6, 0xa3, 0xce, 0x92, 0x9d, 0x0e, 0x0e, 0x47, 0x36})
		}
	}
	return ld
}

// weight is how many records a row stands for, after docs/archive.md.
func weight(r *row) float64 {
	t := 0.0
	if v, err := strconv.ParseUint(r.SamplingThreshold, 16, 64); err == nil && len(r.SamplingThreshold) <= 14 {
		t = float64(v) / math.Pow(16, float64(len(r.SamplingThreshold)))
		if v == 1<<56-1 {
			return float64(r.RecordCount) * (1 << 56) // what a double cannot tell from 1
		}
	}
	return float64(r.RecordCount) / (1 - t)
}

// TestDocumentedQueries runs what docs/archive.md says of DuckDB, word for word but for the directory.
func TestDocumentedQueries(t *testing.T) {
	t.Parallel()
	a := writeArchive(t, archiveOptions{}, docLogs(), denseCorpus(3000, time.Hour), oddCorpus())
	dir := harness.TempDir(t)

	// The list, as the page makes it.
	shell := fenced(docSection(t, "Which objects to read"), "sh")
	require.Len(t, shell, 1)
	bin := filepath.Join(dir, "bin")
	require.NoError(t, os.Mkdir(bin, 0o700))
	require.NoError(t, os.Symlink(harness.CtlBinary(t), filepath.Join(bin, "logboomctl")))
	cmd := exec.Command("sh", "-ec", strings.ReplaceAll(shell[0], docDir, a.dir))
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"))
	r := harness.RunCmd(t, cmd)
	require.Zero(t, r.Code, r.Stderr)
	list, err := os.ReadFile(filepath.Join(dir, "live.txt"))
	require.NoError(t, err)
	require.ElementsMatch(t, a.files(t), strings.Fields(string(list)))

	var names, statements []string
	for _, block := range fenced(docSection(t, "DuckDB"), "sql") {
		title, sql, _ := strings.Cut(block, "\n")
		sql = strings.ReplaceAll(sql, "'live.txt'", sqlString(filepath.Join(dir, "live.txt")))
		for one := range strings.SplitSeq(sql, ";") {
			if strings.TrimSpace(one) != "" {
				names, statements = append(names, strings.TrimPrefix(title, "-- ")), append(statements, one)
			}
		}
	}
	got := map[string][][]any{}
	for i, answer := range duck(t, append([]string{"SET TimeZone = 'UTC'"}, statements...)...)[1:] {
		got[names[i]] = answer.Rows
	}
	delete(got, "define")
	want := a.documentedAnswers()
	require.Equal(t, slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(got)), "statements of the page, by their first line")
	for name, rows := range want {
		require.NotEmpty(t, rows, name)
		var have []string
		for _, row := range got[name] {
			have = append(have, show(row...))
		}
		require.Equal(t, rows, have, name)
	}
}

// show writes a row as text; sums of doubles depend on their order in the last digits.
func show(values ...any) string {
	var b strings.Builder
	for _, v := range values {
		if f, ok := v.(float64); ok {
			v = strconv.FormatFloat(f, 'g', 10, 64)
		}
		fmt.Fprint(&b, v, "|")
	}
	return b.String()
}

// documentedAnswers are what the statements must answer, by their names.
func (a *testArchive) documentedAnswers() map[string][]string {
	var records []*row // each once
	seen := map[string]bool{}
	for _, r := range a.rows {
		key := fmt.Sprintf("%q %d %q", r.ServiceName, r.Timestamp/1000, r.RecordUID)
		if r.RecordUID == "" || !seen[key] {
			records = append(records, r)
			seen[key] = true
		}
	}
	value := func(entries []entry, key string) *string {
		for i := range entries {
			if entries[i].Key == key {
				return &entries[i].Value
			}
		}
		return nil
	}
	answers := map[string][]string{}
	add := func(name string, values ...any) { answers[name] = append(answers[name], show(values...)) }

	sums, once := map[string]float64{}, map[string]int{}
	for _, r := range records {
		sums[r.ServiceName] += weight(r)
		once[r.ServiceName]++
	}
	for _, s := range slices.Sorted(maps.Keys(once)) {
		add("services", s, strconv.Itoa(once[s]), sums[s])
	}

	byTime := slices.Clone(a.rows)
	slices.SortStableFunc(byTime, func(x, y *row) int { return int(x.Timestamp/1000) - int(y.Timestamp/1000) })
	for _, r := range byTime {
		at := time.UnixMicro(r.Timestamp / 1000).UTC().Format("2006-01-02 15:04:05.999999+00")
		if r.TraceID == docTrace {
			add("trace", at, r.ServiceName, r.Body)
		}
		if strings.Contains(r.Body, "timeout") {
			add("word", at, r.ServiceName, r.Body)
		}
	}

	from, to := arrival.Truncate(time.Hour).UnixMicro(), arrival.Truncate(time.Hour).Add(time.Hour).UnixMicro()
	minutes := map[string]float64{}
	for _, r := range records {
		if us := r.Timestamp / 1000; r.SeverityNumber >= 17 && us >= from && us < to {
			minutes[time.UnixMicro(us).UTC().Truncate(time.Minute).Format("2006-01-02 15:04:05+00")] += weight(r)
		}
	}
	for _, m := range slices.Sorted(maps.Keys(minutes)) {
		add("errors", m, minutes[m])
	}

	paths, hosts, services := map[string]int{}, map[string]int{}, map[string]int{}
	const null = "\xff" // sorts last, as NULL does
	for _, r := range a.rows {
		services[r.ServiceName]++
		host := null
		if v := value(r.ResourceAttributes, "host.name"); v != nil {
			host = *v
		}
		hosts[host]++
		status := value(r.LogAttributes, "http.status_code")
		if status == nil {
			continue
		}
		if n, err := strconv.Atoi(*status); err == nil && n >= 500 {
			paths[*value(r.LogAttributes, "http.path")]++
		}
	}
	for name, counts := range map[string]map[string]int{"attribute": paths, "hosts": hosts} {
		for _, key := range slices.Sorted(maps.Keys(counts)) {
			if key == null {
				add(name, nil, strconv.Itoa(counts[key]))
			} else {
				add(name, key, strconv.Itoa(counts[key]))
			}
		}
	}
	for _, s := range slices.Sorted(maps.Keys(services)) {
		add("one line", s, strconv.Itoa(services[s]))
	}
	return answers
}
