// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grokprocessor

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
)

// TestLoggers: a line as each of the usual loggers writes it gets its time, severity, ids and service.
func TestLoggers(t *testing.T) {
	p := newTestProcessor(t, &Config{
		Library: "ecs-v1", MaxRecordBytes: 10_000, MaxFields: 100, MaxJSONDepth: 10, MaxMatchSteps: 10_000,
		Rules: []RuleConfig{{Name: "r", Parsers: []ParserConfig{
			{JSON: &JSONConfig{}}, {Logfmt: &LogfmtConfig{}}, {Grok: `^%{SYSLOGLINE}`},
		}}},
	})
	const (
		at           = "2026-11-22T13:04:05Z"
		ms           = "2026-11-22T13:04:05.678Z"
		trace, span  = "4d60b181d5a64bec76027b3dedb61e0a", "9d58e0c8a660ad15"
		none         = plog.SeverityNumberUnspecified
		info, failed = plog.SeverityNumberInfo, plog.SeverityNumberError
		warn         = plog.SeverityNumberWarn
	)
	check := func(logger, line, when string, severity plog.SeverityNumber, traceID, spanID, service string) {
		t.Helper()
		ld := plog.NewLogs()
		ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Body().SetStr(line)
		ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).SetObservedTimestamp(1795392000_000_000_000)
		out, err := p.processLogs(t.Context(), ld)
		require.NoError(t, err)
		require.Equal(t, 1, out.LogRecordCount())
		lr := out.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0)
		assert.Equal(t, when, lr.Timestamp().AsTime().Format(time.RFC3339Nano), logger)
		assert.Equal(t, severity, lr.SeverityNumber(), logger)
		assert.Equal(t, traceID, lr.TraceID().String(), logger)
		assert.Equal(t, spanID, lr.SpanID().String(), logger)
		assert.Equal(t, service, serviceOf(out.ResourceLogs().At(0)), logger)
	}
	check("pino", `{"level":40,"time":1795352645678,"pid":1,"hostname":"h","msg":"m"}`, ms, warn, "", "", "")
	check("bunyan", `{"name":"shop","hostname":"h","pid":1,"level":50,"msg":"m","time":"2026-11-22T13:04:05.678Z","v":0}`, ms, failed, "", "", "")
	check("winston", `{"level":"error","message":"m","service":"cart","timestamp":"2026-11-22T13:04:05.678Z"}`, ms, failed, "", "", "cart")
	check("zap", `{"level":"info","ts":1795352645.678,"caller":"a/b.go:1","msg":"m","trace_id":"`+trace+`","span_id":"`+span+`"}`, ms, info, trace, span, "")
	check("zerolog", `{"level":"warn","time":"2026-11-22T14:04:05+01:00","message":"m"}`, at, warn, "", "", "")
	check("logrus", `time="2026-11-22T13:04:05Z" level=warning msg="two words"`, at, warn, "", "", "")
	check("slog", `{"time":"2026-11-22T13:04:05.678Z","level":"ERROR+1","msg":"m"}`, ms, plog.SeverityNumberError2, "", "", "")
	check("hclog", `{"@level":"info","@message":"m","@module":"vault","@timestamp":"2026-11-22T13:04:05.678000Z"}`, ms, info, "", "", "")
	check("log15", `t=2026-11-22T13:04:05Z lvl=eror msg=m`, at, failed, "", "", "")
	check("Serilog", `{"@t":"2026-11-22T13:04:05.6780000Z","@mt":"m","@l":"Error","@tr":"`+trace+`","@sp":"`+span+`"}`, ms, failed, trace, span, "")
	check(".NET", `{"Timestamp":"2026-11-22T13:04:05.678Z","EventId":1,"LogLevel":"Information","Category":"c","Message":"m"}`, ms, info, "", "", "")
	check("Logback", `{"@timestamp":"2026-11-22T14:04:05.678+01:00","@version":"1","message":"m","level":"WARN","level_value":30000,"appname":"cart"}`, ms, warn, "", "", "cart")
	check("log4j", `{"instant":{"epochSecond":1795352645,"nanoOfSecond":678000000},"level":"ERROR","loggerName":"l","message":"m"}`, ms, failed, "", "", "")
	check("ECS", `{"@timestamp":"2026-11-22T13:04:05.678Z","log.level":"ERROR","message":"m","trace":{"id":"`+trace+`"},"span":{"id":"`+span+`"},"service":{"name":"cart"}}`, ms, failed, trace, span, "cart")
	check("Python", `{"asctime":"2026-11-22 13:04:05,678","levelname":"WARNING","name":"n","message":"m","otelTraceID":"`+trace+`","otelSpanID":"`+span+`"}`, ms, warn, trace, span, "")
	check("Python by number", `{"created_at":"x","time":"2026-11-22 13:04:05,678","levelno":30,"message":"m"}`, ms, warn, "", "", "")
	check("Monolog", `{"message":"m","context":{},"level":300,"level_name":"WARNING","datetime":"2026-11-22T13:04:05.678000+00:00"}`, ms, warn, "", "", "")
	check("Google", `{"severity":"ERROR","timestamp":"2026-11-22T13:04:05.678Z","message":"m","logging.googleapis.com/trace":"projects/p/traces/`+trace+`","logging.googleapis.com/spanId":"`+span+`"}`, ms, failed, trace, span, "")
	check("AWS Lambda", `{"timestamp":"2026-11-22T13:04:05.678Z","level":"INFO","requestId":"r","message":"m"}`, ms, info, "", "", "")
	check("Datadog", `{"timestamp":"2026-11-22T13:04:05.678Z","status":"ok","dd.trace_id":"5208525445560956196","dd.span_id":"1","dd.service":"cart"}`, ms, none, "00000000000000004848664bfa3e7524", "0000000000000001", "cart")
	check("journald", `{"__REALTIME_TIMESTAMP":"1795352645678000","PRIORITY":"4","SYSLOG_IDENTIFIER":"sshd","MESSAGE":"m"}`, ms, warn, "", "", "sshd")
	check("MongoDB", `{"t":{"$date":"2026-11-22T13:04:05.678+00:00"},"s":"I","c":"NETWORK","id":1,"ctx":"c","msg":"m"}`, ms, info, "", "", "")
	check("Caddy", `{"level":"error","ts":1795352645.678,"logger":"http.log.access","request":{"method":"GET"},"status":502}`, ms, failed, "", "", "")
	check("Traefik", `{"ClientAddr":"192.0.2.1:1","level":"info","msg":"","time":"2026-11-22T13:04:05Z"}`, at, info, "", "", "")
	check("Envoy", `{"start_time":"2026-11-22T13:04:05.678Z","method":"GET","response_code":200,"traceparent":"00-`+trace+`-`+span+`-01"}`, ms, none, trace, span, "")
	check("Kubernetes' audit", `{"kind":"Event","level":"Metadata","stageTimestamp":"2026-11-22T13:04:05.678000Z","verb":"get"}`, ms, none, "", "", "")
	check("Suricata", `{"timestamp":"2026-11-22T13:04:05.678000+0000","event_type":"dns"}`, ms, none, "", "", "")
	check("GELF", `{"version":"1.1","host":"h","short_message":"m","timestamp":1795352645.678,"level":3}`, ms, failed, "", "", "")
	check("CloudTrail", `{"eventVersion":"1.08","eventTime":"2026-11-22T13:04:05Z","eventName":"Get"}`, at, none, "", "", "")
	check("syslog", `Nov 22 13:04:05 h sshd[12]: m`, at, none, "", "", "sshd")
}
