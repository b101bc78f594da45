// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/test/harness"
)

// counts is the number of records by service and level.
type counts map[string]map[string]int

func (c counts) add(service, level string, n int) {
	if n == 0 {
		return
	}
	if c[service] == nil {
		c[service] = map[string]int{}
	}
	c[service][level] += n
}

func (c counts) total() int {
	n := 0
	for _, levels := range c {
		for _, v := range levels {
			n += v
		}
	}
	return n
}

// levelOf names the level of a word of the ground truth as the query API does.
func levelOf(t *testing.T, word string) string {
	t.Helper()
	switch strings.ToUpper(word) {
	case "UNSPECIFIED":
		return "unknown"
	case "DEBUG":
		return "debug"
	case "INFO", "NOTICE":
		return "info"
	case "WARN", "WARNING":
		return "warn"
	case "ERROR":
		return "error"
	case "FATAL":
		return "fatal"
	}
	t.Fatalf("the ground truth has a level %q", word)
	return ""
}

// source is a file to be tailed.
type source struct {
	path, service string
	multiline     bool
}

// systems returns the sample logs of eight systems with their labels' counts. Linux and OpenSSH have no levels (the column of
// that name in Linux's labels holds the host).
func systems(t *testing.T, dir string, want counts) []source {
	t.Helper()
	var out []source
	for _, system := range []string{"Apache", "HDFS", "Hadoop", "Linux", "OpenSSH", "OpenStack", "Spark", "Zookeeper"} {
		path := filepath.Join(dir, system, system+"_2k.log")
		raw, err := os.ReadFile(path + "_structured.csv")
		require.NoError(t, err)
		rows, err := csv.NewReader(bytes.NewReader(raw)).ReadAll()
		require.NoError(t, err)
		column := slices.Index(rows[0], "Level")
		if system == "Linux" {
			column = -1
		}
		for _, row := range rows[1:] {
			level := "unknown"
			if column >= 0 {
				level = levelOf(t, row[column])
			}
			want.add(system, level, 1)
		}
		out = append(out, source{path: path, service: system})
	}
	return out
}

// planted is a secret or personal datum that the generator has hidden in a log.
type planted struct {
	Kind    string `json:"kind"`
	Value   string `json:"value"`
	Service string `json:"service"`
}

// generate runs the generator and returns its files, its counts, and what it has planted.
func generate(t *testing.T, dir string, records int, want counts) (sources []source, secrets []planted) {
	t.Helper()
	out := harness.TempDir(t)
	program := filepath.Join(out, "loggen")
	build := exec.Command("go", "build", "-o", program, ".")
	build.Dir = dir
	require.Zero(t, harness.RunCmd(t, build).Code, "build the generator")
	made := harness.Run(t, program, "-seed", "1", "-records", strconv.Itoa(records), "-out", out)
	require.Zero(t, made.Code, made.Stderr)

	var manifest struct {
		Services []struct {
			Service    string         `json:"service"`
			Format     string         `json:"format"`
			BySeverity map[string]int `json:"by_severity"`
		} `json:"services"`
	}
	raw, err := os.ReadFile(filepath.Join(out, "manifest.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(raw, &manifest))
	for _, s := range manifest.Services {
		for word, n := range s.BySeverity {
			want.add(s.Service, levelOf(t, word), n)
		}
		sources = append(sources, source{
			path: filepath.Join(out, "logs", s.Service+".log"), service: s.Service,
			multiline: s.Format == "java" || s.Format == "python",
		})
	}

	raw, err = os.ReadFile(filepath.Join(out, "truth", "sensitive.jsonl"))
	require.NoError(t, err)
	for line := range bytes.Lines(raw) {
		var p planted
		require.NoError(t, json.Unmarshal(line, &p))
		secrets = append(secrets, p)
	}
	return sources, secrets
}

// feed writes the files to where the agent tails: those of one-line records bit by bit, as a program that logs does, the
// others at once, because a record that is half written for long is taken for complete.
func feed(t *testing.T, logs string, sources []source) {
	t.Helper()
	const chunk = 256 << 10
	rest := map[string][]byte{}
	for _, s := range sources {
		if s.multiline {
			harness.CopyFile(t, s.path, filepath.Join(logs, "traces", s.service+".log"))
			continue
		}
		data, err := os.ReadFile(s.path)
		require.NoError(t, err)
		rest[s.service] = data
	}
	for len(rest) > 0 {
		for _, service := range slices.Sorted(maps.Keys(rest)) {
			data := rest[service]
			n := len(data)
			if n > chunk {
				n = bytes.LastIndexByte(data[:chunk], '\n') + 1
			}
			harness.AppendBytes(t, filepath.Join(logs, "lines", service+".log"), data[:n])
			if rest[service] = data[n:]; len(rest[service]) == 0 {
				delete(rest, service)
			}
		}
	}
}

// TestCorpora sends real logs of eight systems and 200,000 records of a made-up shop, whose every record, level and secret is
// known, through the shipped agent and gateway, and compares.
func TestCorpora(t *testing.T) {
	want := counts{}
	sources := systems(t, harness.Corpora(t, "logs"), want)
	shop, secrets := generate(t, harness.Corpora(t, "generator"), 200_000, want)
	sources = append(sources, shop...)
	require.Greater(t, want.total(), 216_000)

	overlay, err := os.ReadFile("testdata/corpora-agent.yaml")
	require.NoError(t, err)
	gw := harness.StartGateway(t, "")
	agentDir := harness.TempDir(t)
	agent := harness.StartAgent(t, gw.Addr("otlp"), agentDir, string(overlay))
	began := time.Now()
	feed(t, agent.Dir("logs"), sources)

	loki := gw.Loki("query")
	harness.Eventually(t, 3*time.Minute, func() error {
		n, err := loki.Count(`{service_name=~".+"}`)
		if err == nil && n < want.total() {
			err = fmt.Errorf("%d of %d records are in the archive", n, want.total())
		}
		return err
	})
	t.Logf("%d records from files to queryable in %s", want.total(), time.Since(began).Round(100*time.Millisecond))

	t.Run("counts", func(t *testing.T) {
		got := counts{}
		samples, err := loki.Instant(`sum by (service_name, detected_level) (count_over_time({service_name=~".+"}[`+harness.AllTime+`]))`, harness.Future)
		require.NoError(t, err)
		for _, s := range samples {
			got.add(s.Labels["service_name"], s.Labels["detected_level"], int(s.Value))
		}
		require.Equal(t, want, got)
	})

	t.Run("labels", func(t *testing.T) {
		raw, err := loki.Get("/loki/api/v1/label/service_name/values", url.Values{
			"start": {"0"}, "end": {strconv.FormatInt(harness.Future.UnixNano(), 10)},
		})
		require.NoError(t, err)
		var answer struct{ Data []string }
		require.NoError(t, json.Unmarshal(raw, &answer))
		require.Equal(t, slices.Sorted(maps.Keys(want)), slices.Sorted(slices.Values(answer.Data)))
	})

	// The processes end, so that what they hold back is written, and their files can be looked at.
	agent.Terminate()
	gw.Terminate()
	t.Logf("processor time: agent %s, gateway %s (with the queries)", agent.CPU(), gw.CPU())

	t.Run("secrets", func(t *testing.T) {
		searchSecrets(t, secrets, gw.Dir("archive"), gw.Dir("wal"), agent.Dir("state"))
	})
	t.Run("DuckDB", func(t *testing.T) { compareDuckDB(t, gw.Dir("archive"), want) })
}

// searchSecrets looks for every planted value in every byte that was kept.
func searchSecrets(t *testing.T, secrets []planted, dirs ...string) {
	t.Helper()
	texts := make([]string, len(secrets))
	for i, s := range secrets {
		texts[i] = s.Value
		if s.Kind == "private_key" { // what makes it secret is what stands between its first and last line
			_, body, _ := strings.Cut(s.Value, "KEY-----")
			texts[i] = strings.TrimSpace(body)[:40]
		}
	}
	const control = "Checkout started for user" // no secret, and in the archive: the search finds what is there
	needles := harness.NewNeedles(append(texts, control))
	controlled := 0
	leaks, kinds := map[string]int{}, map[string]int{}
	for _, s := range secrets {
		kinds[s.Kind]++
	}
	for _, dir := range dirs {
		found, raw, values, err := needles.SearchFiles(dir)
		require.NoError(t, err)
		t.Logf("%s: %d bytes and %d Parquet values searched for %d planted values", filepath.Base(dir), raw, values, len(texts))
		for at, where := range found {
			if at == len(texts) {
				controlled += len(where)
				continue
			}
			leaks[secrets[at].Kind]++
			if leaks[secrets[at].Kind] <= 2 {
				t.Logf("leak: %s of %s in %s", secrets[at].Kind, secrets[at].Service, where[0])
			}
		}
	}
	t.Logf("planted: %v; the control was found %d times", kinds, controlled)
	require.NotZero(t, controlled, "finds of the control")
	require.Empty(t, leaks, "planted values that were kept, by kind")
}

// compareDuckDB counts the archive's live objects with a Parquet reader that is not ours.
func compareDuckDB(t *testing.T, archive string, want counts) {
	t.Helper()
	script := filepath.Join(harness.Root(), "test", "duckdb")
	if _, err := os.Stat(filepath.Join(script, "node_modules")); err != nil {
		t.Skip("DuckDB is not installed: run `make test-deps`")
	}
	list := harness.Run(t, harness.CtlBinary(t), "archive", "ls", "--live", "file://"+archive)
	require.Zero(t, list.Code, list.Stderr)
	var files strings.Builder
	for line := range strings.Lines(list.Stdout) {
		if key := strings.Fields(line); len(key) > 0 && strings.HasSuffix(key[0], ".parquet") {
			fmt.Fprintln(&files, filepath.Join(archive, filepath.FromSlash(key[0])))
		}
	}
	require.NotZero(t, files.Len(), "archive ls --live printed no Parquet objects:\n%s", list.Stdout)
	count := exec.Command("node", "count.mjs")
	count.Dir, count.Stdin = script, strings.NewReader(files.String())
	r := harness.RunCmd(t, count)
	require.Zero(t, r.Code, r.Stderr)
	var answer struct {
		Rows     int                       `json:"rows"`
		Services map[string]map[string]int `json:"services"`
	}
	require.NoError(t, json.Unmarshal([]byte(r.Stdout), &answer))
	require.Equal(t, want.total(), answer.Rows, "rows that DuckDB counts")
	levels := map[string]string{"0": "unknown", "5": "debug", "9": "info", "10": "info", "13": "warn", "17": "error", "21": "fatal"}
	got := counts{}
	for service, numbers := range answer.Services {
		for number, n := range numbers {
			got.add(service, levels[number], n)
		}
	}
	require.Equal(t, want, got)
}
