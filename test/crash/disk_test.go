// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package crash

import (
	"fmt"
	"os"
	"syscall"
	"testing"

	"github.com/logboom/logboom/test/harness"
)

// diskSize is the size of a disk that is not full.
const diskSize = "1g"

// disk is a small file system that can be made full, or a directory where none can be mounted.
type disk struct {
	t    testing.TB
	dir  string
	real bool
}

func newDisk(t testing.TB, dir string) *disk {
	t.Helper()
	d := &disk{t: t, dir: dir}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		t.Fatalf("make directory: %v", err)
	}
	if os.Geteuid() != 0 {
		t.Log("no root: no disk can be mounted, so none gets full")
		return d
	}
	if r := harness.Run(t, "mount", "-t", "tmpfs", "-o", "size="+diskSize, "logboom-test", dir); r.Code != 0 {
		t.Logf("no disk can be mounted here, so none gets full: %s", r.Stderr)
		return d
	}
	d.real = true
	t.Cleanup(func() {
		if t.Failed() { // what is on it would go with it
			harness.Run(t, "cp", "-a", dir, dir+"-kept")
		}
		if r := harness.Run(t, "umount", "--lazy", dir); r.Code != 0 {
			t.Errorf("umount: %s", r.Stderr)
		}
	})
	return d
}

// fill leaves room for few KiB.
func (d *disk) fill() {
	d.t.Helper()
	var last string
	for range 50 {
		var s syscall.Statfs_t
		if err := syscall.Statfs(d.dir, &s); err != nil {
			d.t.Fatalf("statfs: %v", err)
		}
		used := (int64(s.Blocks) - int64(s.Bfree)) * s.Bsize         //nolint:gosec // far below
		r := d.remount(fmt.Sprintf("%dk", (used+int64(64<<10))>>10)) // fails when more has been written meanwhile
		if r.Code == 0 {
			return
		}
		last = r.Stderr
	}
	d.t.Fatalf("remount: %s", last)
}

// free gives the disk its room back.
func (d *disk) free() {
	d.t.Helper()
	if r := d.remount(diskSize); r.Code != 0 {
		d.t.Fatalf("remount: %s", r.Stderr)
	}
}

func (d *disk) remount(size string) harness.Result {
	d.t.Helper()
	return harness.Run(d.t, "mount", "-o", "remount,size="+size, d.dir)
}
