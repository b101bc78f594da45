// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package soak

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"

	"github.com/logboom/logboom/test/harness"
)

// What is sent, in records a second.
const (
	quietServices = 40
	quietRate     = 4000 // of all of them
	runawayUsual  = 1000
	runawayWild   = 196_000
	runaway       = "runaway"

	sentAttribute = "test.sent" // when, in nanoseconds
)

// requestRecords is how many records a request of the runaway service has, in usual times and in wild ones.
const (
	usualRecords = 100
	wildRecords  = 2000
)

var phrases = []string{
	"request %d answered with status 200 in %d ms", "cache miss for product %d, asked replica %d", "session %d renewed for another %d seconds",
	"reconciler of machine %d did not reach a fixed point after %d steps, trying again",
}

func line(lr plog.LogRecord, rnd *rand.Rand, phrase int) {
	lr.SetSeverityNumber(plog.SeverityNumberInfo)
	lr.SetSeverityText("INFO")
	lr.Body().SetStr(fmt.Sprintf(phrases[phrase], rnd.IntN(1e6), rnd.IntN(900)))
	lr.Attributes().PutStr("k8s.pod.name", fmt.Sprintf("api-gateway-7c9f8d6b5-%05x", rnd.IntN(1<<20)))
	lr.Attributes().PutStr("url.path", fmt.Sprintf("/products/SKU-%05d", rnd.IntN(100_000)))
}

// encoded are requests of the runaway service.
func encoded(t *testing.T, records, count int) [][]byte {
	t.Helper()
	rnd := rand.New(rand.NewPCG(1, 2))
	var list [][]byte
	for range count {
		ld := plog.NewLogs()
		rl := ld.ResourceLogs().AppendEmpty()
		rl.Resource().Attributes().PutStr("service.name", runaway)
		slice := rl.ScopeLogs().AppendEmpty().LogRecords()
		for range records {
			lr := slice.AppendEmpty()
			lr.SetTimestamp(pcommon.NewTimestampFromTime(time.Now()))
			line(lr, rnd, max(rnd.IntN(4), rnd.IntN(4)))
		}
		raw, err := plogotlp.NewExportRequestFromLogs(ld).MarshalProto()
		require.NoError(t, err)
		list = append(list, raw)
	}
	return list
}

// load is what is being sent.
type load struct {
	t      *testing.T
	addr   string
	stop   context.CancelFunc
	ctx    context.Context //nolint:containedctx // ends the senders
	wg     sync.WaitGroup
	wild   atomic.Bool
	usual  [][]byte
	large  [][]byte
	failed atomic.Int64 // requests of quiet services

	quiet           [quietServices]atomic.Int64 // records acknowledged
	accepted        atomic.Int64                // of the runaway service
	offered, denied atomic.Int64
}

func startLoad(t *testing.T, addr string) *load {
	t.Helper()
	l := &load{t: t, addr: addr, usual: encoded(t, usualRecords, 32), large: encoded(t, wildRecords, 64)}
	l.ctx, l.stop = context.WithCancel(context.Background())
	t.Cleanup(l.end)
	l.wg.Go(l.sendQuiet)
	const senders = 4
	for i := range senders {
		client := harness.DialOTLP(t, addr)
		l.wg.Go(func() { l.sendRunaway(client, i, senders) })
	}
	return l
}

func (l *load) end() {
	l.stop()
	l.wg.Wait()
}

// sendQuiet sends what the quiet services write, ten times a second, all of them in one request.
func (l *load) sendQuiet() {
	client := harness.DialOTLP(l.t, l.addr)
	rnd := rand.New(rand.NewPCG(3, 4))
	const pause, each = 100 * time.Millisecond, quietRate / quietServices / 10
	for due := time.Now(); l.ctx.Err() == nil; due = due.Add(pause) {
		time.Sleep(time.Until(due))
		ld := plog.NewLogs()
		for i := range quietServices {
			rl := ld.ResourceLogs().AppendEmpty()
			rl.Resource().Attributes().PutStr("service.name", quietName(i))
			slice := rl.ScopeLogs().AppendEmpty().LogRecords()
			for range each {
				lr := slice.AppendEmpty()
				line(lr, rnd, rnd.IntN(3))
				lr.Attributes().PutInt(sentAttribute, due.UnixNano())
			}
		}
		if err := client.Send(context.Background(), ld); err != nil {
			l.failed.Add(1)
			continue
		}
		for i := range quietServices {
			l.quiet[i].Add(each)
		}
	}
}

func quietName(i int) string { return fmt.Sprintf("service-%02d", i) }

// sendRunaway is one of some senders of the runaway service. A request that is refused is not repeated; one that is late is left out.
func (l *load) sendRunaway(client *harness.OTLP, number, senders int) {
	due := time.Now()
	for i := number; l.ctx.Err() == nil; i++ {
		list, records, rate := l.usual, usualRecords, runawayUsual
		if l.wild.Load() {
			list, records, rate = l.large, wildRecords, runawayWild
		}
		due = due.Add(time.Duration(float64(records*senders) / float64(rate) * float64(time.Second)))
		if late := time.Since(due); late > time.Second {
			due = due.Add(late)
		}
		time.Sleep(time.Until(due))
		l.offered.Add(int64(records))
		if err := client.SendEncoded(context.Background(), list[i%len(list)]); err != nil {
			l.denied.Add(int64(records))
		} else {
			l.accepted.Add(int64(records))
		}
	}
}

// taken is the number of records that were acknowledged.
func (l *load) taken() (n int64) {
	n = l.accepted.Load()
	for i := range l.quiet {
		n += l.quiet[i].Load()
	}
	return n
}
