// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"
)

// SendEncoded exports logs that were encoded before, as an ExportLogsServiceRequest: so a client may offer more than it could encode.
// No error means that the server has acknowledged every record.
func (c *OTLP) SendEncoded(ctx context.Context, request []byte) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	var answer []byte
	err := c.conn.Invoke(ctx, "/opentelemetry.proto.collector.logs.v1.LogsService/Export", request, &answer, grpc.ForceCodecV2(bytesCodec{}))
	if err != nil {
		return fmt.Errorf("export: %w", err)
	}
	resp := plogotlp.NewExportResponse()
	if err := resp.UnmarshalProto(answer); err != nil {
		return fmt.Errorf("export: decode answer: %w", err)
	}
	if n := resp.PartialSuccess().RejectedLogRecords(); n > 0 {
		return fmt.Errorf("export: %d records rejected: %s", n, resp.PartialSuccess().ErrorMessage())
	}
	return nil
}

// bytesCodec sends and receives messages as they are.
type bytesCodec struct{}

var _ encoding.CodecV2 = bytesCodec{}

func (bytesCodec) Marshal(v any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(v.([]byte))}, nil
}

func (bytesCodec) Unmarshal(data mem.BufferSlice, v any) error {
	*v.(*[]byte) = data.Materialize()
	return nil
}

func (bytesCodec) Name() string { return "proto" }
