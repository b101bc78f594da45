// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package vfstest

import (
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/logboom/logboom/internal/vfs"
)

// machine is the file system of a running program.
type machine struct {
	disk  *Disk
	locks map[*node]bool
}

// look makes a call that changes nothing.
func (m *machine) look(op, name string, call func() error) error {
	d := m.disk
	d.mu.Lock()
	defer d.mu.Unlock()
	err := ErrPowerOff
	if d.machine == m {
		err = call()
	}
	if err == nil || errors.Is(err, io.EOF) {
		return err
	}
	return &fs.PathError{Op: op, Path: name, Err: err}
}

// do makes a call that changes or syncs something: an operation, in which the power may be cut.
func (m *machine) do(op, name string, call func() error) error {
	return m.look(op, name, func() error {
		d := m.disk
		d.counts.Operations++
		if d.crashIn > 0 {
			if d.crashIn--; d.crashIn == 0 {
				if d.rng.IntN(2) == 0 {
					_ = call()
				}
				if d.kill {
					d.killed()
				} else {
					d.crash()
				}
				return ErrPowerOff
			}
		}
		return call()
	})
}

// fails decides about an injected error.
func (d *Disk) fails(probability float64) bool {
	if probability == 0 || d.rng.Float64() >= probability {
		return false
	}
	d.counts.Errors++
	return true
}

// room reports whether so many bytes more fit on the disk.
func (d *Disk) room(n int64) bool {
	if d.capacity == 0 || d.used+n <= d.capacity {
		return true
	}
	d.counts.Full++
	return false
}

// find returns the node of a path; walk the directory that a path is in, and its last element.
func (m *machine) find(name string) (*node, error) {
	dir, base, err := m.walk(name)
	if err != nil || base == "" {
		return dir, err
	}
	n := dir.names[base]
	if n == nil {
		return nil, fs.ErrNotExist
	}
	return n, nil
}

func (m *machine) walk(name string) (dir *node, base string, err error) {
	name = filepath.ToSlash(name[len(filepath.VolumeName(name)):])
	elements := strings.Split(strings.Trim(path.Clean("/"+name), "/"), "/")
	dir = m.disk.root
	for _, e := range elements[:len(elements)-1] {
		if dir = dir.names[e]; dir == nil {
			return nil, "", fs.ErrNotExist
		}
		if !dir.directory {
			return nil, "", syscall.ENOTDIR
		}
	}
	return dir, elements[len(elements)-1], nil
}

// change changes the names of a directory.
func (m *machine) change(dir *node, c change) {
	if c.add != "" {
		m.drop(dir.names[c.add])
		c.node.links++
	}
	if c.remove != "" {
		m.drop(dir.names[c.remove])
	}
	c.apply(dir.names)
	dir.changes = append(dir.changes, c)
	dir.modified = time.Now()
}

// drop takes a link from a node.
func (m *machine) drop(n *node) {
	if n == nil {
		return
	}
	if n.links--; n.links == 0 && n.opens == 0 && !n.directory {
		m.disk.used -= n.cost()
	}
}

func (m *machine) Open(name string, flag int, _ fs.FileMode) (vfs.File, error) {
	var n *node
	open := func() (err error) {
		dir, base, err := m.walk(name)
		if err != nil {
			return err
		}
		n = dir.names[base]
		switch {
		case n == nil && flag&os.O_CREATE == 0:
			return fs.ErrNotExist
		case n == nil:
			if m.disk.fails(m.disk.faults.Name) {
				return syscall.EIO
			}
			if !m.disk.room(fileCost) {
				return syscall.ENOSPC
			}
			n = &node{modified: time.Now()}
			m.disk.used += fileCost
			m.change(dir, change{node: n, add: base})
		case n.directory:
			return syscall.EISDIR
		case flag&os.O_CREATE != 0 && flag&os.O_EXCL != 0:
			return fs.ErrExist
		}
		if flag&os.O_TRUNC != 0 && len(n.cache) > 0 {
			m.write(n, write{truncate: true})
		}
		n.opens++
		return nil
	}
	call := m.look
	if flag&(os.O_CREATE|os.O_TRUNC) != 0 {
		call = m.do
	}
	if err := call("open", name, open); err != nil {
		return nil, err
	}
	return &file{machine: m, node: n, name: name, writable: flag&(os.O_WRONLY|os.O_RDWR) != 0}, nil
}

// write changes a file.
func (m *machine) write(n *node, c write) {
	before := n.cost()
	c.apply(&n.cache)
	n.writes = append(n.writes, c)
	m.disk.remember(c.data)
	n.modified = time.Now()
	m.disk.used += n.cost() - before
}

func (m *machine) Stat(name string) (info fs.FileInfo, err error) {
	err = m.look("stat", name, func() error {
		n, err := m.find(name)
		if err == nil {
			info = describe(name, n)
		}
		return err
	})
	return info, err
}

func (m *machine) ReadDir(dir string) (entries []fs.DirEntry, err error) {
	err = m.look("readdir", dir, func() error {
		n, err := m.find(dir)
		if err != nil {
			return err
		}
		if !n.directory {
			return syscall.ENOTDIR
		}
		if m.disk.fails(m.disk.faults.Read) {
			return syscall.EIO
		}
		for _, name := range slices.Sorted(maps.Keys(n.names)) {
			entries = append(entries, fs.FileInfoToDirEntry(describe(name, n.names[name])))
		}
		return nil
	})
	return entries, err
}

// rename makes a call that changes names, given the directory and base of a path.
func (m *machine) rename(op, name string, call func(dir *node, base string) error) error {
	return m.do(op, name, func() error {
		dir, base, err := m.walk(name)
		if err != nil {
			return err
		}
		if m.disk.fails(m.disk.faults.Name) {
			return syscall.EIO
		}
		return call(dir, base)
	})
}

func (m *machine) Mkdir(name string, _ fs.FileMode) error {
	return m.rename("mkdir", name, func(dir *node, base string) error {
		if base == "" || dir.names[base] != nil {
			return fs.ErrExist
		}
		m.change(dir, change{node: newDirectory(), add: base})
		return nil
	})
}

func (m *machine) Rename(from, to string) error {
	return m.rename("rename", from, func(dir *node, base string) error {
		toDir, toBase, err := m.walk(to)
		if err != nil {
			return err
		}
		n, target := dir.names[base], toDir.names[toBase]
		switch {
		case n == nil:
			return fs.ErrNotExist
		case n == target:
			return nil
		case target != nil && (target.directory || n.directory):
			return fs.ErrExist
		case dir == toDir:
			m.change(dir, change{node: n, remove: base, add: toBase})
		default:
			m.change(toDir, change{node: n, add: toBase})
			m.change(dir, change{node: n, remove: base})
		}
		return nil
	})
}

func (m *machine) Link(name, second string) error {
	return m.rename("link", name, func(dir *node, base string) error {
		toDir, toBase, err := m.walk(second)
		if err != nil {
			return err
		}
		n := dir.names[base]
		switch {
		case n == nil:
			return fs.ErrNotExist
		case n.directory:
			return fs.ErrPermission
		case toDir.names[toBase] != nil:
			return fs.ErrExist
		}
		m.change(toDir, change{node: n, add: toBase})
		return nil
	})
}

func (m *machine) Remove(name string) error {
	return m.rename("remove", name, func(dir *node, base string) error {
		n := dir.names[base]
		switch {
		case n == nil:
			return fs.ErrNotExist
		case len(n.names) > 0:
			return syscall.ENOTEMPTY
		}
		m.change(dir, change{node: n, remove: base})
		return nil
	})
}

func (m *machine) SyncDir(name string) error {
	return m.do("syncdir", name, func() error {
		n, err := m.find(name)
		if err != nil {
			return err
		}
		if !n.directory {
			return syscall.ENOTDIR
		}
		if m.disk.fails(m.disk.faults.Sync) {
			return syscall.EIO
		}
		n.changes = nil
		n.diskNames = maps.Clone(n.names)
		return nil
	})
}

func (m *machine) Lock(name string) (io.Closer, error) {
	f, err := m.Open(name, os.O_CREATE|os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	n := f.(*file).node
	err = m.look("lock", name, func() error {
		if m.locks[n] {
			return vfs.ErrLocked
		}
		m.locks[n] = true
		f.(*file).locks = true
		return nil
	})
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}
