// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
)

// dirBucket is a bucket in a directory, without the care that a real one takes.
type dirBucket struct {
	dir      string
	requests atomic.Int64
}

func (d *dirBucket) Name() string { return "file://" + d.dir }
func (d *dirBucket) Close() error { return nil }

func (d *dirBucket) List(_ context.Context, prefix, startAfter string) iter.Seq2[ObjectInfo, error] {
	return func(yield func(ObjectInfo, error) bool) {
		var keys []string
		_ = filepath.WalkDir(d.dir, func(path string, e os.DirEntry, err error) error {
			if key, _ := filepath.Rel(d.dir, path); err == nil && !e.IsDir() && strings.HasPrefix(key, prefix) && key > startAfter {
				keys = append(keys, key)
			}
			return nil
		})
		slices.Sort(keys)
		for _, k := range keys {
			if !yield(ObjectInfo{Key: k}, nil) {
				return
			}
		}
	}
}

func (d *dirBucket) Get(_ context.Context, key string) (io.ReadCloser, error) {
	f, err := os.Open(filepath.Join(d.dir, key))
	if errors.Is(err, os.ErrNotExist) {
		return nil, ErrNotFound
	}
	return f, err
}

func (d *dirBucket) ReadRange(_ context.Context, key string, p []byte, off int64) (int, error) {
	d.requests.Add(1)
	f, err := os.Open(filepath.Join(d.dir, key))
	if errors.Is(err, os.ErrNotExist) {
		return 0, ErrNotFound
	}
	if err != nil {
		return 0, err
	}
	defer f.Close()
	return f.ReadAt(p, off)
}

func (d *dirBucket) Create(_ context.Context, key string, body []byte) error {
	path := filepath.Join(d.dir, key)
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, os.ErrExist) {
		return ErrExists
	}
	if err != nil {
		return err
	}
	_, err = f.Write(body)
	return errors.Join(err, f.Close())
}

func (d *dirBucket) Delete(_ context.Context, key string) error {
	return os.Remove(filepath.Join(d.dir, key))
}

// benchArchive writes the archive that searches are measured on: that of the OTLP stream (u32 length, LogsData, repeated)
// which LOGBOOM_OTLP names, else of a small generator's records.
func benchArchive(b *testing.B) *dirBucket {
	b.Helper()
	bucket := &dirBucket{dir: b.TempDir()}
	if dir := os.Getenv("LOGBOOM_BENCH_DIR"); dir != "" { // kept from run to run
		bucket.dir = dir
		if _, err := os.Stat(filepath.Join(dir, "_log")); err == nil {
			return bucket
		}
	}
	ctx := b.Context()
	w, err := NewLogWriter(bucket, "bench", "wal", 0)
	require.NoError(b, err)
	require.NoError(b, w.Claim(ctx))
	enc := NewEncoder(EncoderOptions{Compression: CompressionBetter, MaxAge: 1 << 62})
	start := time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC)
	if path := os.Getenv("LOGBOOM_OTLP"); path != "" {
		f, err := os.Open(path)
		require.NoError(b, err)
		defer f.Close()
		in := bufio.NewReaderSize(f, 1<<20)
		for {
			var head [4]byte
			if _, err := io.ReadFull(in, head[:]); errors.Is(err, io.EOF) {
				break
			}
			body := make([]byte, binary.LittleEndian.Uint32(head[:]))
			_, err := io.ReadFull(in, body)
			require.NoError(b, err)
			ld, err := (&plog.ProtoUnmarshaler{}).UnmarshalLogs(body)
			require.NoError(b, err)
			enc.Append(ld, start)
		}
	} else {
		enc.Append(shopLogs(rand.New(rand.NewPCG(1, 1)), 300_000, start), start)
	}
	var objects []ObjectMeta
	var size, index int64
	require.NoError(b, enc.Encode(ObjectName{Writer: "bench", Epoch: w.Epoch(), From: 1, To: 1}, func(o Object) error {
		objects = append(objects, o.Meta)
		size += o.Meta.Bytes
		if o.Meta.Index != nil {
			index += o.Meta.Index.Bytes
		}
		return bucket.Create(ctx, o.Meta.Key, o.Body)
	}))
	require.NoError(b, w.Commit(ctx, 1, 1, objects))
	b.Logf("%d records in %d objects, %.1f bytes a record, of these index %.2f", enc.Rows(), len(objects), float64(size)/float64(enc.Rows()), float64(index)/float64(enc.Rows()))
	return bucket
}

// BenchmarkSearch measures the queries that people ask, on a warm cache.
func BenchmarkSearch(b *testing.B) {
	bucket := benchArchive(b)
	reader, err := Open(b.Context(), bucket, ReaderOptions{})
	require.NoError(b, err)
	contains := func(texts ...string) (list []LineFilter) {
		for _, t := range texts {
			list = append(list, LineFilter{Text: t})
		}
		return list
	}
	matching := func(text string) []LineFilter { return []LineFilter{{Kind: LineRegexp, Text: text}} }
	// What to look for is taken out of the archive.
	var trace, word, id string
	n := 0
	_, err = reader.Snapshot().Scan(b.Context(), All(), func(r *Record) error {
		if n++; n > 20_000 && len(r.TraceID) == 32 && strings.Contains(r.Body, " ") {
			trace = strings.Clone(r.TraceID)
			word = strings.Clone(strings.Fields(r.Body)[1])
			if a, ok := FindAttribute(r.LogAttributes, "request_id"); ok {
				id = strings.Clone(a.Value)
				return ErrStop
			}
		}
		return nil
	})
	require.NoError(b, err)
	if env := os.Getenv("LOGBOOM_WORD"); env != "" {
		word = env
	}
	all := All()
	with := func(lines []LineFilter, values ...ValueFilter) ScanRequest {
		req := all
		req.Lines, req.Values = lines, values
		return req
	}
	newest := with(contains(word))
	newest.Descending, newest.Limit = true, 100
	for _, c := range []struct {
		name  string
		scan  ScanRequest
		count *CountRequest
	}{
		{name: "absent token", scan: with(contains("zqxjkvbnotthere"))},
		{name: "absent words", scan: with(contains("zq words that are not there"))},
		{name: "request id", scan: with(contains(id))},
		{name: "trace id", scan: with(nil, ValueFilter{"TraceId", trace})},
		{name: "middle of an id", scan: with(contains(id[3:9]))},
		{name: "absent middle of an id", scan: with(contains("0a9f7e3bd1"))},
		{name: "word counted", count: &CountRequest{ScanRequest: with(contains(word))}},
		{name: "folded word counted", count: &CountRequest{ScanRequest: with(matching("(?i)" + word))}},
		{name: "regexp counted", count: &CountRequest{ScanRequest: with(matching(word + ".*7[0-9]"))}},
		{name: "regexp", scan: with(matching("id=" + id[:4] + "[0-9a-f]{4}"))},
		{name: "by service and severity", count: &CountRequest{ScanRequest: all, BySeverity: true}},
		{name: "newest 100", scan: newest},
		{name: "bytes by service", count: &CountRequest{ScanRequest: with(contains(word)), Bytes: true}},
	} {
		b.Run(strings.ReplaceAll(c.name, " ", "_"), func(b *testing.B) {
			b.ReportAllocs()
			var stats ScanStats
			var rows int64
			var worst time.Duration
			for b.Loop() {
				var err error
				rows = 0
				start := time.Now()
				if c.count != nil {
					var list []CountRow
					list, stats, err = reader.Snapshot().Count(b.Context(), *c.count)
					for i := range list {
						rows += list[i].Rows
					}
				} else {
					stats, err = reader.Snapshot().Scan(b.Context(), c.scan, func(*Record) error { rows++; return nil })
				}
				require.NoError(b, err)
				require.Empty(b, stats.Errors)
				worst = max(worst, time.Since(start))
			}
			b.ReportMetric(float64(rows), "rows")
			b.ReportMetric(float64(stats.RowGroupsRead), "groups")
			b.ReportMetric(float64(stats.BodiesScanned), "bodies")
			if testing.Verbose() {
				b.Log(fmt.Sprint(stats))
			}
		})
	}
}
