// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package objectstorageexporter

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/logboom/logboom/exporter/objectstorageexporter/internal/metadata"
)

// benchSenders is how many goroutines call the exporter.
const benchSenders = 4

// BenchmarkExporter is the exporter alone, on the local disk with real fsync: log append, sort, encode, commit. It measures the
// processor time of the whole process, garbage collection included, less that of decoding the same input alone.
//
// The input is the file that `make bench-archive` leaves in LOGBOOM_BENCH_CACHE (or the user's cache), its first
// LOGBOOM_BENCH_RECORDS records; without one, a small made-up stream, of which figures say little.
func BenchmarkExporter(b *testing.B) {
	requests, records := benchInput(b)
	each := func(consume func(plog.Logs) error) error {
		var next atomic.Int64
		var wg sync.WaitGroup
		errs := make(chan error, benchSenders)
		for range benchSenders {
			wg.Go(func() {
				for i := next.Add(1) - 1; i < int64(len(requests)); i = next.Add(1) - 1 {
					ld, err := (&plog.ProtoUnmarshaler{}).UnmarshalLogs(requests[i])
					if err == nil {
						err = consume(ld)
					}
					if err != nil {
						errs <- err
						return
					}
				}
			})
		}
		wg.Wait()
		select {
		case err := <-errs:
			return err
		default:
			return nil
		}
	}
	var decode, all time.Duration
	var bytes int64
	for b.Loop() {
		before := cpuTime()
		if err := each(func(plog.Logs) error { return nil }); err != nil {
			b.Fatal(err)
		}
		decode += cpuTime() - before

		dir := b.TempDir()
		cfg := createDefaultConfig().(*Config)
		cfg.Bucket.URL = "file://" + dir + "/archive"
		cfg.Writer = "bench"
		cfg.WAL.Directory = dir + "/wal"
		cfg.EventTime.MaxAge = 87600 * time.Hour // the input is of January 2026
		before = cpuTime()
		exp := startBench(b, cfg)
		if err := each(func(ld plog.Logs) error { return exp.ConsumeLogs(context.Background(), ld) }); err != nil {
			b.Fatal(err)
		}
		if err := exp.Shutdown(context.Background()); err != nil { // flushes what is left
			b.Fatal(err)
		}
		all += cpuTime() - before
		bytes = dirSize(b, filepath.Join(dir, "archive", "logs"))
		_ = os.RemoveAll(dir)
	}
	n := float64(records) * float64(b.N)
	b.ReportMetric(n/(all-decode).Seconds(), "records/cpu-s")
	b.ReportMetric(n/all.Seconds(), "decoded-records/cpu-s")
	b.ReportMetric(n/decode.Seconds(), "decode-records/cpu-s")
	b.ReportMetric(float64(bytes)/float64(records), "B/record")
}

func startBench(b *testing.B, cfg *Config) exporter.Logs {
	exp, err := NewFactory().CreateLogs(context.Background(), exportertest.NewNopSettings(metadata.Type), cfg)
	if err != nil {
		b.Fatal(err)
	}
	if err := exp.Start(context.Background(), componenttest.NewNopHost()); err != nil {
		b.Fatal(err)
	}
	return exp
}

// cpuTime is the user and system time of this process.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func dirSize(b *testing.B, dir string) (n int64) {
	err := filepath.WalkDir(dir, func(_ string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		n += info.Size()
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return n
}

// benchInput returns encoded requests of some 8,192 records. They lie outside of the heap, where they cost no garbage collection.
func benchInput(b *testing.B) (requests [][]byte, records int) {
	dir := os.Getenv("LOGBOOM_BENCH_CACHE")
	if dir == "" {
		if cache, err := os.UserCacheDir(); err == nil {
			dir = filepath.Join(cache, "logboom-bench")
		}
	}
	limit := 200_000
	if n, err := strconv.Atoi(os.Getenv("LOGBOOM_BENCH_RECORDS")); err == nil {
		limit = n
	}
	f, err := os.Open(filepath.Join(dir, "loggen-42-2000000.otlp"))
	if err != nil {
		return madeUp(b, 20_000)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		b.Fatal(err)
	}
	data, err := syscall.Mmap(int(f.Fd()), 0, int(info.Size()), syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = syscall.Munmap(data) })
	// u32 length | u32 records | OTLP, repeated; requests one after the other are one request.
	var joined []byte
	inRequest := 0
	for len(data) >= 8 && records < limit {
		n, r := int(binary.LittleEndian.Uint32(data)), int(binary.LittleEndian.Uint32(data[4:]))
		joined = append(joined, data[8:8+n]...)
		data = data[8+n:]
		records += r
		if inRequest += r; inRequest >= 8192 || records >= limit || len(data) < 8 {
			requests = append(requests, offHeap(b, joined))
			joined, inRequest = joined[:0], 0
		}
	}
	return requests, records
}

func offHeap(b *testing.B, p []byte) []byte {
	m, err := syscall.Mmap(-1, 0, len(p), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = syscall.Munmap(m) })
	copy(m, p)
	return m
}

func madeUp(b *testing.B, records int) (requests [][]byte, _ int) {
	at := time.Now()
	for made := 0; made < records; made += 1000 {
		ld := plog.NewLogs()
		rl := ld.ResourceLogs().AppendEmpty()
		rl.Resource().Attributes().PutStr("service.name", fmt.Sprintf("service-%d", made%7))
		list := rl.ScopeLogs().AppendEmpty().LogRecords()
		for i := range 1000 {
			r := list.AppendEmpty()
			r.SetTimestamp(pcommon.NewTimestampFromTime(at.Add(time.Duration(made+i) * time.Microsecond)))
			r.SetSeverityNumber(plog.SeverityNumberInfo)
			r.Body().SetStr(fmt.Sprintf("GET /products/%d 200 %d bytes", i*7919%1000, i*104729%65536))
			r.Attributes().PutStr("request_id", strconv.Itoa((made+i)*1_000_003))
		}
		p, err := (&plog.ProtoMarshaler{}).MarshalLogs(ld)
		if err != nil {
			b.Fatal(err)
		}
		requests = append(requests, offHeap(b, p))
	}
	return requests, records
}
