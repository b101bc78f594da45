// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"flag"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
)

// freeze makes the frozen archive of the current format version, once: go test ./archive -run Frozen -freeze. It is
// never made anew, because archives that were written once must be readable for ever.
var freeze = flag.Bool("freeze", false, "write testdata/v1 where it is missing")

const frozen = "testdata/v1"

// TestFrozenArchiveIsRead reads an archive that was written by the first version of the format's writer.
func TestFrozenArchiveIsRead(t *testing.T) {
	golden := filepath.Join(frozen, "records.binpb")
	if _, err := os.Stat(frozen); *freeze && os.IsNotExist(err) {
		writeFrozen(t, golden)
	}
	b := mapBucket{}
	require.NoError(t, filepath.WalkDir(frozen, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path == golden {
			return err
		}
		key, err := filepath.Rel(frozen, path)
		require.NoError(t, err)
		b[filepath.ToSlash(key)], err = os.ReadFile(path)
		return err
	}))
	text, err := os.ReadFile(golden)
	require.NoError(t, err)
	want, err := (&plog.ProtoUnmarshaler{}).UnmarshalLogs(text)
	require.NoError(t, err)

	r, err := Open(t.Context(), b, ReaderOptions{CountsByMinute: true})
	require.NoError(t, err)
	objects := liveObjects(t, r.Snapshot())
	require.Len(t, objects, 6)
	for i := range objects {
		require.NoError(t, VerifyObject(t.Context(), b, objects[i]))
	}
	back := plog.NewLogs()
	for _, record := range scanAll(t, b, All()) {
		require.NoError(t, record.AppendTo(back))
	}
	requireSame(t, canonical(t, want), canonical(t, back))
}

func writeFrozen(t *testing.T, golden string) {
	t.Helper()
	arrival := time.Date(2026, 11, 23, 1, 30, 0, 0, time.UTC)
	written := randomLogs(rand.New(rand.NewPCG(1, 1)), 120, arrival)
	b := mapBucket{}
	commit(t, b, "frozen", arrival, written)
	enc := NewEncoder(EncoderOptions{Compression: CompressionBetter})
	ofTenant := similarLogs(rand.New(rand.NewPCG(2, 2)), 40, arrival)
	enc.AppendBatch(NewBatch(ofTenant, arrival, BatchOptions{Tenant: "a/b"}))
	w, err := NewLogWriter(b, "tenants", "wal", 0)
	require.NoError(t, err)
	require.NoError(t, w.Claim(t.Context()))
	var objects []ObjectMeta
	require.NoError(t, enc.Encode(ObjectName{Writer: "tenants", Epoch: 1, From: 1, To: 1}, func(o Object) error {
		objects = append(objects, o.Meta)
		return b.Create(t.Context(), o.Meta.Key, o.Body)
	}))
	require.NoError(t, w.Commit(t.Context(), 1, 1, objects))
	for key, body := range b {
		path := filepath.Join(frozen, filepath.FromSlash(key))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, body, 0o644))
	}
	ofTenant.ResourceLogs().MoveAndAppendTo(written.ResourceLogs())
	text, err := (&plog.ProtoMarshaler{}).MarshalLogs(written)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(golden, text, 0o644))
}
