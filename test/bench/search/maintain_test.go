// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package search

import (
	"context"
	"fmt"
	"math"
	"os/exec"
	"strings"
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
	if size.all, _, err = treeSize(dir, nil); err != nil {
		t.Fatal(err)
	}
	return size
}

func printArchive(t testing.TB, what, dir string, records int) {
	t.Helper()
	s := sizeOf(t, dir, records)
	fmt.Printf("Logboom, %s: %.2f B a record (data %.2f, index %.2f), %d objects; everything in the bucket %.2f\n",
		what, per(s.live, records), per(s.data, records), per(s.index, records), s.objects, per(s.all, records))
}

// compact runs the shipped logboomctl over the archive, until the old objects are gone.
func compact(t *testing.T, dir string, records int) {
	t.Helper()
	before := sizeOf(t, dir, records)
	began := time.Now()
	cmd := exec.Command(harness.CtlBinary(t), "archive", "compact", "file://"+dir) //nolint:noctx // ends by itself
	out, err := cmd.CombinedOutput()
	if err != nil && strings.Contains(string(out), "unknown command") {
		fmt.Println("this logboomctl cannot compact: the archive is asked as it was flushed")
		return
	}
	if err != nil {
		t.Fatalf("compact: %v\n%s", err, out)
	}
	wall, cpu := time.Since(began), cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime()
	after := sizeOf(t, dir, records)
	fmt.Printf("Logboom, compacted: %.0f krecords a CPU-s, %.0f krecords/s; write amplification %.2f (%.1f MB flushed, %.1f MB written again)\n",
		perSecond(records, cpu), perSecond(records, wall), 1+float64(after.live)/float64(before.live), float64(before.live)/1e6, float64(after.live)/1e6)
}
