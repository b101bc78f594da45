// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package crash

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
)

const (
	clients = 5 // the last one over HTTP
	// sendWithin bounds an attempt; it is longer than the bounded flush::interval of the suite, for acknowledgements
	// from the bucket.
	sendWithin = 6 * time.Second
)

var tenants = []string{"blue", "green", "red"}

// tenantAttribute names the resource attribute that says whose a record is; the service's name says it, too.
const tenantAttribute = "tenant.id"

// place is where a process takes records.
type place struct{ grpc, http string }

// producer is a number of clients that send batches and repeat each until it is acknowledged, with the same ids.
type producer struct {
	t      testing.TB
	ledger *ledger
	round  atomic.Int64
	// sure says that a refusal comes before anything is taken. With acknowledgements from the bucket it may come after,
	// when a commit has no answer.
	sure atomic.Bool

	clients []*client
	quit    chan struct{} // closed when no new batch is to be made
	abort   context.CancelFunc
	wg      sync.WaitGroup
}

type client struct {
	p      *producer
	id     int
	rng    *rand.Rand
	place  atomic.Pointer[place]
	mu     sync.Mutex // held during an attempt; whoever wants silence takes it
	conns  map[string]plogotlp.GRPCClient
	web    *http.Client
	closes []func()
}

// startProducer starts sending to a place.
func startProducer(t testing.TB, seed uint64, to *place) *producer {
	t.Helper()
	ctx, abort := context.WithCancel(context.Background())
	p := &producer{t: t, ledger: newLedger(clients), quit: make(chan struct{}), abort: abort}
	for i := range clients {
		c := &client{
			p: p, id: i, rng: rand.New(rand.NewPCG(seed, uint64(i))), //nolint:gosec // repeatable
			conns: map[string]plogotlp.GRPCClient{},
			web:   &http.Client{Timeout: sendWithin, Transport: &http.Transport{}},
		}
		c.place.Store(to)
		p.clients = append(p.clients, c)
		p.wg.Go(func() { c.run(ctx) })
	}
	t.Cleanup(p.stop)
	return p
}

// send directs the clients whose number is in the list to a place.
func (p *producer) send(to *place, ids ...int) {
	for _, id := range ids {
		p.clients[id].place.Store(to)
	}
}

// silence returns when no attempt is under way, and lets none begin until it is broken.
func (p *producer) silence() (broken func()) {
	for _, c := range p.clients {
		c.mu.Lock()
	}
	return func() {
		for _, c := range p.clients {
			c.mu.Unlock()
		}
	}
}

// finish makes no new batches and waits until every one is acknowledged.
func (p *producer) finish(within time.Duration) error {
	select {
	case <-p.quit:
	default:
		close(p.quit)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.wg.Wait()
	}()
	select {
	case <-done:
		return nil
	case <-time.After(within):
		t := p.ledger.totals()
		return fmt.Errorf("after %s, %d of %d records are not acknowledged", within, t.sent-t.acked, t.sent)
	}
}

// stop ends the clients wherever they are.
func (p *producer) stop() {
	p.abort()
	_ = p.finish(time.Minute)
	for _, c := range p.clients {
		for _, f := range c.closes {
			f()
		}
		c.closes = nil
		c.web.CloseIdleConnections()
	}
}

func (c *client) run(ctx context.Context) {
	for {
		select {
		case <-c.p.quit:
			return
		case <-ctx.Done():
			return
		case <-time.After(time.Duration(c.rng.IntN(30)) * time.Millisecond):
		}
		ld, batch := c.batch()
		for !c.attempt(ctx, ld, batch) {
			select {
			case <-ctx.Done():
				return
			case <-time.After(time.Duration(10+c.rng.IntN(50)) * time.Millisecond):
			}
		}
	}
}

// attempt sends a batch once and reports whether it was acknowledged.
func (c *client) attempt(ctx context.Context, ld plog.Logs, batch int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if ctx.Err() != nil {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, sendWithin)
	defer cancel()
	c.p.ledger.begin(c.id, batch)
	sure := c.p.sure.Load()
	var err error
	if c.id == clients-1 {
		err = c.post(ctx, ld)
	} else {
		err = c.export(ctx, ld)
	}
	how := classify(err, sure && c.p.sure.Load())
	c.p.ledger.end(c.id, batch, int(c.p.round.Load()), how)
	return how == acknowledged
}

// refusals are what the exporter says before it has taken anything.
var refusals = []string{"write-ahead log is full", "exporter is stopped"}

func classify(err error, sure bool) outcome {
	if err == nil {
		return acknowledged
	}
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" {
		return refused
	}
	text := err.Error()
	if status.Code(err) == codes.Unavailable && strings.Contains(text, "Error while dialing") {
		return refused
	}
	for _, r := range refusals {
		if sure && strings.Contains(text, r) {
			return refused
		}
	}
	return unknown
}

func (c *client) export(ctx context.Context, ld plog.Logs) error {
	addr := c.place.Load().grpc
	conn, ok := c.conns[addr]
	if !ok {
		cc, err := grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()),
			grpc.WithConnectParams(grpc.ConnectParams{
				Backoff:           backoff.Config{BaseDelay: 10 * time.Millisecond, Multiplier: 1.5, MaxDelay: 150 * time.Millisecond},
				MinConnectTimeout: 2 * time.Second,
			}))
		if err != nil {
			return err
		}
		c.closes = append(c.closes, func() { _ = cc.Close() })
		conn = plogotlp.NewGRPCClient(cc)
		c.conns[addr] = conn
	}
	resp, err := conn.Export(ctx, plogotlp.NewExportRequestFromLogs(ld))
	if err != nil {
		return err
	}
	if n := resp.PartialSuccess().RejectedLogRecords(); n > 0 {
		return fmt.Errorf("%d records rejected", n)
	}
	return nil
}

func (c *client) post(ctx context.Context, ld plog.Logs) error {
	body, err := plogotlp.NewExportRequestFromLogs(ld).MarshalProto()
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+c.place.Load().http+"/v1/logs", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-protobuf")
	resp, err := c.web.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	if resp.StatusCode == http.StatusOK {
		return nil // the head of the answer is the acknowledgement
	}
	return errors.Join(fmt.Errorf("status %s: %s", resp.Status, answer), err)
}

// batch makes the next batch: records of one or two tenants, mostly of now, some of the hours before, a few of times that
// cannot be; mostly small, some large enough to end a segment.
func (c *client) batch() (plog.Logs, int) {
	n := 1 + c.rng.IntN(40)
	pad := 20 + c.rng.IntN(100)
	if c.rng.IntN(40) == 0 {
		n, pad = 300+c.rng.IntN(700), 600
	}
	batch := c.p.ledger.open(c.id, n)
	spread := c.rng.IntN(8) == 0
	odd := c.rng.IntN(30) == 0
	now := time.Now()
	ld := plog.NewLogs()
	var records plog.LogRecordSlice
	turn := n // where the second tenant begins
	if c.rng.IntN(3) == 0 {
		turn = c.rng.IntN(n + 1)
	}
	for i := range n {
		if i == 0 || i == turn {
			tenant := tenants[c.rng.IntN(len(tenants))]
			rl := ld.ResourceLogs().AppendEmpty()
			rl.Resource().Attributes().PutStr("service.name", "svc-"+tenant)
			rl.Resource().Attributes().PutStr(tenantAttribute, tenant)
			records = rl.ScopeLogs().AppendEmpty().LogRecords()
		}
		id := recordID(c.id, batch, i)
		at := now.Add(time.Duration(i) * time.Microsecond)
		switch {
		case odd && i%4 == 0:
			at = time.Date(1971, 5, 1, 0, 0, i, 0, time.UTC)
		case spread:
			at = now.Add(-time.Duration(c.rng.Int64N(int64(150 * time.Minute))))
		}
		r := records.AppendEmpty()
		r.SetTimestamp(pcommon.NewTimestampFromTime(at))
		r.SetSeverityNumber(plog.SeverityNumber(1 + c.rng.IntN(24)))
		r.Body().SetStr(id + " " + filler(c.rng, pad))
		r.Attributes().PutStr("log.record.uid", id)
		r.Attributes().PutInt("n", int64(i))
	}
	return ld, batch
}

// filler is text that compresses by half or so.
func filler(rng *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = "0123456789abcdef"[rng.IntN(16)]
	}
	return string(b)
}
