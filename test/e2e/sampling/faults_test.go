// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package sampling

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/logboom/logboom/test/harness"
)

// bare only samples; it gives a refused request back to the processor at once.
const bare = `
receivers:
  otlp: {protocols: {grpc: {endpoint: '{{addr "otlp"}}', max_recv_msg_size_mib: 64}}}
processors:
  request_sampling:
    wait: %s
    policies:
      - {name: errors, severity: error}
      - {name: rest, rate: %g}
    max_held_mib: %d
    storage: %s
exporters:
  otlp_grpc: {endpoint: '%s', tls: {insecure: true}, sending_queue: {enabled: false}, retry_on_failure: {enabled: false}}
extensions:
  file_storage: {directory: '{{dir "storage"}}', create_directory: true, fsync: true}
service:
  extensions: [file_storage]
  pipelines:
    logs: {receivers: [otlp], processors: [request_sampling], exporters: [otlp_grpc]}
`

// The values of `storage`.
const (
	noStorage   = "null"
	withStorage = "file_storage"
)

// madeShop makes a stream of requests with ten records each, of about size bytes; many of them at a time. One in 50 fails.
type madeShop struct {
	rnd      *rand.Rand
	shop     *shop
	open     []openRequest
	atOnce   int
	filler   string
	services []string
}

type openRequest struct{ request, left int }

func newMadeShop(atOnce, size int) *madeShop {
	m := &madeShop{rnd: rand.New(rand.NewPCG(1, 2)), shop: &shop{}, atOnce: atOnce, services: []string{"cart", "catalog", "payment", "search"}}
	const words = "stock level of the item was looked up in warehouse five and the answer came from the replica "
	m.filler = strings.Repeat(words, size/len(words)+1)[:size]
	return m
}

// batch makes the next n records and adds them to the truth.
func (m *madeShop) batch(n int) plog.Logs {
	ld := plog.NewLogs()
	var slices []plog.LogRecordSlice
	for _, name := range m.services {
		rl := ld.ResourceLogs().AppendEmpty()
		rl.Resource().Attributes().PutStr("service.name", name)
		slices = append(slices, rl.ScopeLogs().AppendEmpty().LogRecords())
	}
	for range n {
		if len(m.open) < m.atOnce {
			r := request{trace: fmt.Sprintf("%016x%016x", m.rnd.Uint64(), m.rnd.Uint64()), records: 10, status: 200}
			if r.failed = m.rnd.IntN(50) == 0; r.failed {
				r.status = 500
			}
			m.open = append(m.open, openRequest{len(m.shop.requests), r.records})
			m.shop.requests = append(m.shop.requests, r)
		}
		at := m.rnd.IntN(len(m.open))
		open := &m.open[at]
		r := &m.shop.requests[open.request]
		service := m.rnd.IntN(len(m.services))
		rec := record{service: m.services[service], severity: "INFO", request: open.request}
		lr := slices[service].AppendEmpty()
		lr.SetSeverityNumber(plog.SeverityNumberInfo)
		if r.failed && open.left == 1 { // the last of them
			rec.severity = "ERROR"
			lr.SetSeverityNumber(plog.SeverityNumberError)
		}
		var id [16]byte
		high, _ := strconv.ParseUint(r.trace[:16], 16, 64)
		low, _ := strconv.ParseUint(r.trace[16:], 16, 64)
		binary.BigEndian.PutUint64(id[:], high)
		binary.BigEndian.PutUint64(id[8:], low)
		lr.SetTraceID(id)
		lr.Body().SetStr(m.filler)
		lr.Attributes().PutInt(numberAttribute, int64(len(m.shop.records)))
		m.shop.records = append(m.shop.records, rec)
		if open.left--; open.left == 0 {
			m.open[at] = m.open[len(m.open)-1]
			m.open = m.open[:len(m.open)-1]
		}
	}
	return ld
}

// finish ends the truth with what was sent: of requests that are still open, what came.
func (m *madeShop) finish() *shop {
	for _, o := range m.open {
		r := &m.shop.requests[o.request]
		r.records -= o.left
		r.failed = false // its error has not come
	}
	return m.shop
}

// sendFirm sends until it is taken.
func sendFirm(t *testing.T, c *harness.OTLP, ld plog.Logs) (refused int) {
	t.Helper()
	for deadline := time.Now().Add(60 * time.Second); ; refused++ {
		err := c.Send(t.Context(), ld)
		if err == nil {
			return refused
		}
		require.Contains(t, []codes.Code{codes.Unavailable, codes.ResourceExhausted}, status.Code(unwrap(err)), err)
		require.True(t, time.Now().Before(deadline), "taken within a minute: %v", err)
		time.Sleep(50 * time.Millisecond)
	}
}

func unwrap(err error) error {
	for {
		u, ok := err.(interface{ Unwrap() error }) //nolint:errorlint // it is what is done here
		if !ok || u.Unwrap() == nil {
			return err
		}
		err = u.Unwrap()
	}
}

// TestRefused lets the destination refuse for seconds: nothing is lost and nothing comes twice.
func TestRefused(t *testing.T) {
	t.Parallel() // it mostly waits
	const (
		rate = 0.5
		wait = 3 * time.Second
	)
	m, k := newMadeShop(250, 200), startKeeper(t) // a request takes half a second
	lb := harness.Start(t, harness.Config{Name: "gateway", YAML: fmt.Sprintf(bare, wait, rate, 64, noStorage, k.Addr)})
	client := harness.DialOTLP(t, lb.Addr("otlp"))
	refused := 0
	for i := range 60 {
		switch i {
		case 10:
			k.answerWith(status.Error(codes.Unavailable, "refused by the test's destination"))
		case 50:
			k.answerWith(nil)
		}
		refused += sendFirm(t, client, m.batch(500))
		time.Sleep(100 * time.Millisecond)
	}
	balanced(t, lb, "logs", len(m.shop.records))
	a := settled(t, lb, "logs", wait+2*time.Minute)
	decisions(t, lb)
	t.Logf("%s; the destination has refused %d requests, the gateway %d", a, k.refused, refused)
	require.NotZero(t, k.refused)
	require.Equal(t, len(m.shop.records), a.received)
	require.Equal(t, a.received, a.kept+a.dropped)
	require.Equal(t, k.count(), a.kept)
	(&judge{shop: m.finish(), kept: k, rate: rate}).check(t)
}

// TestRefusedRestart ends the gateway while the destination refuses, when it holds both requests that are decided and requests that
// are not: after the start all of them come, once.
func TestRefusedRestart(t *testing.T) {
	t.Parallel() // it mostly waits
	const (
		rate = 0.5
		wait = 3 * time.Second
	)
	m, k := newMadeShop(250, 200), startKeeper(t) // a request takes half a second
	lb := harness.Start(t, harness.Config{Name: "gateway", YAML: fmt.Sprintf(bare, wait, rate, 64, withStorage, k.Addr)})
	send := func(batches int) {
		client := harness.DialOTLP(t, lb.Addr("otlp"))
		for range batches {
			sendFirm(t, client, m.batch(500))
			time.Sleep(100 * time.Millisecond)
		}
	}
	send(20)
	k.answerWith(status.Error(codes.Unavailable, "refused by the test's destination"))
	send(40)
	before := balanced(t, lb, "logs", len(m.shop.records))
	count := k.count()
	down := time.Now()
	lb.Terminate()
	t.Logf("before the end: %s; the end took %s", before, time.Since(down).Round(time.Millisecond))
	require.Equal(t, count, k.count(), "what the destination has got while it refused")
	lb.Restart()
	k.answerWith(nil)
	send(20)
	settled(t, lb, "logs", wait+2*time.Minute)
	after := balanced(t, lb, "logs", len(m.shop.records)-before.received)
	decisions(t, lb)
	t.Logf("after the start: %s", after)
	across(t, len(m.shop.records), before, after, count, k.count())
	lb.Terminate()
	(&judge{shop: m.finish(), kept: k, rate: rate}).check(t)
}

// TestBudget offers ten times what may be held, of requests that nothing ends: the oldest are decided early.
func TestBudget(t *testing.T) {
	const (
		rate  = 0.1
		size  = 400
		batch = 1000
	)
	budget := 16
	strict := false
	if s := os.Getenv("LOGBOOM_SAMPLING_BUDGET_MIB"); s != "" {
		var err error
		budget, err = strconv.Atoi(s)
		require.NoError(t, err, "LOGBOOM_SAMPLING_BUDGET_MIB")
		strict = budget >= 256
	}
	m, k := newMadeShop(500, size), startKeeper(t)
	lb := harness.Start(t, harness.Config{Name: "gateway", YAML: fmt.Sprintf(bare, time.Hour, rate, budget, noStorage, k.Addr)})
	client := harness.DialOTLP(t, lb.Addr("otlp"))
	idle, _ := harness.Resident(t, lb.PID())
	sizer := plog.ProtoMarshaler{}
	offered, refused := 0, 0
	began := time.Now()
	for offered < 10*budget<<20 {
		ld := m.batch(batch)
		offered += sizer.LogsSize(ld)
		refused += sendFirm(t, client, ld)
	}
	took := time.Since(began)
	a := balanced(t, lb, "logs", len(m.shop.records))
	_, peak := harness.Resident(t, lb.PID())
	s, err := lb.Scrape()
	require.NoError(t, err)
	early := s.Sum(metric+"decisions_total", `trigger="budget"`)
	decisions(t, lb)
	mib := func(n int64) float64 { return float64(n) / (1 << 20) }
	t.Logf("offered %.0f MiB with a budget of %d MiB in %s: resident %.0f MiB idle, %.0f MiB at the highest (%.1f times the budget, %.1f without what it takes idle); %s; held %.1f MiB; %d refusals; %.0f requests decided for the budget",
		mib(int64(offered)), budget, took.Round(time.Millisecond), mib(idle), mib(peak), mib(peak)/float64(budget), mib(peak-idle)/float64(budget), a, mib(int64(s.Sum(metric+"held_bytes"))), refused, early)
	require.NotZero(t, early, "requests decided for the budget")
	require.LessOrEqual(t, s.Sum(metric+"held_bytes"), float64(budget<<20))
	if strict {
		require.LessOrEqual(t, peak, int64(2*budget)<<20, "resident")
	} else { // of a budget as small as this one most is what the Collector needs anyway to take requests
		require.LessOrEqual(t, peak, idle+int64(2*budget)<<20+100<<20, "resident")
	}
	lb.Terminate() // without a storage the end decides what is left
	(&judge{shop: m.finish(), kept: k, rate: rate}).check(t)
}
