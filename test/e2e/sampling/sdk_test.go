// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package sampling

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploggrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/log"
	"go.opentelemetry.io/otel/propagation"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/logboom/logboom/test/harness"
)

// both samples logs and spans with one processor in two pipelines.
const both = `
receivers:
  otlp: {protocols: {grpc: {endpoint: '{{addr "otlp"}}'}}}
processors:
  request_sampling:
    wait: 30s
    end: {root_span: true, grace: 2s}
    policies:
      - {name: errors, severity: error}
      - {name: slow, latency: {min: 300ms}}
      - {name: rest, rate: 0.25}
    policy_attribute: logboom.sampling.policy
exporters:
  otlp_grpc: {endpoint: '%s', tls: {insecure: true}, sending_queue: {enabled: false}}
service:
  pipelines:
    logs: {receivers: [otlp], processors: [request_sampling], exporters: [otlp_grpc]}
    traces: {receivers: [otlp], processors: [request_sampling], exporters: [otlp_grpc]}
`

// program is one instrumented with the OpenTelemetry SDK.
type program struct {
	tracer trace.Tracer
	logger log.Logger
	flush  func(context.Context) error
}

func startProgram(t *testing.T, name, addr string) *program {
	t.Helper()
	const interval = 200 * time.Millisecond
	res := resource.NewSchemaless(attribute.String("service.name", name))
	spans, err := otlptracegrpc.New(t.Context(), otlptracegrpc.WithEndpoint(addr), otlptracegrpc.WithInsecure())
	require.NoError(t, err)
	traces := sdktrace.NewTracerProvider(sdktrace.WithResource(res), sdktrace.WithBatcher(spans, sdktrace.WithBatchTimeout(interval)))
	lines, err := otlploggrpc.New(t.Context(), otlploggrpc.WithEndpoint(addr), otlploggrpc.WithInsecure())
	require.NoError(t, err)
	logs := sdklog.NewLoggerProvider(sdklog.WithResource(res), sdklog.WithProcessor(sdklog.NewBatchProcessor(lines, sdklog.WithExportInterval(interval))))
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		require.NoError(t, traces.Shutdown(ctx))
		require.NoError(t, logs.Shutdown(ctx))
	})
	return &program{tracer: traces.Tracer("test"), logger: logs.Logger("test"), flush: func(ctx context.Context) error {
		if err := logs.ForceFlush(ctx); err != nil {
			return err
		}
		return traces.ForceFlush(ctx)
	}}
}

// say logs a line of the request that ctx is in.
func (p *program) say(ctx context.Context, severity log.Severity, text string) {
	var r log.Record
	r.SetTimestamp(time.Now())
	r.SetSeverity(severity)
	r.SetSeverityText(severity.String())
	r.SetBody(log.StringValue(text))
	p.logger.Emit(ctx, r)
}

// The story of a request, which the client writes into its path.
const (
	plain  = "/plain"
	failed = "/failed"
	slow   = "/slow"
)

// serve is the server: a span of its own, one of its database's, three lines.
func (p *program) serve(w http.ResponseWriter, r *http.Request) {
	ctx := propagation.TraceContext{}.Extract(r.Context(), propagation.HeaderCarrier(r.Header))
	ctx, span := p.tracer.Start(ctx, "GET "+r.URL.Path, trace.WithSpanKind(trace.SpanKindServer))
	defer span.End()
	p.say(ctx, log.SeverityInfo, "request received")
	ctx, query := p.tracer.Start(ctx, "SELECT", trace.WithSpanKind(trace.SpanKindClient))
	p.say(ctx, log.SeverityDebug, "asking the database")
	switch r.URL.Path {
	case slow:
		time.Sleep(400 * time.Millisecond)
	case failed:
		// The status stays 200 and no span tells of it: only the log knows.
		p.say(ctx, log.SeverityError, "the database is gone; answered from the cache")
	}
	query.End()
	p.say(ctx, log.SeverityDebug, "request done")
	_, _ = fmt.Fprintln(w, "hello")
}

// ask makes a request with a root span and a debug line of the client's own, and returns its trace id.
func (p *program) ask(ctx context.Context, url string) (trace.TraceID, error) {
	ctx, span := p.tracer.Start(ctx, "ask")
	defer span.End()
	p.say(ctx, log.SeverityDebug, "asking "+url)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return trace.TraceID{}, fmt.Errorf("make request: %w", err)
	}
	propagation.TraceContext{}.Inject(ctx, propagation.HeaderCarrier(req.Header))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return trace.TraceID{}, fmt.Errorf("ask: %w", err)
	}
	return span.SpanContext().TraceID(), resp.Body.Close()
}

// told is what came out of one request.
type told struct {
	spans, debug, lines int
	thresholds, states  map[string]bool
	policies            map[string]bool
}

// TestSDK runs a client and a server that are instrumented with the OpenTelemetry SDK: an error in a log keeps the spans, a slow span
// keeps the debug lines, and of the plain ones all or nothing is kept, in both signals.
func TestSDK(t *testing.T) {
	var mu sync.Mutex
	requests := map[[16]byte]*told{}
	of := func(id pcommon.TraceID) *told {
		if requests[id] == nil {
			requests[id] = &told{thresholds: map[string]bool{}, states: map[string]bool{}, policies: map[string]bool{}}
		}
		return requests[id]
	}
	addr := harness.ServeOTLP(t, harness.Taker{
		Logs: func(ld plog.Logs) error {
			mu.Lock()
			defer mu.Unlock()
			for _, rl := range ld.ResourceLogs().All() {
				for _, sl := range rl.ScopeLogs().All() {
					for _, lr := range sl.LogRecords().All() {
						r := of(lr.TraceID())
						r.lines++
						if lr.SeverityNumber() == plog.SeverityNumberDebug {
							r.debug++
						}
						threshold, _ := lr.Attributes().Get("sampling.threshold")
						r.thresholds[threshold.AsString()] = true
						policy, _ := lr.Attributes().Get("logboom.sampling.policy")
						r.policies[policy.AsString()] = true
					}
				}
			}
			return nil
		},
		Traces: func(td ptrace.Traces) error {
			mu.Lock()
			defer mu.Unlock()
			for _, rs := range td.ResourceSpans().All() {
				for _, ss := range rs.ScopeSpans().All() {
					for _, span := range ss.Spans().All() {
						r := of(span.TraceID())
						r.spans++
						r.states[span.TraceState().AsRaw()] = true
						policy, _ := span.Attributes().Get("logboom.sampling.policy")
						r.policies[policy.AsString()] = true
					}
				}
			}
			return nil
		},
	})
	lb := harness.Start(t, harness.Config{Name: "gateway", YAML: fmt.Sprintf(both, addr)})
	front, shop := startProgram(t, "front", lb.Addr("otlp")), startProgram(t, "shop", lb.Addr("otlp"))
	server := httptest.NewServer(http.HandlerFunc(shop.serve))
	t.Cleanup(server.Close)

	story := map[[16]byte]string{}
	var wg sync.WaitGroup
	errs := make(chan error, 1000)
	for i := range 400 {
		path := plain
		switch i % 20 {
		case 3:
			path = failed
		case 11:
			path = slow
		}
		wg.Go(func() {
			id, err := front.ask(t.Context(), server.URL+path)
			if err != nil {
				errs <- err
				return
			}
			mu.Lock()
			defer mu.Unlock()
			story[id] = path
		})
		time.Sleep(5 * time.Millisecond)
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		t.Fatal(err)
	}
	require.NoError(t, shop.flush(t.Context()))
	require.NoError(t, front.flush(t.Context()))
	logs, spans := settled(t, lb, "logs", time.Minute), settled(t, lb, "traces", time.Minute)
	t.Logf("logs: %s; spans: %s", logs, spans)
	decisions(t, lb)
	for _, a := range []account{logs, spans} {
		require.Equal(t, a.received, a.kept+a.dropped)
	}

	mu.Lock()
	defer mu.Unlock()
	counts := map[string]int{}
	const keptAll, ofFour = "0", "c"
	for id, path := range story {
		r := requests[id]
		name := path
		if r != nil {
			counts[path+" kept"]++
		}
		counts[path]++
		lines, threshold, policy := 4, keptAll, map[string]string{plain: "rest", failed: "errors", slow: "slow"}[path]
		switch path {
		case failed:
			lines = 5
		case plain:
			// A machine that is busy makes plain requests slow as well.
			if r != nil && r.policies["slow"] {
				policy = "slow"
				counts["plain, but slow"]++
			} else {
				threshold = ofFour
			}
			if r == nil {
				continue
			}
		case slow:
		}
		require.NotNil(t, r, "%s is kept", name)
		require.Equal(t, told{
			spans: 3, debug: 3, lines: lines, thresholds: map[string]bool{threshold: true},
			states: map[string]bool{"ot=th:" + threshold: true}, policies: map[string]bool{policy: true},
		}, *r, name)
		delete(requests, id)
	}
	t.Logf("%v", counts)
	require.Empty(t, requests, "requests that nobody made")
	require.Less(t, counts["plain, but slow"], counts[plain]/2, "this machine is too busy")
	kept, n := float64(counts[plain+" kept"]-counts["plain, but slow"]), float64(counts[plain]-counts["plain, but slow"])
	require.InDelta(t, n/4, kept, quantile(1)*math.Sqrt(n*0.25*0.75), "plain requests kept")
}
