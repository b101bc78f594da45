// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package spike

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
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

// record is one of a stream.
type record struct {
	service  string
	at       time.Duration // after the beginning
	record   plog.LogRecord
	template string // of the loud service's
}

// stream is what the generator wrote: a shop, one service of which writes a hundred times what it usually does.
type stream struct {
	records    []record
	loud       string
	usual      float64       // records a second of the loud service
	begin, end time.Duration // of the spike
	length     time.Duration
	services   map[string]int // records of each
}

const (
	perSecond       = 1500 // records outside the spike
	recordsVariable = "LOGBOOM_SPIKE_RECORDS"
)

// openStream makes a stream of which the spike has one half.
func openStream(t *testing.T, seed, records int) *stream {
	t.Helper()
	if v := os.Getenv(recordsVariable); v != "" {
		var err error
		records, err = strconv.Atoi(v)
		require.NoError(t, err, recordsVariable)
	}
	dir := harness.Corpora(t, "generator")
	out := harness.TempDir(t)
	program := filepath.Join(out, "loggen")
	build := exec.Command("go", "build", "-o", program, ".")
	build.Dir = dir
	require.Zero(t, harness.RunCmd(t, build).Code, "build the generator")
	run := harness.Run(t, program, "-seed", strconv.Itoa(seed), "-records", strconv.Itoa(records), "-rate", strconv.Itoa(perSecond),
		"-spikes", "1", "-spike-share", "0.5", "-spike-factor", "100", "-format", "otlp-json", "-out", out)
	require.Zero(t, run.Code, run.Stderr)

	var truth struct {
		Service string  `json:"service"`
		Start   int64   `json:"start_unix_nano"`
		End     int64   `json:"end_unix_nano"`
		Usual   float64 `json:"usual_records_per_second"`
	}
	eachLine(t, filepath.Join(out, "truth", "spikes.jsonl"), func(line []byte) { require.NoError(t, json.Unmarshal(line, &truth)) })
	s := &stream{loud: truth.Service, usual: truth.Usual, services: map[string]int{}}

	files, err := filepath.Glob(filepath.Join(out, "otlp", "*.jsonl"))
	require.NoError(t, err)
	var unmarshaler plog.JSONUnmarshaler
	for _, path := range files {
		eachLine(t, path, func(line []byte) {
			ld, err := unmarshaler.UnmarshalLogs(line)
			require.NoError(t, err)
			for _, rl := range ld.ResourceLogs().All() {
				name, _ := rl.Resource().Attributes().Get("service.name")
				for _, sl := range rl.ScopeLogs().All() {
					for _, lr := range sl.LogRecords().All() {
						s.records = append(s.records, record{service: name.Str(), at: time.Duration(lr.ObservedTimestamp()), record: lr}) //nolint:gosec // of this century
					}
				}
			}
		})
	}
	slices.SortStableFunc(s.records, func(a, b record) int { return cmp.Compare(a.at, b.at) })
	first := s.records[0].at
	s.begin, s.end = time.Duration(truth.Start)-first, time.Duration(truth.End)-first
	templates := templatesOf(t, filepath.Join(out, "truth", "templates.jsonl"), s.loud)
	for i := range s.records {
		r := &s.records[i]
		r.at -= first
		s.services[r.service]++
		if r.service == s.loud {
			r.template = templates(r.record.Body().Str())
		}
	}
	s.length = s.records[len(s.records)-1].at
	t.Logf("%d records in %s; %s, %.0f records a second, runs wild from %s to %s", len(s.records), s.length.Round(time.Millisecond), s.loud, s.usual,
		s.begin.Round(time.Millisecond), s.end.Round(time.Millisecond))
	return s
}

// templatesOf finds which statement a line of a service comes from.
func templatesOf(t *testing.T, path, service string) func(line string) string {
	t.Helper()
	type pattern struct {
		name string
		find *regexp.Regexp
	}
	var patterns []pattern
	eachLine(t, path, func(line []byte) {
		var v struct {
			Template string `json:"template"`
			Type     string `json:"service_type"`
			Message  string `json:"message"`
		}
		require.NoError(t, json.Unmarshal(line, &v))
		if v.Type == service {
			find := strings.ReplaceAll(regexp.QuoteMeta(v.Message), `<\*>`, `.*`)
			patterns = append(patterns, pattern{v.Template, regexp.MustCompile(`(?s)` + find)})
		}
	})
	require.NotEmpty(t, patterns)
	// The longest first: it says most.
	slices.SortFunc(patterns, func(a, b pattern) int { return len(b.find.String()) - len(a.find.String()) })
	return func(line string) string {
		for _, p := range patterns {
			if p.find.MatchString(line) {
				return p.name
			}
		}
		return "?"
	}
}

func eachLine(t *testing.T, path string, visit func([]byte)) {
	t.Helper()
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	for line := range bytes.Lines(raw) {
		visit(line)
	}
}

// numberAttribute tells which record of the stream it was.
const numberAttribute = "test.n"

// batch puts records, by their numbers, into a request of now.
func (s *stream) batch(numbers []int) plog.Logs {
	ld := plog.NewLogs()
	services := map[string]plog.LogRecordSlice{}
	now := pcommon.NewTimestampFromTime(time.Now())
	for _, n := range numbers {
		r := &s.records[n]
		to, ok := services[r.service]
		if !ok {
			rl := ld.ResourceLogs().AppendEmpty()
			rl.Resource().Attributes().PutStr("service.name", r.service)
			to = rl.ScopeLogs().AppendEmpty().LogRecords()
			services[r.service] = to
		}
		lr := to.AppendEmpty()
		r.record.CopyTo(lr)
		lr.SetTimestamp(now)
		lr.SetObservedTimestamp(now)
		lr.Attributes().PutInt(numberAttribute, int64(n))
	}
	return ld
}

// play is the stream as it happens.
type play struct {
	stream *stream
	began  time.Time
	due    []time.Time // when a record was to be sent
	taken  []bool      // acknowledged
	most   int         // records of a request
}

// run sends every record when it is due: those of the loud service through a client of its own, but for one in ten, which comes with what
// the others write. A request of the loud service that is refused is not repeated: its records are not taken.
func (s *stream) run(t *testing.T, addr string) *play {
	t.Helper()
	p := &play{stream: s, began: time.Now(), due: make([]time.Time, len(s.records)), taken: make([]bool, len(s.records))}
	agents := map[bool]chan []int{false: make(chan []int, 1<<12), true: make(chan []int, 1<<12)}
	failed := make(chan error, 2)
	for loud, requests := range agents {
		client := harness.DialOTLP(t, addr)
		go func() {
			var wrong error
			for numbers := range requests {
				err := client.Send(t.Context(), s.batch(numbers))
				if err != nil && !loud && wrong == nil {
					wrong = fmt.Errorf("request of all services: %w", err)
				}
				for _, n := range numbers {
					p.taken[n] = err == nil
				}
			}
			failed <- wrong
		}()
	}
	const pause = 50 * time.Millisecond
	var clock time.Duration
	last := p.began
	for next := 0; next < len(s.records); {
		// What a pause of this machine holds up comes a little faster than usual after it, not at once: that would be a spike of all.
		now := time.Now()
		clock, last = clock+min(now.Sub(last), 2*pause), now
		var numbers [2][]int
		for ; next < len(s.records) && s.records[next].at <= clock; next++ {
			p.due[next] = now
			to := 0
			if s.records[next].service == s.loud && next%10 != 0 {
				to = 1
			}
			numbers[to] = append(numbers[to], next)
		}
		for i, list := range numbers {
			p.most = max(p.most, len(list))
			if len(list) > 0 {
				agents[i == 1] <- list
			}
		}
		time.Sleep(pause)
	}
	for _, requests := range agents {
		close(requests)
	}
	for range agents {
		require.NoError(t, <-failed)
	}
	return p
}
