// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package query

import (
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/logboom/logboom/test/bench/internal/rig"
)

// loadStream is the stream of the published figures, or a small one where only the agreement counts.
func loadStream(t testing.TB, records int, small bool) *rig.Stream {
	t.Helper()
	if small {
		return rig.MakeStream(t, "query-own", records, *flagCache, generate)
	}
	return rig.LoadStream(t, records, *flagCache, false)
}

// generate makes requests through three services; the records of the gateway are JSON, with status and duration of some.
func generate(w io.Writer, records int) error {
	rnd := rand.New(rand.NewPCG(rig.Seed, 0)) //nolint:gosec // reproducible
	services := []string{"edge", jsonService, "cart"}
	now := time.Date(2026, 1, 15, 0, 0, 0, 0, time.UTC)
	for made := 0; made < records; {
		ld := plog.NewLogs()
		lists := make([]plog.LogRecordSlice, len(services))
		for i, s := range services {
			rl := ld.ResourceLogs().AppendEmpty()
			rl.Resource().Attributes().PutStr("service.name", s)
			rl.Resource().Attributes().PutStr("deployment.environment", "prod")
			lists[i] = rl.ScopeLogs().AppendEmpty().LogRecords()
		}
		for ld.LogRecordCount() < rig.FrameRecords && made+ld.LogRecordCount() < records {
			request := fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", rnd.Uint32(), rnd.Uint32()&0xffff, rnd.Uint32()&0xfff, rnd.Uint32()&0xfff, rnd.Uint64()&(1<<48-1))
			for step := range 12 {
				if made+ld.LogRecordCount() == records {
					break
				}
				now = now.Add(time.Duration(1 + rnd.IntN(20_000_000)))
				service := step % len(services)
				r := lists[service].AppendEmpty()
				r.SetTimestamp(pcommon.NewTimestampFromTime(now))
				r.SetObservedTimestamp(pcommon.NewTimestampFromTime(now.Add(time.Millisecond)))
				r.SetSeverityNumber(plog.SeverityNumber([]int{5, 9, 9, 13}[rnd.IntN(4)])) //nolint:gosec // a severity
				r.Attributes().PutStr("request_id", request)
				r.Body().SetStr(body(rnd, services[service], step, request))
			}
		}
		made += ld.LogRecordCount()
		if err := rig.WriteFrame(w, ld); err != nil {
			return err
		}
	}
	return nil
}

func body(rnd *rand.Rand, service string, step int, request string) string {
	if service != jsonService {
		return fmt.Sprintf("service=%s step=%d user=%d request_id=%s", service, step, rnd.IntN(1_000_000), request)
	}
	http := ""
	if step > 6 {
		status := 200
		if rnd.IntN(40) == 0 {
			status = 500 + rnd.IntN(4)
		}
		http = fmt.Sprintf(`,"http":{"method":"GET","status_code":%d,"duration_ms":%d.%03d}`, status, rnd.IntN(900), rnd.IntN(1000))
	}
	return fmt.Sprintf(`{"level":"%s","message":"request \"%d\" went on","request_id":"%s"%s}`, []string{"INFO", "DEBUG"}[rnd.IntN(2)], step, request, http)
}
