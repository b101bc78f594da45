// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/logboom/logboom/test/harness"
)

func quoted(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// secrecy passes logs and spans on to files, and also to an address where nobody listens, so that there are errors to be
// reported; it says all it can say about itself.
const secrecy = `
receivers:
  otlp: {protocols: {grpc: {endpoint: '{{addr "otlp"}}'}}}
  filelog: {include: ['{{dir "in"}}/*.log'], start_at: beginning, poll_interval: 50ms}
processors:
  redact: {%s}
exporters:
  file/logs: {path: '{{dir "out"}}/logs.json', flush_interval: 50ms}
  file/traces: {path: '{{dir "out"}}/traces.json', flush_interval: 50ms}
  otlp_grpc/away: {endpoint: '{{addr "nobody"}}', tls: {insecure: true}, timeout: 200ms, retry_on_failure: {enabled: false}, sending_queue: {enabled: true, queue_size: 100000}}
extensions:
  zpages: {endpoint: '{{addr "zpages"}}'}
service:
  extensions: [zpages]
  telemetry:
    logs: {level: debug, sampling: {enabled: false}}
    metrics: {level: detailed}
  pipelines:
    logs: {receivers: [otlp, filelog], processors: [redact], exporters: [file/logs, otlp_grpc/away]}
    traces: {receivers: [otlp], processors: [redact], exporters: [file/traces, otlp_grpc/away]}
`

// TestNothingLeaks plants secrets everywhere in logs and spans and in a file that is tailed, and searches what comes out.
func TestNothingLeaks(t *testing.T) {
	texts, needles := written()
	lb := harness.Start(t, harness.Config{YAML: fmt.Sprintf(secrecy, "")})
	const records = 2 // of logsWith
	client := harness.DialOTLP(t, lb.Addr("otlp"))
	spans := dialTraces(t, lb.Addr("otlp"))
	lines := 0
	for _, text := range texts {
		require.NoError(t, client.Send(context.Background(), logsWith(text)))
		_, err := spans.Export(t.Context(), ptraceotlp.NewExportRequestFromTraces(tracesWith(text)))
		require.NoError(t, err)
		if !strings.Contains(text, "\n") {
			harness.Append(t, filepath.Join(lb.Dir("in"), "app.log"), text)
			lines++
		}
	}
	total := records*len(texts) + lines
	harness.Eventually(t, time.Minute, func() error {
		got, err := lb.Metric("otelcol_exporter_sent_log_records_total", `exporter="file/logs"`)
		if err == nil && int(got) < total {
			err = fmt.Errorf("%d of %d records are written", int(got), total)
		}
		return err
	})
	// The one that fails must have failed before it is asked what was said about that.
	harness.Eventually(t, time.Minute, func() error {
		_, err := lb.Metric("otelcol_exporter_send_failed_log_records_total", `exporter="otlp_grpc/away"`)
		return err
	})
	said := map[string]string{}
	metrics, err := lb.Loki("metrics").Get("/metrics", nil)
	require.NoError(t, err)
	said["metrics"] = string(metrics)
	for _, page := range []string{"/debug/servicez", "/debug/pipelinez", "/debug/tracez"} {
		body, err := lb.Loki("zpages").Get(page, nil)
		require.NoError(t, err)
		said[page] = string(body)
	}
	lb.Terminate()
	said["printed"] = lb.Log()
	for _, name := range []string{"logs.json", "traces.json"} {
		raw, err := os.ReadFile(filepath.Join(lb.Dir("out"), name))
		require.NoError(t, err)
		said[name] = string(raw)
	}
	for where, text := range said {
		// In JSON a text is escaped once more, and bytes stand in base64: both readings are searched.
		for _, n := range append(needles, "5555555555554444") {
			if inner := quoted(n); strings.Contains(text, n) || strings.Contains(text, inner[1:len(inner)-1]) {
				t.Errorf("%q stands in %s", n, where)
			}
		}
	}
	// The controls: the search looked at something.
	require.Contains(t, said["logs.json"], "[REDACTED:payment_card]")
	require.Contains(t, said["traces.json"], "[REDACTED:payment_card]")
	require.Contains(t, said["printed"], "otlp_grpc/away")
	require.Contains(t, said["metrics"], "otelcol_processor_redact_findings")
}

// TestDroppedIsCounted drops what has a finding: in = out + dropped.
func TestDroppedIsCounted(t *testing.T) {
	texts, _ := written()
	lb := harness.Start(t, harness.Config{YAML: fmt.Sprintf(secrecy, "action: drop_record")})
	client := harness.DialOTLP(t, lb.Addr("otlp"))
	sent := 0
	for i, text := range texts {
		ld := harness.Logs("shop", "clean", "dirty: "+text, "clean too")
		if i%3 == 0 {
			ld = logsWith(text) // the resource is dirty: nothing stays
		}
		sent += ld.LogRecordCount()
		require.NoError(t, client.Send(context.Background(), ld))
	}
	metric := func(name string, parts ...string) int {
		v, err := lb.Metric(name, parts...)
		require.NoError(t, err)
		return int(v)
	}
	in := metric("otelcol_processor_incoming_items_total", `otel_signal="logs"`)
	out := metric("otelcol_processor_outgoing_items_total", `otel_signal="logs"`)
	record := metric("otelcol_processor_redact_dropped_items_total", `otel_signal="logs"`, `reason="record"`)
	resource := metric("otelcol_processor_redact_dropped_items_total", `otel_signal="logs"`, `reason="resource"`)
	require.Equal(t, sent, in)
	require.Equal(t, in, out+record+resource)
	require.NotZero(t, out)
	require.NotZero(t, record)
	require.NotZero(t, resource)
	lb.Terminate()
}

func dialTraces(t *testing.T, addr string) ptraceotlp.GRPCClient {
	t.Helper()
	conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return ptraceotlp.NewGRPCClient(conn)
}
