// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package loki

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/logboom/logboom/test/harness"
)

// resourceKeys are the attributes that the stream labels of the records are made of.
var resourceKeys = map[string]string{"service_name": "service.name", "k8s_namespace_name": "k8s.namespace.name", "k8s_pod_name": "k8s.pod.name"}

// otlp makes the records as OpenTelemetry has them. Their level is not set: it is unknown, as their metadata say.
func otlp(records []record) plog.Logs {
	ld := plog.NewLogs()
	index := map[string]plog.LogRecordSlice{}
	for _, r := range records {
		key := fmt.Sprint(r.stream)
		to, ok := index[key]
		if !ok {
			rl := ld.ResourceLogs().AppendEmpty()
			for _, k := range slices.Sorted(maps.Keys(r.stream)) {
				rl.Resource().Attributes().PutStr(resourceKeys[k], r.stream[k])
			}
			to = rl.ScopeLogs().AppendEmpty().LogRecords()
			index[key] = to
		}
		lr := to.AppendEmpty()
		lr.SetTimestamp(pcommon.Timestamp(r.ts)) //nolint:gosec // after 1970
		lr.Body().SetStr(r.line)
		for k, v := range r.metadata {
			// A level among the attributes is one of the record, which detected_level then tells.
			if k != "detected_level" {
				lr.Attributes().PutStr(k, v)
			}
		}
	}
	return ld
}

// TestBinary puts generated queries to Loki and to the shipped binary, over records from its receiver to its bucket.
func TestBinary(t *testing.T) {
	l := startLoki(t)
	rng := seeded(t)
	list := records(rng, 300)
	l.push(t, list)
	lb := harness.Start(t, harness.Config{YAML: `
receivers: {otlp: {protocols: {grpc: {endpoint: '{{addr "otlp"}}'}}}}
exporters: {object_storage: {writer: compare, bucket: {url: 'file://{{dir "archive"}}'}, wal: {directory: '{{dir "wal"}}'}, flush: {interval: 2s}}}
extensions: {archive_query: {endpoint: '{{addr "query"}}', bucket: {url: 'file://{{dir "archive"}}'}}}
service: {extensions: [archive_query], pipelines: {logs: {receivers: [otlp], exporters: [object_storage]}}}`})
	ours := &lokiProcess{url: lb.Loki("query").URL}
	harness.SendLogs(t, lb.Addr("otlp"), otlp(list))
	harness.Eventually(t, time.Minute, func() error {
		n, err := lb.Loki("query").Count(`{service_name=~".+"}`)
		if err == nil && n != len(list) {
			err = fmt.Errorf("%d of %d records", n, len(list))
		}
		return err
	})
	g := newGenerator(t, rng)
	n := int(fromEnv(t, "LOGBOOM_COMPARE_QUERIES", 600)) //nolint:gosec // a count
	queries := g.metrics(n)
	for range n {
		queries = append(queries, &query{text: g.selector() + g.pipeline(), start: base, end: base + int64(span)})
	}
	compare(t, l.ask, ours.ask, queries)
}
