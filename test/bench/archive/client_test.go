// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/status"
)

// load is what the client does: that many connections, each with that many requests under way.
type load struct{ connections, requests int }

const exportMethod = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"

// rawCodec passes on bytes that are protobuf already, so that the client costs little beside the process that is measured.
type rawCodec struct{}

func (rawCodec) Name() string { return "proto" }

func (rawCodec) Marshal(v any) (mem.BufferSlice, error) { return v.(mem.BufferSlice), nil }

// Unmarshal takes the answer: empty, or a partial success.
func (rawCodec) Unmarshal(data mem.BufferSlice, v any) error {
	*v.(*[]byte) = data.Materialize()
	return nil
}

// send delivers all frames in requests of about batch records and returns when every one is acknowledged. What is refused
// with a code that OTLP calls retryable is sent again; retried counts that.
func (in *input) send(addr string, batch int, load load) (requests, retried int, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Minute)
	defer cancel()
	var next, sent, again atomic.Int64
	perRequest := max(1, batch/lineRecords)
	errs := make(chan error, load.connections*load.requests)
	var wg sync.WaitGroup
	for range load.connections {
		conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithInitialWindowSize(1<<20), grpc.WithInitialConnWindowSize(4<<20),
			grpc.WithDefaultCallOptions(grpc.ForceCodecV2(rawCodec{}), grpc.MaxCallSendMsgSize(64<<20)))
		if err != nil {
			return 0, 0, err
		}
		defer conn.Close()
		for range load.requests {
			wg.Go(func() {
				for {
					from := int(next.Add(int64(perRequest))) - perRequest
					if from >= len(in.frames) {
						return
					}
					frames := in.frames[from:min(from+perRequest, len(in.frames))]
					n, err := export(ctx, conn, frames)
					again.Add(int64(n))
					if err != nil {
						errs <- err
						cancel()
						return
					}
					sent.Add(1)
				}
			})
		}
	}
	wg.Wait()
	close(errs)
	for e := range errs {
		err = errors.Join(err, e)
	}
	return int(sent.Load()), int(again.Load()), err
}

func export(ctx context.Context, conn *grpc.ClientConn, frames []frame) (retried int, err error) {
	pause := 10 * time.Millisecond
	for {
		request := make(mem.BufferSlice, len(frames)) // gRPC frees it
		for i, f := range frames {
			request[i] = mem.SliceBuffer(f.otlp)
		}
		var answer []byte
		err = conn.Invoke(ctx, exportMethod, request, &answer)
		if err == nil {
			response := plogotlp.NewExportResponse()
			if err := response.UnmarshalProto(answer); err != nil {
				return retried, fmt.Errorf("decode answer: %w", err)
			}
			if n := response.PartialSuccess().RejectedLogRecords(); n > 0 {
				return retried, fmt.Errorf("export: %d records rejected", n)
			}
			return retried, nil
		}
		if c := status.Code(err); (c != codes.Unavailable && c != codes.ResourceExhausted && c != codes.Aborted) || ctx.Err() != nil {
			return retried, fmt.Errorf("export: %w", err)
		}
		retried++
		time.Sleep(pause)
		pause = min(2*pause, time.Second)
	}
}
