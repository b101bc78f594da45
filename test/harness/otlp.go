// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	_ "google.golang.org/grpc/encoding/gzip" // what the Collector sends
	"google.golang.org/grpc/status"
)

// maxMessage is the largest OTLP message the client sends and the sink takes.
const maxMessage = 64 << 20

// Logs makes records of one service with these bodies, of now, one nanosecond apart.
func Logs(service string, bodies ...string) plog.Logs {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("service.name", service)
	records := rl.ScopeLogs().AppendEmpty().LogRecords()
	now := time.Now()
	for i, body := range bodies {
		r := records.AppendEmpty()
		r.SetTimestamp(pcommon.NewTimestampFromTime(now.Add(time.Duration(i))))
		r.Body().SetStr(body)
	}
	return ld
}

// OTLP is an OTLP/gRPC client. Safe for concurrent use.
type OTLP struct {
	conn   *grpc.ClientConn
	client plogotlp.GRPCClient
}

// DialOTLP returns a client of the server at addr; it is closed when the test ends.
func DialOTLP(t testing.TB, addr string) *OTLP {
	t.Helper()
	conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallSendMsgSize(maxMessage)))
	if err != nil {
		t.Fatalf("dial %s: %v", addr, err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &OTLP{conn: conn, client: plogotlp.NewGRPCClient(conn)}
}

// Send exports once. No error means that the server has acknowledged every record.
func (c *OTLP) Send(ctx context.Context, ld plog.Logs) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	resp, err := c.client.Export(ctx, plogotlp.NewExportRequestFromLogs(ld))
	if err != nil {
		return fmt.Errorf("export: %w", err)
	}
	if n := resp.PartialSuccess().RejectedLogRecords(); n > 0 {
		return fmt.Errorf("export: %d records rejected: %s", n, resp.PartialSuccess().ErrorMessage())
	}
	return nil
}

// SendLogs exports once and fails the test when that is refused.
func SendLogs(t testing.TB, addr string, ld plog.Logs) {
	t.Helper()
	if err := DialOTLP(t, addr).Send(context.Background(), ld); err != nil {
		t.Fatalf("send to %s: %v", addr, err)
	}
}

// Sink is an OTLP/gRPC server that counts what it takes. Safe for concurrent use.
type Sink struct {
	Addr string

	refuse   atomic.Int32 // a grpc code; 0 takes everything
	delay    atomic.Int64
	requests atomic.Int64
	refused  atomic.Int64

	mu      sync.Mutex
	records int
	bodies  map[string]int
	uids    map[string]int
	last    plog.Logs
}

// StartSink starts a sink; it ends with the test.
func StartSink(t testing.TB) *Sink {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // ends with the test
	if err != nil {
		t.Fatalf("listen: %v", err)
	}
	s := &Sink{Addr: l.Addr().String(), bodies: map[string]int{}, uids: map[string]int{}}
	srv := grpc.NewServer(grpc.MaxRecvMsgSize(maxMessage))
	plogotlp.RegisterGRPCServer(srv, &sinkServer{sink: s})
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = srv.Serve(l)
	}()
	t.Cleanup(func() {
		srv.Stop()
		<-done
	})
	return s
}

// Refuse makes the sink answer every request with this code, codes.OK takes them again. Unavailable is what a client retries.
func (s *Sink) Refuse(code codes.Code) { s.refuse.Store(int32(code)) } //nolint:gosec // a small number

// Delay makes every answer wait that long.
func (s *Sink) Delay(d time.Duration) { s.delay.Store(int64(d)) }

// Count returns the number of records taken.
func (s *Sink) Count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.records
}

// Refused returns the number of requests refused.
func (s *Sink) Refused() int { return int(s.refused.Load()) }

// Bodies returns how often each text body was taken.
func (s *Sink) Bodies() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make(map[string]int, len(s.bodies))
	for k, v := range s.bodies {
		out[k] = v
	}
	return out
}

// Distinct returns the number of different log.record.uid taken: what a query on an archive would count.
func (s *Sink) Distinct() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.uids)
}

// Last returns the latest request taken; the caller must not change it.
func (s *Sink) Last() plog.Logs {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last
}

// WaitCount waits until at least n records have been taken.
func (s *Sink) WaitCount(t testing.TB, n int, within time.Duration) {
	t.Helper()
	Eventually(t, within, func() error {
		if got := s.Count(); got < n {
			return fmt.Errorf("sink has %d of %d records", got, n)
		}
		return nil
	})
}

type sinkServer struct {
	plogotlp.UnimplementedGRPCServer
	sink *Sink
}

func (srv *sinkServer) Export(ctx context.Context, req plogotlp.ExportRequest) (plogotlp.ExportResponse, error) {
	s := srv.sink
	s.requests.Add(1)
	if d := s.delay.Load(); d > 0 {
		select {
		case <-time.After(time.Duration(d)):
		case <-ctx.Done():
			return plogotlp.NewExportResponse(), ctx.Err()
		}
	}
	if c := codes.Code(s.refuse.Load()); c != codes.OK { //nolint:gosec // was a code
		s.refused.Add(1)
		return plogotlp.NewExportResponse(), status.Error(c, "refused by the test's sink")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = req.Logs()
	s.records += req.Logs().LogRecordCount()
	for _, rl := range req.Logs().ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, r := range sl.LogRecords().All() {
				s.bodies[r.Body().AsString()]++
				if uid, ok := r.Attributes().Get("log.record.uid"); ok {
					s.uids[uid.AsString()]++
				}
			}
		}
	}
	return plogotlp.NewExportResponse(), nil
}
