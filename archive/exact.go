// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"go.opentelemetry.io/collector/pdata/plog"
	"google.golang.org/protobuf/encoding/protowire"
)

// The column Exact holds a record as OTLP together with its resource and scope. Records share these, so a batch keeps
// them once, and the parts are put together when the column is written. Numbers of the fields are those of
// opentelemetry/proto/logs/v1/logs.proto.
const (
	otlpResourceLogs = 1 // of LogsData
	otlpScopeLogs    = 2 // of ResourceLogs
	otlpLogRecords   = 2 // of ScopeLogs
)

// resourceOTLP returns the fields of a ResourceLogs but its ScopeLogs.
func resourceOTLP(rl plog.ResourceLogs) []byte {
	ld := plog.NewLogs()
	to := ld.ResourceLogs().AppendEmpty()
	rl.Resource().CopyTo(to.Resource())
	to.SetSchemaUrl(rl.SchemaUrl())
	return lastField(marshalLogs(ld), otlpResourceLogs)
}

// scopeOTLP returns the fields of a ScopeLogs but its records.
func scopeOTLP(sl plog.ScopeLogs) []byte {
	ld := plog.NewLogs()
	to := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty()
	sl.Scope().CopyTo(to.Scope())
	to.SetSchemaUrl(sl.SchemaUrl())
	return lastField(marshalLogs(ld), otlpResourceLogs, otlpScopeLogs)
}

// recordOTLP returns the fields of a LogRecord.
func recordOTLP(lr plog.LogRecord) []byte {
	ld := plog.NewLogs()
	lr.CopyTo(ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty())
	return lastField(marshalLogs(ld), otlpResourceLogs, otlpScopeLogs, otlpLogRecords)
}

// appendExact appends a LogsData of the one record.
func appendExact(b, resource, scope, record []byte) []byte {
	size := func(field protowire.Number, n int) int { return protowire.SizeTag(field) + protowire.SizeBytes(n) }
	scopeSize := len(scope) + size(otlpLogRecords, len(record))
	resourceSize := len(resource) + size(otlpScopeLogs, scopeSize)
	start := func(field protowire.Number, n int) {
		b = protowire.AppendTag(b, field, protowire.BytesType)
		b = protowire.AppendVarint(b, uint64(n))
	}
	start(otlpResourceLogs, resourceSize)
	b = append(b, resource...)
	start(otlpScopeLogs, scopeSize)
	b = append(b, scope...)
	start(otlpLogRecords, len(record))
	return append(b, record...)
}

func marshalLogs(ld plog.Logs) []byte {
	b, err := (&plog.ProtoMarshaler{}).MarshalLogs(ld)
	if err != nil {
		panic(err) // pdata's marshaler has no way to fail
	}
	return b
}

// lastField returns the content of the last field of that number, of the message in it, and so on.
func lastField(b []byte, path ...protowire.Number) []byte {
	for _, want := range path {
		var found []byte
		for len(b) > 0 {
			number, kind, n := protowire.ConsumeTag(b)
			if n < 0 {
				return nil
			}
			m := protowire.ConsumeFieldValue(number, kind, b[n:])
			if m < 0 {
				return nil
			}
			if number == want && kind == protowire.BytesType {
				found, _ = protowire.ConsumeBytes(b[n:])
			}
			b = b[n+m:]
		}
		b = found
	}
	return b
}
