// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap/xconfmap"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	tracenoop "go.opentelemetry.io/otel/trace/noop"
	"go.uber.org/zap"

	"github.com/logboom/logboom/processor/grokprocessor"
)

// grokRecord is a log record as --config prints it. What a record does not have is left out.
type grokRecord struct {
	Body       any            `json:"body"`
	Attributes map[string]any `json:"attributes,omitempty"`
	Severity   string         `json:"severity,omitempty"`      // of the number
	SeverityAs string         `json:"severity_text,omitempty"` // as it was written
	Timestamp  string         `json:"timestamp,omitempty"`     // RFC 3339, UTC
	EventName  string         `json:"event_name,omitempty"`
	TraceID    string         `json:"trace_id,omitempty"`
	SpanID     string         `json:"span_id,omitempty"`
	Resource   map[string]any `json:"resource,omitempty"`
}

// processor starts the configured grok processor, with last as what comes after it.
func (f *grokFlags) processor(ctx context.Context, last consumer.Logs) (processor.Logs, error) {
	block, err := processorBlock(ctx, f.config, "grok", f.processorName)
	if err != nil {
		return nil, err
	}
	factory := grokprocessor.NewFactory()
	cfg := factory.CreateDefaultConfig()
	if err = block.Unmarshal(cfg); err != nil {
		return nil, fmt.Errorf("read --config: %w", err)
	}
	if err = xconfmap.Validate(cfg); err != nil {
		return nil, fmt.Errorf("check --config: %w", err)
	}
	set := processor.Settings{
		ID: component.NewID(factory.Type()),
		TelemetrySettings: component.TelemetrySettings{
			Logger: zap.NewNop(), TracerProvider: tracenoop.NewTracerProvider(), MeterProvider: metricnoop.NewMeterProvider(), Resource: pcommon.NewResource(),
		},
	}
	return factory.CreateLogs(ctx, set, cfg, last)
}

func pairs(flag string, list []string) (map[string]string, error) {
	out := map[string]string{}
	for _, p := range list {
		key, value, ok := strings.Cut(p, "=")
		if !ok || key == "" {
			return nil, fmt.Errorf("%s must be KEY=VALUE, got %q", flag, p)
		}
		out[key] = value
	}
	return out, nil
}

// runGrokConfig makes a log record of each line, sends it through the configured processor and prints what comes out.
func runGrokConfig(ctx context.Context, f *grokFlags, in io.Reader, out io.Writer) (err error) {
	if len(f.parsers) > 0 || f.explain || f.check || f.allCaptures || len(f.patternFiles) > 0 || len(f.define) > 0 {
		return &usageError{errors.New("--config has the patterns; it goes together with --processor, --resource, --attribute and --jsonl only")}
	}
	resource, err := pairs("--resource", f.resource)
	if err != nil {
		return &usageError{err}
	}
	attributes, err := pairs("--attribute", f.attributes)
	if err != nil {
		return &usageError{err}
	}
	w := bufio.NewWriterSize(out, 1<<16)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	last, err := consumer.NewLogs(func(_ context.Context, ld plog.Logs) error { return printRecords(enc, ld) })
	if err != nil {
		return err
	}
	p, err := f.processor(ctx, last)
	if err != nil {
		return &usageError{err}
	}
	if err = p.Start(ctx, nil); err != nil {
		return fmt.Errorf("start processor: %w", err)
	}
	defer func() { err = errors.Join(err, p.Shutdown(context.WithoutCancel(ctx)), wrapWrite(w.Flush())) }()
	r := bufio.NewReaderSize(in, 1<<16)
	for n := 1; ; n++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		if r.Buffered() == 0 { // about to wait: show what there is
			if err := w.Flush(); err != nil {
				return wrapWrite(err)
			}
		}
		line, err := readLine(r)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read line %d: %w", n, err)
		}
		text := string(bytes.TrimSuffix(line, []byte("\r")))
		if f.jsonl {
			if err := json.Unmarshal(line, &text); err != nil {
				return fmt.Errorf("line %d must be a JSON string: %w", n, err)
			}
		}
		if err := p.ConsumeLogs(ctx, oneRecord(text, resource, attributes)); err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
	}
}

func oneRecord(body string, resource, attributes map[string]string) plog.Logs {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	for k, v := range resource {
		rl.Resource().Attributes().PutStr(k, v)
	}
	lr := rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	for k, v := range attributes {
		lr.Attributes().PutStr(k, v)
	}
	lr.Body().SetStr(body)
	return ld
}

func printRecords(enc *json.Encoder, ld plog.Logs) error {
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, lr := range sl.LogRecords().All() {
				rec := grokRecord{
					Body: lr.Body().AsRaw(), Attributes: lr.Attributes().AsRaw(), SeverityAs: lr.SeverityText(),
					EventName: lr.EventName(), Resource: rl.Resource().Attributes().AsRaw(),
				}
				if lr.SeverityNumber() != plog.SeverityNumberUnspecified {
					rec.Severity = lr.SeverityNumber().String()
				}
				if lr.Timestamp() != 0 {
					rec.Timestamp = lr.Timestamp().AsTime().Format(time.RFC3339Nano)
				}
				if !lr.TraceID().IsEmpty() {
					rec.TraceID = lr.TraceID().String()
				}
				if !lr.SpanID().IsEmpty() {
					rec.SpanID = lr.SpanID().String()
				}
				if err := enc.Encode(rec); err != nil {
					return wrapWrite(err)
				}
			}
		}
	}
	return nil
}
