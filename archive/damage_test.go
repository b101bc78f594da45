// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// mapBucket is a bucket whose objects a test can change, while nothing else uses it.
type mapBucket map[string][]byte

// mapBuckets is held by the methods of every mapBucket: a bucket is used by many goroutines.
var mapBuckets sync.Mutex

func (b mapBucket) Name() string { return "map://test" }

func (b mapBucket) List(_ context.Context, prefix, startAfter string) iter.Seq2[ObjectInfo, error] {
	return func(yield func(ObjectInfo, error) bool) {
		var list []ObjectInfo
		mapBuckets.Lock()
		for k, body := range b {
			if strings.HasPrefix(k, prefix) && k > startAfter {
				list = append(list, ObjectInfo{Key: k, Size: int64(len(body))})
			}
		}
		mapBuckets.Unlock()
		slices.SortFunc(list, func(a, b ObjectInfo) int { return strings.Compare(a.Key, b.Key) })
		for _, info := range list {
			if !yield(info, nil) {
				return
			}
		}
	}
}

func (b mapBucket) Get(_ context.Context, key string) (io.ReadCloser, error) {
	mapBuckets.Lock()
	defer mapBuckets.Unlock()
	body, ok := b[key]
	if !ok {
		return nil, ErrNotFound
	}
	return io.NopCloser(bytes.NewReader(body)), nil
}

func (b mapBucket) ReadRange(_ context.Context, key string, p []byte, off int64) (int, error) {
	mapBuckets.Lock()
	defer mapBuckets.Unlock()
	body, ok := b[key]
	if !ok {
		return 0, ErrNotFound
	}
	return bytes.NewReader(body).ReadAt(p, off)
}

func (b mapBucket) Create(_ context.Context, key string, body []byte) error {
	mapBuckets.Lock()
	defer mapBuckets.Unlock()
	if _, ok := b[key]; ok {
		return ErrExists
	}
	b[key] = bytes.Clone(body)
	return nil
}

func (b mapBucket) Delete(_ context.Context, key string) error {
	mapBuckets.Lock()
	defer mapBuckets.Unlock()
	delete(b, key)
	return nil
}

func (b mapBucket) Close() error { return nil }

// unlessRace is n, or less where the race detector makes everything ten times slower.
func unlessRace(n, underRace int) int {
	if raceEnabled {
		return underRace
	}
	return n
}

var testArrival = time.Date(2026, 11, 23, 1, 30, 0, 0, time.UTC)

func testLogs(n int) plog.Logs {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("service.name", "shop")
	for i := range n {
		lr := rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
		lr.SetTimestamp(pcommon.NewTimestampFromTime(testArrival.Add(time.Duration(i-n) * time.Millisecond)))
		lr.Body().SetStr(strings.Repeat("text ", i%7))
		lr.Attributes().PutInt("n", int64(i))
		lr.Attributes().PutStr("name", "value")
	}
	return ld
}

func testObject(t testing.TB, n int) Object {
	t.Helper()
	enc := NewEncoder(EncoderOptions{})
	enc.Append(testLogs(n), testArrival)
	var object Object
	require.NoError(t, enc.Encode(ObjectName{Writer: "w", Epoch: 1, From: 1, To: 1}, func(o Object) error {
		object = o
		return nil
	}))
	return object
}

// testArchive has two commits of ten records each.
func testArchive(t testing.TB) (mapBucket, []ObjectMeta) {
	t.Helper()
	b := mapBucket{}
	w, err := NewLogWriter(b, "w", "wal", 0)
	require.NoError(t, err)
	require.NoError(t, w.Claim(context.Background()))
	var all []ObjectMeta
	for i := range uint64(2) {
		enc := NewEncoder(EncoderOptions{})
		enc.Append(testLogs(10), testArrival)
		var objects []ObjectMeta
		require.NoError(t, enc.Encode(ObjectName{Writer: "w", Epoch: 1, From: i + 1, To: i + 1}, func(o Object) error {
			objects = append(objects, o.Meta)
			return b.Create(context.Background(), o.Meta.Key, o.Body)
		}))
		require.NoError(t, w.Commit(context.Background(), i+1, i+1, objects))
		all = append(all, objects...)
	}
	require.Len(t, all, 2)
	return b, all
}

func scanCount(t testing.TB, b BucketReader) (rows int, stats ScanStats) {
	t.Helper()
	r, err := Open(context.Background(), b, ReaderOptions{})
	require.NoError(t, err)
	stats, err = r.Snapshot().Scan(context.Background(), All(), func(*Record) error { rows++; return nil })
	require.NoError(t, err)
	return rows, stats
}

func TestDamagedObjectIsReportedAndTheRestRead(t *testing.T) {
	for name, damage := range map[string]func(b mapBucket, key string){
		"missing":    func(b mapBucket, key string) { delete(b, key) },
		"cut":        func(b mapBucket, key string) { b[key] = b[key][:len(b[key])/2] },
		"empty":      func(b mapBucket, key string) { b[key] = nil },
		"row group":  func(b mapBucket, key string) { b[key][len(b[key])/4] ^= 1 },
		"footer":     func(b mapBucket, key string) { b[key][len(b[key])-20] ^= 1 },
		"other file": func(b mapBucket, key string) { b[key] = bytes.Repeat([]byte("PAR1"), len(b[key])/4+1)[:len(b[key])] },
	} {
		t.Run(name, func(t *testing.T) {
			b, objects := testArchive(t)
			damage(b, objects[0].Key)
			rows, stats := scanCount(t, b)
			assert.Equal(t, 10, rows)
			require.Len(t, stats.Errors, 1)
			assert.True(t, stats.Partial())
			var oe *ObjectError
			require.ErrorAs(t, stats.Errors[0], &oe)
			assert.Equal(t, objects[0].Key, oe.Key)
			assert.Contains(t, oe.Error(), "map://test")
			require.Error(t, VerifyObject(context.Background(), b, &objects[0]))
			require.NoError(t, VerifyObject(context.Background(), b, &objects[1]))
		})
	}
}

func TestStrangeLogRecords(t *testing.T) {
	b, objects := testArchive(t)
	b["_log/w/00000000000000000004"] = []byte("{not json")
	b["_log/v/00000000000000000001"] = []byte(`{"format":2,"kind":"commit","writer":"v","sequence":1}`)
	b["_log/readme.txt"] = []byte("hello")
	b["_log/w/5"] = []byte("{}")
	rows, stats := scanCount(t, b)
	assert.Equal(t, 20, rows)
	assert.Len(t, stats.Errors, 2)

	// What a later version adds is ignored.
	var r map[string]any
	require.NoError(t, json.Unmarshal(b["_log/w/00000000000000000002"], &r))
	r["new_field"] = []int{1}
	changed, err := json.Marshal(r)
	require.NoError(t, err)
	record, err := ParseLogRecord("_log/w/00000000000000000002", changed)
	require.NoError(t, err)
	assert.Equal(t, objects[0].Key, record.Objects[0].Key)
}

func TestRefreshFollowsTheLog(t *testing.T) {
	ctx := context.Background()
	b := mapBucket{}
	r, err := Open(ctx, b, ReaderOptions{ListInterval: -1})
	require.NoError(t, err)
	assert.Empty(t, liveObjects(t, r.Snapshot()))
	want := 0
	writers := map[string]*LogWriter{}
	for round := range uint64(6) {
		for _, name := range []string{"a", "a-b", "b"}[:1+round%3] {
			w := writers[name]
			if w == nil {
				w, err = NewLogWriter(b, name, name, 0)
				require.NoError(t, err)
				require.NoError(t, w.Claim(ctx))
				writers[name] = w
			}
			o := testObject(t, 3)
			n := w.Committed() + 1
			require.NoError(t, w.Commit(ctx, n, n, []ObjectMeta{o.Meta}))
			want++
		}
		before := r.Snapshot()
		beforeLen := len(liveObjects(t, before))
		require.NoError(t, r.Refresh(ctx))
		assert.Len(t, liveObjects(t, r.Snapshot()), want)
		assert.Len(t, liveObjects(t, before), beforeLen, "a snapshot does not change")
	}
}

func TestRepeatedUIDIsYieldedOnce(t *testing.T) {
	b := mapBucket{}
	w, err := NewLogWriter(b, "w", "wal", 0)
	require.NoError(t, err)
	require.NoError(t, w.Claim(context.Background()))
	for i := range uint64(3) {
		ld := testLogs(4)
		for j, sl := range ld.ResourceLogs().At(0).ScopeLogs().All() {
			if j%2 == 0 {
				sl.LogRecords().At(0).Attributes().PutStr(AttributeRecordUID, "same")
			}
		}
		enc := NewEncoder(EncoderOptions{})
		enc.Append(ld, testArrival)
		var objects []ObjectMeta
		require.NoError(t, enc.Encode(ObjectName{Writer: "w", From: i, To: i}, func(o Object) error {
			objects = append(objects, o.Meta)
			return b.Create(context.Background(), o.Meta.Key, o.Body)
		}))
		require.NoError(t, w.Commit(context.Background(), i+1, i+1, objects))
	}
	rows, stats := scanCount(t, b)
	assert.Equal(t, 2+2*3, rows) // two uids at different times, two records without thrice
	assert.EqualValues(t, 4, stats.RowsDuplicates)
}

func TestScanStopsWithItsContext(t *testing.T) {
	b, _ := testArchive(t)
	r, err := Open(context.Background(), b, ReaderOptions{})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = r.Snapshot().Scan(ctx, All(), func(*Record) error { return nil })
	require.ErrorIs(t, err, context.Canceled)
}

func TestTooManyServicesLeaveCountsOut(t *testing.T) {
	ld := plog.NewLogs()
	for i := range maxCounts + 1 {
		rl := ld.ResourceLogs().AppendEmpty()
		rl.Resource().Attributes().PutStr("service.name", strings.Repeat("x", i%50)+string(rune('a'+i%26))+time.Duration(i).String())
		rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	}
	enc := NewEncoder(EncoderOptions{})
	enc.Append(ld, testArrival)
	require.NoError(t, enc.Encode(ObjectName{Writer: "w"}, func(o Object) error {
		assert.Nil(t, o.Meta.Counts)
		assert.True(t, o.Meta.HasService(func(string) bool { return false }))
		return nil
	}))
}

func TestCloneLasts(t *testing.T) {
	var r Record
	buffer := []byte("shared")
	r.Body = string(buffer)
	r.LogAttributes = []Attribute{{Key: "k", Value: "v"}}
	c := r.Clone()
	r.LogAttributes[0].Value = "changed"
	assert.Equal(t, "v", c.LogAttributes[0].Value)
	a, ok := FindAttribute(c.LogAttributes, "k")
	assert.True(t, ok)
	assert.Equal(t, "v", a.Value)
}

// FuzzObject damages an object; its checksums are made to fit, so that the Parquet reader sees the damage.
// Invariant: an error or records, never a panic.
func FuzzObject(f *testing.F) {
	o := testObject(f, 50)
	for seed := range uint64(20) {
		f.Add(seed, uint16(seed), byte(1))
	}
	f.Fuzz(func(t *testing.T, seed uint64, flips uint16, value byte) {
		body := bytes.Clone(o.Body)
		r := rand.New(rand.NewPCG(seed, 0))
		for range 1 + flips%8 {
			body[r.IntN(len(body))] = value ^ byte(r.Uint32())
		}
		file, err := openTail(&o.Meta, body[o.Meta.Bytes-o.Meta.TailBytes:])
		if err != nil {
			return
		}
		all := All()
		for i := range file.groups {
			sum := file.groups[i].sum
			_, _, _ = file.decodeGroup(i, body[sum.Offset:sum.Offset+sum.Bytes], &all)
		}
	})
}

// FuzzParseLogRecord: what is parsed is parsed again from its own bytes.
func FuzzParseLogRecord(f *testing.F) {
	b, _ := testArchive(f)
	for k, body := range b {
		if strings.HasPrefix(k, logPrefix) {
			f.Add(k, body)
		}
	}
	f.Fuzz(func(t *testing.T, key string, body []byte) {
		r, err := ParseLogRecord(key, body)
		if err != nil {
			return
		}
		again, err := r.Marshal()
		require.NoError(t, err)
		_, err = ParseLogRecord(key, again)
		require.NoError(t, err)
	})
}

var errLost = errors.New("no answer")

// ambiguousBucket carries calls out and then says that it does not know.
type ambiguousBucket struct {
	mapBucket
	left int
}

func (b *ambiguousBucket) Create(ctx context.Context, key string, body []byte) error {
	err := b.mapBucket.Create(ctx, key, body)
	if b.left > 0 {
		b.left--
		return errLost
	}
	return err
}

func TestLogWriterRecognisesItsOwn(t *testing.T) {
	ctx := context.Background()
	b := &ambiguousBucket{mapBucket: mapBucket{}, left: 1}
	w, err := NewLogWriter(b, "w", "wal", 0)
	require.NoError(t, err)
	require.ErrorIs(t, w.Claim(ctx), errLost)
	require.NoError(t, w.Claim(ctx))
	assert.EqualValues(t, 1, w.Epoch())
	b.left = 1
	o := testObject(t, 1)
	require.ErrorIs(t, w.Commit(ctx, 1, 5, []ObjectMeta{o.Meta}), errLost)
	require.NoError(t, w.Commit(ctx, 1, 5, []ObjectMeta{o.Meta}))
	assert.Len(t, b.mapBucket, 2)
	assert.EqualValues(t, 2, w.LastSequence())

	next, err := NewLogWriter(b, "w", "wal", 1) // from a hint
	require.NoError(t, err)
	require.NoError(t, next.Claim(ctx))
	assert.EqualValues(t, 2, next.Epoch())
	assert.EqualValues(t, 5, next.Committed())
	require.ErrorIs(t, w.Commit(ctx, 6, 6, []ObjectMeta{o.Meta}), ErrFenced)

	fresh, err := NewLogWriter(b, "w", "another disk", 99) // a hint that leads nowhere
	require.NoError(t, err)
	require.NoError(t, fresh.Claim(ctx))
	assert.EqualValues(t, 3, fresh.Epoch())
	assert.Zero(t, fresh.Committed())
}

func TestWritersThatSomeBucketCannotName(t *testing.T) {
	for _, writer := range []string{"", "a..b", "a__0xb", "a.tmp-b", "-a", "a/b", "a b", strings.Repeat("a", 129)} {
		require.Error(t, ValidateWriter(writer), writer)
	}
	for _, writer := range []string{"a", "gate-way_1.example.com", strings.Repeat("a", 128)} {
		require.NoError(t, ValidateWriter(writer), writer)
	}
}
