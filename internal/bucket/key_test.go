// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package bucket

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/logboom/logboom/archive"
)

// archiveKeys returns keys that the archive makes for a tenant and a writer; none for a writer that it refuses.
func archiveKeys(t *testing.T, tenant, writer string) (keys []string) {
	t.Helper()
	if archive.ValidateWriter(writer) != nil {
		return nil
	}
	arrival := time.Unix(1_700_000_000, 0)
	enc := archive.NewEncoder(archive.EncoderOptions{})
	for _, at := range []time.Time{arrival, arrival.Add(-time.Hour), time.Unix(0, 0), time.Unix(0, math.MaxInt64)} { // of the latter two, displaced
		ld := plog.NewLogs()
		r := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
		r.SetTimestamp(pcommon.NewTimestampFromTime(at))
		r.Body().SetStr("x")
		enc.AppendBatch(archive.NewBatch(ld, arrival, archive.BatchOptions{Tenant: tenant}))
	}
	name := archive.ObjectName{Writer: writer, Epoch: math.MaxInt64, From: math.MaxInt64 - 1, To: math.MaxInt64}
	require.NoError(t, enc.Encode(name, func(o archive.Object) error {
		keys = append(keys, o.Meta.Key)
		return nil
	}))
	require.NotEmpty(t, keys)
	return append(keys, archive.LogKey(writer, 0), archive.LogKey(writer, math.MaxInt64))
}

var oddTenants = []string{
	"", "a", ".", "..", "...", "acme", "acme.", "acme..", "..acme", "a../b", "../../etc", "/", "a/b", `a\b`, "a.tmp-b", ".tmp-", "x__0xy", "__0x2f__", "_", "__", "___",
	"_0x", "a b", " ", "a.", "a. ", "CON", "nul", "a:b", "a%2Fb", "%", "~", "~~", "~2E", "ümläut", "日本語", "🪵", "e\u0301", "a\x00b", "\n", "\x7f", "\xff\xfe", "a#b", "a?b", `a"b`,
	"a=b", "tenant=x", "date=2026-11-23", "a+b&c;d,e@f", "*", "|", "<>", strings.Repeat("x", 300), strings.Repeat("_", 300), strings.Repeat(".", 300),
	strings.Repeat("é", 300), strings.Repeat("long/", 1000),
}

var oddWriters = []string{
	"w", "W-1", "a.b", "a..b", "a..", "a.", "a_b", "a__b", "a__0x2f__", "a.tmp-b", "x.tmp-", "logboom-0.logboom.svc.cluster.local", "0", strings.Repeat("w", 128),
	strings.Repeat("a.", 64), "..", "-", "a/b", "ü",
}

// TestArchiveKeys: no tenant and no writer makes a key that a bucket refuses, since the records would stay before it for ever.
func TestArchiveKeys(t *testing.T) {
	refused := 0
	for _, writer := range oddWriters {
		if archive.ValidateWriter(writer) != nil {
			refused++
		}
		requireTaken(t, archiveKeys(t, "acme", writer))
	}
	require.Less(t, refused, len(oddWriters)-5, "otherwise the test shows nothing")
	// On a disk, too, whose names are shorter.
	b, err := Open(t.Context(), Config{URL: "file://" + t.TempDir(), Prefix: strings.Repeat("p", 200)})
	require.NoError(t, err)
	defer b.Close()
	seen := map[string]string{}
	for _, tenant := range oddTenants {
		keys := archiveKeys(t, tenant, "w")
		requireTaken(t, keys)
		for _, key := range keys {
			if strings.HasPrefix(key, "_log/") {
				continue
			}
			other, ok := seen[key]
			require.False(t, ok, "tenants %q and %q share %s", tenant, other, key)
			seen[key] = tenant
			require.NoError(t, b.Create(t.Context(), key, nil), "%q", tenant)
		}
	}
}

func requireTaken(t *testing.T, keys []string) {
	t.Helper()
	for _, key := range keys {
		require.NoError(t, CheckKey(key))
		require.LessOrEqual(t, len(key), maxKey/2, "the other half is the bucket's prefix: %s", key)
		for part := range strings.SplitSeq(key, "/") {
			require.LessOrEqual(t, len(part), 255, "more than a file's name may have: %s", key)
		}
	}
}

func FuzzArchiveKeys(f *testing.F) {
	for _, tenant := range oddTenants {
		f.Add(tenant, "w")
	}
	for _, writer := range oddWriters {
		f.Add("acme", writer)
	}
	f.Fuzz(func(t *testing.T, tenant, writer string) { requireTaken(t, archiveKeys(t, tenant, writer)) })
}
