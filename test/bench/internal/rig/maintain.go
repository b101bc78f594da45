// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package rig

import (
	"context"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/internal/bucket"
	"github.com/logboom/logboom/test/harness"
)

// archiveSize is what an archive takes.
type archiveSize struct {
	objects           int
	data, index, live int64 // bytes of live objects, the part of these that is index, and both
	all               int64 // everything in the bucket
}

func sizeOf(t testing.TB, dir string, records int) (size archiveSize) {
	t.Helper()
	ctx := context.Background()
	b, err := bucket.Open(ctx, bucket.Config{URL: "file://" + dir})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	r, err := archive.Open(ctx, b, archive.ReaderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	objects, errs := r.Snapshot().Objects(ctx, math.MinInt64, math.MaxInt64)
	if len(errs) > 0 {
		t.Fatal(errs[0])
	}
	rows := int64(0)
	for _, o := range objects {
		size.objects++
		size.live += o.Bytes
		rows += o.Rows
		if o.Index != nil {
			size.index += o.Index.Bytes
		}
	}
	size.data = size.live - size.index
	if int(rows) != records {
		t.Errorf("the archive holds %d records, want %d", rows, records)
	}
	if size.all, _, err = TreeSize(dir, nil); err != nil {
		t.Fatal(err)
	}
	return size
}

// PrintArchive says what the archive in a directory takes.
func PrintArchive(t testing.TB, what, dir string, records int) {
	t.Helper()
	s := sizeOf(t, dir, records)
	fmt.Printf("Logboom, %s: %.2f B a record (data %.2f, index %.2f), %d objects; everything in the bucket %.2f\n",
		what, Per(s.live, records), Per(s.data, records), Per(s.index, records), s.objects, Per(s.all, records))
}

// Compact runs the shipped logboomctl over the archive, and again when the grace is over, so that the bucket is as it would
// be an hour later; more is settings of the compactor, as `, key: value`.
func Compact(t testing.TB, dir string, records int, more string) {
	t.Helper()
	before := sizeOf(t, dir, records)
	config := filepath.Join(t.TempDir(), "compactor.yaml")
	if err := os.WriteFile(config, []byte("extensions: {archive_compactor: {bucket: {url: 'file://"+dir+"'}, grace: 1s, min_age: 0s"+more+"}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func() (wall, cpu time.Duration, peak int64) {
		began := time.Now()
		cmd := exec.Command(harness.CtlBinary(t), "archive", "compact", "--config", config) //nolint:noctx // ends by itself
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("compact: %v\n%s", err, out)
		}
		usage := cmd.ProcessState.SysUsage().(*syscall.Rusage)
		return time.Since(began), cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), usage.Maxrss << 10
	}
	wall, cpu, peak := run()
	time.Sleep(1500 * time.Millisecond)
	run()
	after := sizeOf(t, dir, records)
	fmt.Printf("Logboom, compacted: %.0f krecords a CPU-s, %.0f krecords/s, peak RSS %d MiB; write amplification %.2f (%.1f MB flushed, %.1f MB written again)\n",
		PerSecond(records, cpu), PerSecond(records, wall), peak>>20, 1+float64(after.live)/float64(before.live), float64(before.live)/1e6, float64(after.live)/1e6)
}
