// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package payload

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/goleak"

	"github.com/logboom/logboom/internal/wal"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func logs(n int) plog.Logs {
	ld := plog.NewLogs()
	records := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for range n {
		records.AppendEmpty().Body().SetStr("a body that repeats, a body that repeats")
	}
	return ld
}

func TestRoundTrip(t *testing.T) {
	ld := logs(20)
	h := Head{Arrival: time.Unix(5, 6), Tenant: "a/b", TenantAttribute: "tenant.id"}
	b, said, err := Append([]byte("room"), h, ld)
	require.NoError(t, err)
	require.Equal(t, "room", string(b[:4]))
	assert.Equal(t, 20, said.Records)
	assert.Less(t, int64(len(b)), said.RawBytes)
	head, _, err := ParseHead(b[4:])
	require.NoError(t, err)
	assert.Equal(t, said, head)
	head, got, err := Decode(b[4:])
	require.NoError(t, err)
	assert.Equal(t, said, head)
	assert.Equal(t, ld, got)
	var d Decoder // a batch outlives what the decoder does next
	_, first, err := d.Decode(b[4:])
	require.NoError(t, err)
	other, _, err := Append(nil, Head{}, logs(3))
	require.NoError(t, err)
	_, second, err := d.Decode(other)
	require.NoError(t, err)
	assert.Equal(t, ld, first)
	assert.Equal(t, logs(3), second)
	for n := range len(b) - 4 {
		_, _, err := Decode(b[4 : 4+n])
		require.Error(t, err)
	}
	_, _, err = Append(nil, Head{Tenant: string(make([]byte, 1<<16))}, ld)
	require.ErrorContains(t, err, "tenant")
	b[4] = 9
	_, _, err = Decode(b[4:])
	require.ErrorContains(t, err, "version 9")
}

// FuzzDecode: what can be decoded says of itself what it is, and nothing panics.
func FuzzDecode(f *testing.F) {
	for _, h := range []Head{{}, {Arrival: time.Unix(1, 2), Tenant: "t", TenantAttribute: "k"}} {
		b, _, err := Append(nil, h, logs(3))
		require.NoError(f, err)
		f.Add(b)
		f.Add(b[:len(b)/2])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		head, _, err := ParseHead(b)
		if err != nil || head.RawBytes > 1<<20 {
			return
		}
		h, ld, err := Decode(b)
		require.Equal(t, head, h)
		if err != nil {
			return
		}
		require.Equal(t, head.Records, ld.LogRecordCount())
		again, _, err := Append(nil, h, ld)
		require.NoError(t, err)
		_, twice, err := Decode(again)
		require.NoError(t, err)
		require.Equal(t, ld.LogRecordCount(), twice.LogRecordCount())
	})
}

// TestLaterVersion: what a later program wrote is told from what is broken, and its records are counted.
func TestLaterVersion(t *testing.T) {
	assert.EqualValues(t, wal.Version, version, "one must be raised with the other")
	ld := plog.NewLogs()
	records := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for range 3 {
		records.AppendEmpty().Body().SetStr("x")
	}
	arrival := time.Unix(0, 1_700_000_000_000_000_007)
	b, _, err := Append(nil, Head{Arrival: arrival, Tenant: "a"}, ld)
	require.NoError(t, err)
	b[0] = version + 1
	_, _, err = Decode(b)
	require.ErrorIs(t, err, ErrVersion)
	require.ErrorContains(t, err, "version 2, this program reads version 1")
	info := Describe(b)
	assert.Equal(t, 3, info.Records)
	assert.True(t, arrival.Equal(info.Since))
	assert.EqualValues(t, len(b), info.Weight)
	b[16], b[17] = 0xff, 0xff // more than its bytes can hold
	assert.Zero(t, Describe(b).Records)
	b[0] = 0
	assert.Zero(t, Describe(b).Records)
}
