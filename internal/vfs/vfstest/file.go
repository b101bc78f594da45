// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package vfstest

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

// file is an open file.
type file struct {
	machine  *machine
	node     *node
	name     string
	at       int64 // of the next Read or Write
	writable bool
	locks    bool
	closed   bool
}

func (f *file) Name() string { return f.name }

func (f *file) Stat() (info fs.FileInfo, err error) {
	err = f.look("stat", func() error {
		info = describe(f.name, f.node)
		return nil
	})
	return info, err
}

func (f *file) look(op string, call func() error) error {
	return f.machine.look(op, f.name, f.open(call))
}

func (f *file) do(op string, call func() error) error {
	return f.machine.do(op, f.name, f.open(call))
}

func (f *file) open(call func() error) func() error {
	return func() error {
		if f.closed {
			return fs.ErrClosed
		}
		return call()
	}
}

func (f *file) Read(p []byte) (n int, err error) {
	err = f.look("read", func() (err error) {
		n, err = f.read(p, f.at)
		f.at += int64(n)
		if n > 0 && errors.Is(err, io.EOF) {
			err = nil
		}
		return err
	})
	return n, err
}

func (f *file) ReadAt(p []byte, at int64) (n int, err error) {
	err = f.look("read", func() (err error) {
		n, err = f.read(p, at)
		return err
	})
	return n, err
}

func (f *file) read(p []byte, at int64) (int, error) {
	if f.machine.disk.fails(f.machine.disk.faults.Read) {
		return 0, syscall.EIO
	}
	return bytes.NewReader(f.node.cache).ReadAt(p, at)
}

func (f *file) Write(p []byte) (n int, err error) {
	err = f.do("write", func() (err error) {
		n, err = f.write(p, f.at)
		f.at += int64(n)
		return err
	})
	return n, err
}

func (f *file) WriteAt(p []byte, at int64) (n int, err error) {
	err = f.do("write", func() (err error) {
		n, err = f.write(p, at)
		return err
	})
	return n, err
}

// write writes as much as it can, as a real disk does.
func (f *file) write(p []byte, at int64) (int, error) {
	d := f.machine.disk
	if !f.writable {
		return 0, syscall.EBADF
	}
	var err error
	n := len(p)
	if d.fails(d.faults.Write) {
		n, err = d.rng.IntN(len(p)+1), syscall.EIO
	} else if more := at + int64(n) - int64(len(f.node.cache)); more > 0 && !d.room(more) {
		n, err = int(max(0, int64(n)-more+max(0, d.capacity-d.used))), syscall.ENOSPC
	}
	if n > 0 {
		f.machine.write(f.node, write{at: at, data: slices.Clone(p[:n])})
	}
	return n, err
}

func (f *file) Truncate(size int64) error {
	return f.do("truncate", func() error {
		d := f.machine.disk
		if !f.writable {
			return syscall.EBADF
		}
		if d.fails(d.faults.Write) {
			return syscall.EIO
		}
		if more := size - int64(len(f.node.cache)); more > 0 && !d.room(more) {
			return syscall.ENOSPC
		}
		f.machine.write(f.node, write{truncate: true, at: size})
		return nil
	})
}

func (f *file) Sync() error {
	return f.do("sync", func() error {
		d, n := f.machine.disk, f.node
		writes := n.writes
		n.writes = nil
		if !d.fails(d.faults.Sync) {
			for _, c := range writes {
				c.apply(&n.disk)
			}
			return nil
		}
		for _, c := range writes {
			d.reach(n, c, 0.5)
		}
		if d.rng.IntN(2) == 0 { // what could not be written stays readable as long as it is in memory
			before := n.cost()
			n.cache = slices.Clone(n.disk)
			d.used += n.cost() - before
		}
		return syscall.EIO
	})
}

func (f *file) Close() error {
	return f.look("close", func() error {
		f.closed = true
		if f.locks {
			delete(f.machine.locks, f.node)
		}
		if f.node.opens--; f.node.opens == 0 && f.node.links == 0 {
			f.machine.disk.used -= f.node.cost()
		}
		return nil
	})
}

// info describes a node at one moment.
type info struct {
	name      string
	directory bool
	size      int64
	modified  time.Time
}

func describe(name string, n *node) fs.FileInfo {
	return info{name: filepath.Base(name), directory: n.directory, size: int64(len(n.cache)), modified: n.modified}
}

func (i info) Name() string       { return i.name }
func (i info) Size() int64        { return i.size }
func (i info) ModTime() time.Time { return i.modified }
func (i info) IsDir() bool        { return i.directory }
func (i info) Sys() any           { return nil }

func (i info) Mode() fs.FileMode {
	if i.directory {
		return fs.ModeDir | 0o755
	}
	return 0o644
}
