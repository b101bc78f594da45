// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logformat

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func corpora(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("LOGBOOM_CORPORA")
	if dir == "" {
		t.Skip("LOGBOOM_CORPORA is not set: the corpora are not here")
	}
	return dir
}

// tally matches every text for one source, cold and warm, and counts the formats. Both must agree.
func tally(t *testing.T, texts []string, each func(i int, captured map[string]string)) map[string]int {
	t.Helper()
	r, cold := newRecogniser(t, 100), newRecogniser(t, 0)
	counts := map[string]int{}
	for i, text := range texts {
		f, captures, err := r.Match(1, text, nil)
		require.NoError(t, err)
		g, _, err := cold.Match(1, text, nil)
		require.NoError(t, err)
		require.Equal(t, cold.name(g), r.name(f), text)
		if f < 0 {
			t.Logf("no format: %.200s", text)
		}
		counts[r.name(f)]++
		if each != nil {
			m := map[string]string{}
			for _, c := range captures {
				m[c.Field.Key()] = c.Text
			}
			each(i, m)
		}
	}
	return counts
}

// TestSystems gives every line of the sample logs its format, and the message that their labels have.
func TestSystems(t *testing.T) {
	dir := corpora(t)
	for system, format := range map[string]string{
		"Apache": "apache_error", "HDFS": "hdfs", "Hadoop": "log4j", "Linux": "syslog", "OpenSSH": "syslog",
		"OpenStack": "openstack", "Spark": "spark", "Zookeeper": "zookeeper",
	} {
		t.Run(system, func(t *testing.T) {
			raw, err := os.ReadFile(filepath.Join(dir, "logs", system, system+"_2k.log"))
			require.NoError(t, err)
			lines := strings.Split(strings.TrimSuffix(strings.ReplaceAll(string(raw), "\r\n", "\n"), "\n"), "\n")
			labels, err := os.ReadFile(filepath.Join(dir, "logs", system, system+"_2k.log_structured.csv"))
			require.NoError(t, err)
			rows, err := csv.NewReader(bytes.NewReader(labels)).ReadAll()
			require.NoError(t, err)
			require.Len(t, rows, len(lines)+1)
			header := rows[0]
			wrong := map[string]int{}
			counts := tally(t, lines, func(i int, m map[string]string) {
				cell := func(name string) string {
					for c, h := range header {
						if h == name {
							return strings.TrimSpace(rows[i+1][c])
						}
					}
					return ""
				}
				for label, field := range map[string]string{"Content": "message", "Level": "level", "PID": "process.pid", "Process": "process.thread.name"} {
					if want := cell(label); want != "" && strings.TrimSpace(m[field]) != want && !(system == "Linux" && label == "Level") && !(system == "Hadoop" && label == "PID") {
						if wrong[label]++; wrong[label] <= 2 {
							t.Logf("%s is %q, labelled %q: %s", field, m[field], want, lines[i])
						}
					}
				}
			})
			assert.Equal(t, map[string]int{format: len(lines)}, counts)
			assert.Empty(t, wrong)
		})
	}
}

// TestGenerator gives every record of the generator's services its format.
func TestGenerator(t *testing.T) {
	dir, tmp := corpora(t), t.TempDir()
	cmd := exec.Command("go", "build", "-o", filepath.Join(tmp, "loggen"), ".")
	cmd.Dir = filepath.Join(dir, "generator")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	out, err = exec.Command(filepath.Join(tmp, "loggen"), "-records", "30000", "-seed", "11", "-error-rate", "0.1", "-out", tmp).CombinedOutput()
	require.NoError(t, err, string(out))
	var manifest struct {
		Services []struct{ Service, Format string }
	}
	raw, err := os.ReadFile(filepath.Join(tmp, "manifest.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(raw, &manifest))
	want := map[string]string{
		"nginx": "nginx_combined_rt", "json": "json", "logfmt": "logfmt", "zap-json": "json", "java": "log4j", "python": "python_logging",
		"syslog-rfc5424": "syslog_5424", "syslog-rfc3164": "syslog", "apache-combined": "combined",
	}
	require.Len(t, manifest.Services, 14)
	for _, s := range manifest.Services {
		t.Run(s.Service+" "+s.Format, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join(tmp, "logs", s.Service+".log"))
			require.NoError(t, err)
			var records, rest []string
			for line := range strings.SplitSeq(strings.TrimSuffix(string(text), "\n"), "\n") {
				if n := len(records); n > 0 && (s.Format == "java" || s.Format == "python") && !strings.HasPrefix(line, "2026-") {
					records[n-1] += "\n" + line
					rest = append(rest, line)
					continue
				}
				records = append(records, line)
			}
			require.Contains(t, want, s.Format)
			assert.Equal(t, map[string]int{want[s.Format]: len(records)}, tally(t, records, nil))
			if len(rest) > 0 { // alone, lines of stack traces have no format
				r := newRecogniser(t, 0)
				for _, line := range rest {
					f, _, _ := r.Match(0, line, nil)
					require.Equal(t, "none", r.name(f), fmt.Sprintf("%.200s", line))
				}
			}
		})
	}
}
