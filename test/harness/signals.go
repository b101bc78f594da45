// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"fmt"
	"net"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
)

// SendSpans exports once. No error means that the server has acknowledged every span.
func (c *OTLP) SendSpans(ctx context.Context, td ptrace.Traces) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	resp, err := ptraceotlp.NewGRPCClient(c.conn).Export(ctx, ptraceotlp.NewExportRequestFromTraces(td))
	if err != nil {
		return fmt.Errorf("export: %w", err)
	}
	if n := resp.PartialSuccess().RejectedSpans(); n > 0 {
		return fmt.Errorf("export: %d spans rejected: %s", n, resp.PartialSuccess().ErrorMessage())
	}
	return nil
}

// Taker is what an OTLP server does with what it is sent. Its functions are called concurrently; what they return is the
// answer, a status of gRPC. Nil takes and forgets.
type Taker struct {
	Logs   func(plog.Logs) error
	Traces func(ptrace.Traces) error
}

// ServeOTLP starts an OTLP/gRPC server for logs and traces and returns its address; it ends with the test.
func ServeOTLP(t testing.TB, taker Taker) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // ends with the test
	if err != nil {
		t.Fatalf("listen: %v", err)
	}
	srv := grpc.NewServer(grpc.MaxRecvMsgSize(maxMessage))
	plogotlp.RegisterGRPCServer(srv, &logsTaker{take: taker.Logs})
	ptraceotlp.RegisterGRPCServer(srv, &tracesTaker{take: taker.Traces})
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = srv.Serve(l)
	}()
	t.Cleanup(func() {
		srv.Stop()
		<-done
	})
	return l.Addr().String()
}

type logsTaker struct {
	plogotlp.UnimplementedGRPCServer
	take func(plog.Logs) error
}

func (s *logsTaker) Export(_ context.Context, req plogotlp.ExportRequest) (plogotlp.ExportResponse, error) {
	if s.take == nil {
		return plogotlp.NewExportResponse(), nil
	}
	return plogotlp.NewExportResponse(), s.take(req.Logs())
}

type tracesTaker struct {
	ptraceotlp.UnimplementedGRPCServer
	take func(ptrace.Traces) error
}

func (s *tracesTaker) Export(_ context.Context, req ptraceotlp.ExportRequest) (ptraceotlp.ExportResponse, error) {
	if s.take == nil {
		return ptraceotlp.NewExportResponse(), nil
	}
	return ptraceotlp.NewExportResponse(), s.take(req.Traces())
}
