// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/logboom/logboom/test/harness"
)

// storyRecords are in a story: 360 requests of three records each, and a heartbeat a minute; 30 of the requests fail with a record more.
const storyRecords = 360*3 + 60 + 30

// tell sends an hour of a shop in which something went wrong, and returns when it began: every ten seconds a request that "web" hands to
// "orders", and that to "stock"; from minute 40 to 45 "stock" cannot reserve anything of shard-3, its newest version, so that "orders" and
// "web" fail, too.
func tell(t *testing.T, lb *harness.Logboom, begin time.Time) {
	t.Helper()
	ld := plog.NewLogs()
	of := map[string]plog.LogRecordSlice{}
	for _, service := range []string{"web", "orders", "stock"} {
		rl := ld.ResourceLogs().AppendEmpty()
		rl.Resource().Attributes().PutStr("service.name", service)
		of[service] = rl.ScopeLogs().AppendEmpty().LogRecords()
	}
	add := func(service string, at time.Time, severity plog.SeverityNumber, trace int, shard, body string) {
		r := of[service].AppendEmpty()
		r.SetTimestamp(pcommon.NewTimestampFromTime(at))
		r.SetSeverityNumber(severity)
		r.Body().SetStr(body)
		if trace >= 0 {
			r.SetTraceID(pcommon.TraceID{0xb0, 0x0b, 14: byte(trace >> 8), 15: byte(trace)}) //nolint:gosec // small
		}
		if shard != "" {
			r.Attributes().PutStr("shard", shard)
		}
	}
	for i := range 360 {
		at := begin.Add(time.Duration(i) * 10 * time.Second)
		shard := fmt.Sprintf("shard-%d", i%3)
		bad := i >= 240 && i < 270
		if !bad {
			add("web", at, plog.SeverityNumberInfo, i, "", fmt.Sprintf(`{"msg":"order taken","status":200,"took_ms":%d,"user":{"id":%d,"plan":"basic"}}`, 20+i%7, 1000+i))
			add("orders", at.Add(time.Millisecond), plog.SeverityNumberInfo, i, "", fmt.Sprintf("order %d handed to stock", i))
			add("stock", at.Add(2*time.Millisecond), plog.SeverityNumberInfo, i, shard, fmt.Sprintf("reserved 1 piece for order %d", i))
			continue
		}
		add("orders", at.Add(time.Millisecond), plog.SeverityNumberInfo, i, "", fmt.Sprintf("order %d handed to stock", i))
		add("stock", at.Add(2*time.Millisecond), plog.SeverityNumberError, i, "shard-9", fmt.Sprintf("lock timeout while order %d was reserved\nstock.LockTimeout: gave up\n\tat stock.Shelf.lock(Shelf.java:12)\n\tat stock.Main.run(Main.java:7)", i))
		add("orders", at.Add(3*time.Millisecond), plog.SeverityNumberError, i, "", fmt.Sprintf("stock answered 503 for order %d", i))
		add("web", at.Add(4*time.Millisecond), plog.SeverityNumberError, i, "", fmt.Sprintf(`{"msg":"order failed","status":502,"took_ms":%d,"user":{"id":%d,"plan":"basic"}}`, 3000+i%7, 1000+i))
	}
	for i := range 60 {
		add("web", begin.Add(time.Duration(i)*time.Minute+5*time.Second), plog.SeverityNumberDebug, -1, "", "heartbeat")
	}
	harness.SendLogs(t, lb.Addr("grpc"), ld)
	lb.Loki("page").WaitCount(t, storyRecords, `{service_name=~"web|orders|stock"}`)
}

// stage starts the quickstart with its known lines and with the story, and returns what the specs want to know of them.
func stage(t *testing.T) (lb *harness.Logboom, address string, env []string) {
	t.Helper()
	lb, address = shop(t)
	begin := time.Now().UTC().Truncate(time.Minute).Add(-3 * time.Hour)
	tell(t, lb, begin)
	lb.Loki("page").WaitCount(t, written, `{service_name=~"checkout|inventory|edge|auth|payment"}`)
	require.True(t, lb.Running())
	return lb, address, []string{
		"LOGBOOM_OTLP=http://" + lb.Addr("http"),
		fmt.Sprintf("LOGBOOM_WRITTEN=%d", written),
		fmt.Sprintf("LOGBOOM_STORY=%d", begin.UnixMilli()),
	}
}
