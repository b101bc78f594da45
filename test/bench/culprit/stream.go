// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package culprit

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// Record is a log record of a stream.
type Record struct {
	Time, Observed        int64 // by the service's clock, and true
	Service, Pod, Request string
	Trace, Span           string
	Severity              int
	SeverityText, Body    string
}

// request is one of the generator's requests.
type request struct {
	ID           string   `json:"request_id"`
	Start        int64    `json:"start_unix_nano"`
	Services     []string `json:"services"`
	ErrorService string   `json:"error_service"`
	Flow         string   `json:"flow"`
}

// Stream is what the generator wrote.
type Stream struct {
	records  []Record // in the order of true time
	requests []request
	spike    *spikeTruth
}

type spikeTruth struct {
	Start   int64  `json:"start_unix_nano"`
	End     int64  `json:"end_unix_nano"`
	Service string `json:"service"`
}

// Generator builds the generator of the corpora into dir, and returns a way to run it.
func Generator(source, dir string) (func(start time.Time, args ...string) (*Stream, error), error) {
	program := filepath.Join(dir, "loggen")
	if out, err := exec.Command("go", "build", "-C", source, "-o", program, ".").CombinedOutput(); err != nil { //nolint:gosec,noctx // ends by itself
		return nil, fmt.Errorf("build generator: %w\n%s", err, out)
	}
	return func(start time.Time, args ...string) (*Stream, error) {
		out, err := os.MkdirTemp(dir, "out-*")
		if err != nil {
			return nil, err
		}
		defer os.RemoveAll(out)
		args = append(args, "-format", "otlp-json", "-out", out, "-start", start.Format(time.RFC3339))
		if text, err := exec.Command(program, args...).CombinedOutput(); err != nil { //nolint:gosec,noctx // built above; ends by itself
			return nil, fmt.Errorf("run generator: %w\n%s", err, text)
		}
		return readStream(out)
	}, nil
}

func readStream(dir string) (*Stream, error) {
	s := &Stream{}
	files, err := filepath.Glob(filepath.Join(dir, "otlp", "*.jsonl"))
	if err != nil {
		return nil, err
	}
	for _, name := range files {
		if err := eachLine(name, s.add); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(s.records, func(a, b Record) int { return int(a.Observed - b.Observed) })
	if err := eachLine(filepath.Join(dir, "truth", "requests.jsonl"), func(line []byte) error {
		var r request
		err := json.Unmarshal(line, &r)
		s.requests = append(s.requests, r)
		return err
	}); err != nil {
		return nil, err
	}
	return s, eachLine(filepath.Join(dir, "truth", "spikes.jsonl"), func(line []byte) error {
		s.spike = &spikeTruth{}
		return json.Unmarshal(line, s.spike)
	})
}

func eachLine(name string, f func([]byte) error) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		if err := f(lines.Bytes()); err != nil {
			return err
		}
	}
	return lines.Err()
}

// otlpText is the part of OTLP/JSON that the generator writes.
type otlpText struct {
	ResourceLogs []struct {
		Resource struct {
			Attributes []otlpAttribute `json:"attributes"`
		} `json:"resource"`
		ScopeLogs []struct {
			LogRecords []struct {
				Time         string          `json:"timeUnixNano"`
				Observed     string          `json:"observedTimeUnixNano"`
				Severity     int             `json:"severityNumber"`
				SeverityText string          `json:"severityText"`
				Body         otlpValue       `json:"body"`
				Attributes   []otlpAttribute `json:"attributes"`
				Trace        string          `json:"traceId"`
				Span         string          `json:"spanId"`
			} `json:"logRecords"`
		} `json:"scopeLogs"`
	} `json:"resourceLogs"`
}

type otlpAttribute struct {
	Key   string    `json:"key"`
	Value otlpValue `json:"value"`
}

type otlpValue struct {
	Text string `json:"stringValue"`
}

func (s *Stream) add(line []byte) error {
	var in otlpText
	if err := json.Unmarshal(line, &in); err != nil {
		return err
	}
	for _, rl := range in.ResourceLogs {
		service := attribute(rl.Resource.Attributes, "service.name")
		for _, sl := range rl.ScopeLogs {
			for _, r := range sl.LogRecords {
				at, err := strconv.ParseInt(r.Time, 10, 64)
				if err != nil {
					return err
				}
				observed, err := strconv.ParseInt(r.Observed, 10, 64)
				if err != nil {
					return err
				}
				s.records = append(s.records, Record{
					Time: at, Observed: observed, Service: service, Pod: attribute(r.Attributes, "k8s.pod.name"), Request: attribute(r.Attributes, "request_id"),
					Trace: r.Trace, Span: r.Span, Severity: r.Severity, SeverityText: r.SeverityText, Body: r.Body.Text,
				})
			}
		}
	}
	return nil
}

func attribute(list []otlpAttribute, key string) string {
	for _, a := range list {
		if a.Key == key {
			return a.Value.Text
		}
	}
	return ""
}

// Logs makes requests of at most so many records each.
func Logs(records []Record, most int, send func(plog.Logs) error) error {
	for len(records) > 0 {
		n := min(most, len(records))
		ld := plog.NewLogs()
		lists := map[string]plog.LogRecordSlice{}
		for i := range records[:n] {
			r := &records[i]
			list, ok := lists[r.Service]
			if !ok {
				rl := ld.ResourceLogs().AppendEmpty()
				rl.Resource().Attributes().PutStr("service.name", r.Service)
				rl.Resource().Attributes().PutStr("deployment.environment", "prod")
				list = rl.ScopeLogs().AppendEmpty().LogRecords()
				lists[r.Service] = list
			}
			lr := list.AppendEmpty()
			lr.SetTimestamp(pcommon.Timestamp(r.Time))             //nolint:gosec // of this century
			lr.SetObservedTimestamp(pcommon.Timestamp(r.Observed)) //nolint:gosec // of this century
			lr.SetSeverityNumber(plog.SeverityNumber(r.Severity))  //nolint:gosec // a small number
			lr.SetSeverityText(r.SeverityText)
			lr.Body().SetStr(r.Body)
			lr.Attributes().PutStr("log.file.name", r.Service+".log")
			lr.Attributes().PutStr("k8s.pod.name", r.Pod)
			if r.Request != "" {
				lr.Attributes().PutStr("request_id", r.Request)
			}
			if id, err := traceID(r.Trace); err == nil {
				lr.SetTraceID(id)
			}
		}
		if err := send(ld); err != nil {
			return err
		}
		records = records[n:]
	}
	return nil
}

func traceID(text string) (id pcommon.TraceID, err error) {
	if len(text) != 2*len(id) {
		return id, fmt.Errorf("no trace id")
	}
	for i := range id {
		b, err := strconv.ParseUint(text[2*i:2*i+2], 16, 8)
		if err != nil {
			return id, err
		}
		id[i] = byte(b)
	}
	return id, nil
}
