// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package sampling

import (
	"bytes"
	"cmp"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/logboom/logboom/test/harness"
)

// record is a line of the stream and the truth about it.
type record struct {
	line, service, severity string
	at, clock               int64 // true time and the time of the service's own clock, in nanoseconds
	request                 int   // index of shop.requests; -1 for none
	traced                  bool  // the line itself says the trace id
}

// request is the truth about a request.
type request struct {
	id, trace string
	status    int
	records   int // all of them
	failed    bool
}

// shop is a stream of the generator with its truth.
type shop struct {
	records  []record
	requests []request
}

// untraced are the services whose lines hold no trace id.
var untraced = []string{"edge", "web", "inventory", "recommendation", "shipping"}

// openShop makes a stream: a made-up shop whose clocks are skewed and of whose requests 2 % fail.
func openShop(t *testing.T, seed, records int) *shop {
	t.Helper()
	dir := harness.Corpora(t, "generator")
	out := harness.TempDir(t)
	program := filepath.Join(out, "loggen")
	build := exec.Command("go", "build", "-o", program, ".")
	build.Dir = dir
	require.Zero(t, harness.RunCmd(t, build).Code, "build the generator")
	run := harness.Run(t, program, "-seed", strconv.Itoa(seed), "-records", strconv.Itoa(records), "-index", "-error-rate", "0.02", "-out", out)
	require.Zero(t, run.Code, run.Stderr)

	s := &shop{}
	byID := map[string]int{}
	eachLine(t, filepath.Join(out, "truth", "requests.jsonl"), func(r struct {
		ID      string `json:"request_id"`
		Trace   string `json:"trace_id"`
		Status  int    `json:"status"`
		Records int    `json:"records"`
	},
	) {
		byID[r.ID] = len(s.requests)
		s.requests = append(s.requests, request{id: r.ID, trace: r.Trace, status: r.Status, records: r.Records, failed: r.Status >= 500})
	})
	files := map[string][]byte{}
	found := make([]int, len(s.requests))
	errored := make([]bool, len(s.requests))
	eachLine(t, filepath.Join(out, "truth", "records.jsonl"), func(r struct {
		File     string `json:"file"`
		Offset   int    `json:"offset"`
		Length   int    `json:"length"`
		Service  string `json:"service"`
		Severity string `json:"severity"`
		True     int64  `json:"true_unix_nano"`
		Local    int64  `json:"local_unix_nano"`
		Request  string `json:"request_id"`
	},
	) {
		if files[r.File] == nil {
			raw, err := os.ReadFile(filepath.Join(out, filepath.FromSlash(r.File)))
			require.NoError(t, err)
			files[r.File] = raw
		}
		line := bytes.TrimSuffix(files[r.File][r.Offset:r.Offset+r.Length], []byte("\n"))
		rec := record{line: string(line), service: r.Service, severity: r.Severity, at: r.True, clock: r.Local, request: -1}
		if r.Request != "" {
			i, ok := byID[r.Request]
			require.True(t, ok, "request %s is in the truth", r.Request)
			rec.request, rec.traced = i, !slices.Contains(untraced, r.Service)
			found[i]++
			errored[i] = errored[i] || r.Severity == "ERROR"
		}
		s.records = append(s.records, rec)
	})
	slices.SortStableFunc(s.records, func(a, b record) int { return cmp.Compare(a.at, b.at) })
	for i, r := range s.requests {
		require.Equal(t, r.records, found[i], "records of request %s", r.id)
		// What the policies of the tests ask for is what the truth calls failed: an access line with 5xx and a record of severity error.
		require.Equal(t, r.failed, errored[i], "request %s with status %d has a record of severity error", r.id, r.status)
	}
	return s
}

func eachLine[T any](t *testing.T, path string, visit func(T)) {
	t.Helper()
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	for line := range bytes.Lines(raw) {
		var v T
		require.NoError(t, json.Unmarshal(line, &v))
		visit(v)
	}
}

// traced leaves only the records whose lines hold a trace id.
func (s *shop) traced() *shop {
	out := &shop{requests: slices.Clone(s.requests)}
	for i := range out.requests {
		out.requests[i].records = 0
	}
	for _, r := range s.records {
		if r.traced {
			out.requests[r.request].records++
			out.records = append(out.records, r)
		}
	}
	return out
}

// numberAttribute tells which record of the stream it was.
const numberAttribute = "test.n"

// batch puts records of the stream, by their numbers, into a request as a receiver of files would make it: text, the service
// on the resource, and nothing that the line says.
func (s *shop) batch(numbers []int) plog.Logs {
	ld := plog.NewLogs()
	services := map[string]plog.LogRecordSlice{}
	now := pcommon.NewTimestampFromTime(time.Now())
	for _, n := range numbers {
		rec := &s.records[n]
		to, ok := services[rec.service]
		if !ok {
			rl := ld.ResourceLogs().AppendEmpty()
			rl.Resource().Attributes().PutStr("service.name", rec.service)
			to = rl.ScopeLogs().AppendEmpty().LogRecords()
			services[rec.service] = to
		}
		lr := to.AppendEmpty()
		lr.SetTimestamp(pcommon.Timestamp(rec.clock)) //nolint:gosec // a time of this century
		lr.SetObservedTimestamp(now)
		lr.Body().SetStr(rec.line)
		lr.Attributes().PutInt(numberAttribute, int64(n))
	}
	return ld
}
