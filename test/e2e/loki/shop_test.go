// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package loki

import (
	"fmt"
	"net/url"
	"strconv"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/logboom/logboom/test/harness"
)

// shop is a Logboom with sixty records of two services, one a second.
type shop struct {
	t    *testing.T
	lb   *harness.Logboom
	loki *harness.Loki
	otlp *harness.OTLP
	base time.Time // of the first record
}

const config = `
receivers: {otlp: {protocols: {grpc: {endpoint: '{{addr "otlp"}}'}}}}
exporters: {object_storage: {bucket: {url: 'file://{{dir "archive"}}'}, wal: {directory: '{{dir "wal"}}'}, flush: {interval: 5m}}}
extensions: {archive_query: {endpoint: '{{addr "query"}}', bucket: {url: 'file://{{dir "archive"}}'}}}
service: {extensions: [archive_query], pipelines: {logs: {receivers: [otlp], exporters: [object_storage]}}}`

func openShop(t *testing.T) *shop {
	s := &shop{t: t, lb: harness.Start(t, harness.Config{YAML: config}), base: time.Now().Add(-10 * time.Minute).Truncate(time.Minute)}
	s.loki = s.lb.Loki("query")
	s.otlp = harness.DialOTLP(t, s.lb.Addr("otlp"))
	ld := plog.NewLogs()
	for i := range 60 {
		service, line := "checkout", fmt.Sprintf(`{"msg":"request %d","status":%d,"latency_ms":%d}`, i, 200+i%3*100, i)
		if i%3 == 2 {
			service, line = "cart", fmt.Sprintf(`msg="item %d" took=%dms`, i, i)
		}
		s.add(ld, service, s.base.Add(time.Duration(i)*time.Second), line, i%10 == 0)
	}
	s.send(ld)
	s.ready()
	return s
}

// ready waits until all records are found.
func (s *shop) ready() { s.loki.WaitCount(s.t, 60, `{service_name=~".+"}`) }

// commit has the records written to the archive: until then they are found in the write-ahead log.
func (s *shop) commit() {
	s.lb.Terminate()
	s.lb.Restart()
	s.ready()
}

func (s *shop) add(ld plog.Logs, service string, at time.Time, line string, failed bool) {
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("service.name", service)
	rl.Resource().Attributes().PutStr("k8s.namespace.name", "shop")
	rl.Resource().Attributes().PutStr("host.name", "node-1")
	lr := rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	lr.SetTimestamp(pcommon.NewTimestampFromTime(at))
	lr.Body().SetStr(line)
	lr.SetSeverityNumber(plog.SeverityNumberInfo)
	if failed {
		lr.SetSeverityNumber(plog.SeverityNumberError)
		lr.SetTraceID([16]byte{1, byte(at.Second())})
	}
}

func (s *shop) send(ld plog.Logs) {
	s.t.Helper()
	harness.Eventually(s.t, time.Minute, func() error { return s.otlp.Send(s.t.Context(), ld) })
}

// live sends a line of now.
func (s *shop) live(service, line string) {
	s.t.Helper()
	ld := plog.NewLogs()
	s.add(ld, service, time.Now(), line, false)
	s.send(ld)
}

// times are the parameters start and end that cover the records.
func (s *shop) times(v url.Values) url.Values {
	v.Set("start", strconv.FormatInt(s.base.UnixNano(), 10))
	v.Set("end", strconv.FormatInt(s.base.Add(time.Minute).UnixNano(), 10))
	return v
}
