// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package trail

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"

	"github.com/logboom/logboom/test/harness"
)

// request is what is true of one.
type request struct {
	RequestID    string   `json:"request_id"`
	TraceID      string   `json:"trace_id"`
	Records      int      `json:"records"`
	Services     []string `json:"services"`
	ErrorService string   `json:"error_service"`
}

// stream is what the generator made.
type stream struct {
	logs     []plog.Logs
	requests []request
	records  int
	lines    map[string]int
	services map[string]int
}

func generate(t *testing.T, seed string) *stream {
	t.Helper()
	dir := harness.Corpora(t, "generator")
	made := harness.TempDir(t)
	program := filepath.Join(made, "loggen")
	build := exec.Command("go", "build", "-o", program, ".")
	build.Dir = dir
	require.Zero(t, harness.RunCmd(t, build).Code, "build the generator")
	run := harness.Run(t, program, "-seed", seed, "-records", "30000", "-error-rate", "0.05", "-format", "otlp-json", "-out", made)
	require.Zero(t, run.Code, run.Stderr)
	s := &stream{lines: map[string]int{}, services: map[string]int{}}
	files, err := filepath.Glob(filepath.Join(made, "otlp", "*.jsonl"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, name := range files {
		raw, err := os.ReadFile(name)
		require.NoError(t, err)
		for line := range bytes.Lines(raw) {
			req := plogotlp.NewExportRequest()
			require.NoError(t, req.UnmarshalJSON(line))
			s.logs = append(s.logs, req.Logs())
		}
	}
	for _, ld := range s.logs {
		s.records += ld.LogRecordCount()
		each(ld, func(service string, r plog.LogRecord) {
			s.lines[r.Body().Str()]++
			s.services[service]++
		})
	}
	raw, err := os.ReadFile(filepath.Join(made, "truth", "requests.jsonl"))
	require.NoError(t, err)
	for line := range bytes.Lines(raw) {
		var r request
		require.NoError(t, json.Unmarshal(line, &r))
		s.requests = append(s.requests, r)
	}
	return s
}

func each(ld plog.Logs, visit func(service string, r plog.LogRecord)) {
	for _, rl := range ld.ResourceLogs().All() {
		service, _ := rl.Resource().Attributes().Get("service.name")
		for _, sl := range rl.ScopeLogs().All() {
			for _, r := range sl.LogRecords().All() {
				visit(service.AsString(), r)
			}
		}
	}
}

// start runs a Logboom that has the records, as change leaves them.
func start(t *testing.T, s *stream, change func(plog.LogRecord)) *harness.Logboom {
	t.Helper()
	lb := harness.Start(t, harness.Config{YAML: `
receivers: {otlp: {protocols: {grpc: {endpoint: '{{addr "otlp"}}'}}}}
exporters: {object_storage: {writer: test, bucket: {url: 'file://{{dir "archive"}}'}, wal: {directory: '{{dir "wal"}}'}, flush: {interval: 2s}}}
extensions: {archive_query: {endpoint: '{{addr "query"}}', bucket: {url: 'file://{{dir "archive"}}'}}}
service: {extensions: [archive_query], pipelines: {logs: {receivers: [otlp], exporters: [object_storage]}}}`})
	client := harness.DialOTLP(t, lb.Addr("otlp"))
	for _, ld := range s.logs {
		sent := plog.NewLogs()
		ld.CopyTo(sent)
		if change != nil {
			each(sent, func(_ string, r plog.LogRecord) { change(r) })
		}
		harness.Eventually(t, time.Minute, func() error { return client.Send(t.Context(), sent) })
	}
	loki := lb.Loki("query")
	harness.Eventually(t, time.Minute, func() error {
		n, err := exported(loki, nil)
		if err == nil && n != s.records {
			err = fmt.Errorf("%d records, want %d", n, s.records)
		}
		return err
	})
	return lb
}

// get asks an endpoint of the own API.
func get(loki *harness.Loki, path string, out any, kv ...string) error {
	v := url.Values{}
	for i := 0; i < len(kv); i += 2 {
		v.Set(kv[i], kv[i+1])
	}
	resp, err := http.Get(loki.URL + "/logboom/api/v1/" + path + "?" + v.Encode())
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", path, resp.Status)
	}
	return json.NewDecoder(resp.Body).Decode(out)
}

// The generator's records are of these times, and some seconds around them.
const from, to = "2026-01-14T23:50:00Z", "2026-01-15T06:00:00Z"

// exported counts the records of an export, by their lines if wanted.
func exported(loki *harness.Loki, lines map[string]int) (n int, err error) {
	resp, err := http.Get(loki.URL + "/logboom/api/v1/export?" + url.Values{"query": {`{service_name=~".+"}`}, "start": {from}, "end": {to}}.Encode())
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("export: %s", resp.Status)
	}
	scanner := bufio.NewScanner(resp.Body)
	scanner.Buffer(nil, 16<<20)
	for scanner.Scan() {
		n++
		if lines != nil {
			var r struct{ Line string }
			if err := json.Unmarshal(scanner.Bytes(), &r); err != nil {
				return n, err
			}
			lines[r.Line]++
		}
	}
	return n, scanner.Err()
}

type trail struct {
	Data struct {
		Records []struct {
			Service string `json:"service"`
			Line    string `json:"line"`
		} `json:"records"`
		Lanes      []struct{ Service string } `json:"lanes"`
		FirstError *int                       `json:"first_error"`
		Clock      struct{ Corrected bool }   `json:"clock"`
	} `json:"data"`
}

// TestTrail asks for requests of which the truth is known: each trail has all records of its request, and its first error is of the service
// that failed.
func TestTrail(t *testing.T) {
	s := generate(t, "3")
	for name, tt := range map[string]struct {
		change   func(plog.LogRecord)
		byTrace  bool
		accurate float64 // share of the failed requests whose service has to be found
	}{
		"as it is": {nil, true, 0.98},
		"on skewed clocks": { // nothing says how far they are off
			func(r plog.LogRecord) { r.SetObservedTimestamp(0) }, true, 0.98,
		},
		"bare lines": { // as they come from files that nobody has parsed
			func(r plog.LogRecord) {
				r.Attributes().RemoveIf(func(string, pcommon.Value) bool { return true })
				r.SetObservedTimestamp(0)
				r.SetTraceID(pcommon.TraceID{})
				r.SetSpanID(pcommon.SpanID{})
				r.SetSeverityNumber(0)
				r.SetSeverityText("")
			}, false, 0.95,
		},
	} {
		t.Run(name, func(t *testing.T) {
			lb := start(t, s, tt.change)
			loki := lb.Loki("query")
			failed, found, corrected, asked := 0, 0, 0, 0
			var longest time.Duration
			var wrong []string
			for i, r := range s.requests {
				if r.ErrorService == "" && i%40 != 0 {
					continue
				}
				id := r.RequestID
				if tt.byTrace && i%2 == 0 {
					id = r.TraceID
				}
				asked++
				var tr trail
				began := time.Now()
				require.NoError(t, get(loki, "trail", &tr, "id", id))
				longest = max(longest, time.Since(began))
				require.Len(t, tr.Data.Records, r.Records, "%+v", r)
				services := []string{}
				for _, l := range tr.Data.Lanes {
					if !slices.Contains(services, l.Service) {
						services = append(services, l.Service)
					}
				}
				require.ElementsMatch(t, r.Services, services)
				if tr.Data.Clock.Corrected {
					corrected++
				}
				if r.ErrorService == "" {
					require.Nil(t, tr.Data.FirstError, "%+v", r)
					continue
				}
				failed++
				if e := tr.Data.FirstError; e != nil && tr.Data.Records[*e].Service == r.ErrorService {
					found++
				} else {
					wrong = append(wrong, fmt.Sprintf("%+v", r))
				}
			}
			t.Logf("%d trails, %d of failed requests, the service that failed is found for %d; clocks corrected in %d; the longest took %v",
				asked, failed, found, corrected, longest.Round(time.Millisecond))
			require.Greater(t, failed, 50)
			require.GreaterOrEqual(t, float64(found), tt.accurate*float64(failed), "%s", strings.Join(wrong, "\n"))
			if tt.change == nil {
				require.Greater(t, corrected, asked*9/10)
				checkRest(t, s, loki)
			} else {
				require.Zero(t, corrected)
			}
			lb.Terminate()
		})
	}
}

// checkRest compares an export and the fields with the truth.
func checkRest(t *testing.T, s *stream, loki *harness.Loki) {
	lines := map[string]int{}
	n, err := exported(loki, lines)
	require.NoError(t, err)
	require.Equal(t, s.records, n)
	require.Equal(t, s.lines, lines)

	var fields struct {
		Data struct {
			LookedAt int `json:"looked_at"`
			Total    int `json:"total"`
			Fields   []struct {
				Name   string `json:"name"`
				Values []struct {
					Value   string `json:"value"`
					Records int    `json:"records"`
				} `json:"values"`
			} `json:"fields"`
		} `json:"data"`
	}
	require.NoError(t, get(loki, "fields", &fields, "query", `{service_name=~".+"}`, "start", from, "end", to, "values", "100"))
	require.Equal(t, s.records, fields.Data.Total)
	require.Equal(t, 2000, fields.Data.LookedAt)
	require.Equal(t, "service_name", fields.Data.Fields[0].Name)
	services := map[string]int{}
	for _, v := range fields.Data.Fields[0].Values {
		services[v.Value] = v.Records
	}
	require.Equal(t, s.services, services)
}
