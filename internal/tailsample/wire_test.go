// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package tailsample

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
)

// FuzzOffer: bytes that are no OTLP are refused whole; what the library reads comes out as it went in.
func FuzzOffer(f *testing.F) {
	_, _, _, data := (&input{}).add("a", Item{}).add("bb", Item{}).add("c", Item{}).encode(f)
	f.Add(data)
	f.Add([]byte("\x0a\x04\x12\x02\x12\x00"))
	f.Add([]byte("\x0a\x08\x0a\x00\x12\x00\x1a\x00\x0a\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		ld, err := (&plog.ProtoUnmarshaler{}).UnmarshalLogs(data)
		if err == nil {
			data, err = (&plog.ProtoMarshaler{}).MarshalLogs(ld)
			require.NoError(t, err)
		}
		r := newRig(t, testConfig(), nil)
		got := plog.NewLogs()
		r.logs.deliver = func(_ context.Context, data []byte, _ []Run) (bool, error) {
			part, err := (&plog.ProtoUnmarshaler{}).UnmarshalLogs(data)
			require.NoError(t, err)
			part.ResourceLogs().MoveAndAppendTo(got.ResourceLogs())
			return false, nil
		}
		if err != nil {
			ld = plog.NewLogs()
		}
		items := make([]Item, ld.LogRecordCount())
		for i := range items {
			items[i] = Item{Key: key(i % 2), DefaultRandomness: high, Randomness: NoRandomness}
		}
		if offered := r.logs.Offer(items, data, nil); err == nil {
			require.NoError(t, offered)
		}
		held := r.Stats().Records[Logs]
		r.close(t)
		assert.EqualValues(t, held, got.LogRecordCount())
		if err != nil {
			return
		}
		assert.Equal(t, len(items), got.LogRecordCount())
		assert.ElementsMatch(t, recordsOf(t, ld), recordsOf(t, got))
	})
}

// recordsOf returns each record with its resource and scope, as bytes.
func recordsOf(t *testing.T, ld plog.Logs) (all []string) {
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, lr := range sl.LogRecords().All() {
				one := plog.NewLogs()
				r := one.ResourceLogs().AppendEmpty()
				rl.Resource().CopyTo(r.Resource())
				r.SetSchemaUrl(rl.SchemaUrl())
				s := r.ScopeLogs().AppendEmpty()
				sl.Scope().CopyTo(s.Scope())
				s.SetSchemaUrl(sl.SchemaUrl())
				lr.CopyTo(s.LogRecords().AppendEmpty())
				data, err := (&plog.ProtoMarshaler{}).MarshalLogs(one)
				require.NoError(t, err)
				all = append(all, string(data))
			}
		}
	}
	return all
}
