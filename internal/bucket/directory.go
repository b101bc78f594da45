// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package bucket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/internal/vfs"
)

// tempPrefix starts the names of files that are being written; such names are never listed.
const tempPrefix = ".tmp-"

const (
	directoryPerm = 0o750
	objectPerm    = 0o640
)

// directory is a bucket in a local directory: a key is a path below it. An object is written to a temporary
// file, synced, and given its name by link(2), which fails when the name is taken, whoever took it; then the
// directory is synced, and so were those above it. So an object is whole or absent, also after a power cut,
// has one creator, and stays once its creation succeeded or was refused because it exists. The temporary files
// lie together, so that those of processes that were killed can be found (see sweep).
type directory struct {
	fs   vfs.FS
	name string
	root string

	mu      sync.Mutex
	durable map[string]struct{} // directories whose names are known to be durable, at most maxDurable
	swept   time.Time           // when this process last looked for left temporary files
}

// maxDurable bounds what is remembered; an archive is written to a few directories at a time.
const maxDurable = 1024

func openDirectory(l location) (archive.Bucket, error) { return OpenDirectory(vfs.OS, l.name, l.path) }

// OpenDirectory opens a bucket in a directory, which it makes if need be. The name is the bucket's, for people.
func OpenDirectory(fsys vfs.FS, name, dir string) (archive.Bucket, error) {
	root, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", name, err)
	}
	info, err := fsys.Stat(root)
	switch {
	case err == nil && !info.IsDir():
		err = &fs.PathError{Op: "open", Path: root, Err: syscall.ENOTDIR}
	case errors.Is(err, fs.ErrNotExist): // one that is there may be for reading only: it is left alone
		err = vfs.MkdirAll(fsys, root, directoryPerm)
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", name, err)
	}
	return &directory{fs: fsys, name: name, root: root, durable: map[string]struct{}{}}, nil
}

func (d *directory) Name() string { return d.name }

func (d *directory) path(key string) string { return filepath.Join(d.root, filepath.FromSlash(key)) }

func (d *directory) Get(ctx context.Context, key string) (io.ReadCloser, error) {
	f, err := d.open(ctx, key)
	if err != nil {
		return nil, err
	}
	return f, nil
}

func (d *directory) open(ctx context.Context, key string) (vfs.File, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := CheckKey(key); err != nil {
		return nil, err
	}
	f, err := d.fs.Open(d.path(key), os.O_RDONLY, 0)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil, fmt.Errorf("get %s of %s: %w", key, d.name, archive.ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("get %s of %s: %w", key, d.name, err)
	}
	if info, err := f.Stat(); err == nil && info.IsDir() { // what others take for a part of their keys is no object
		f.Close()
		return nil, fmt.Errorf("get %s of %s: %w", key, d.name, archive.ErrNotFound)
	}
	return f, nil
}

func (d *directory) ReadRange(ctx context.Context, key string, p []byte, off int64) (int, error) {
	f, err := d.open(ctx, key)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	n, err := f.ReadAt(p, off)
	if err != nil && !errors.Is(err, io.EOF) { // io.EOF goes to the caller as it is
		err = fmt.Errorf("read %s of %s at %d: %w", key, d.name, off, err)
	}
	return n, err
}

func (d *directory) Create(ctx context.Context, key string, body []byte) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := CheckKey(key); err != nil {
		return err
	}
	name := d.path(key)
	dir := filepath.Dir(name)
	defer func() {
		if err != nil {
			err = fmt.Errorf("create %s in %s: %w", key, d.name, err)
		}
	}()
	if _, err := d.fs.Stat(d.root); errors.Is(err, fs.ErrNotExist) {
		// Open made it. To make it again would split the archive in two.
		return fmt.Errorf("the directory is gone: is its volume mounted? (%w)", err)
	}
	if err := d.makeDirectory(dir); err != nil {
		return err
	}
	temps, err := d.temporaries()
	if err != nil {
		return err
	}
	if info, err := d.fs.Stat(name); err == nil {
		if info.IsDir() {
			return &fs.PathError{Op: "create", Path: name, Err: syscall.EISDIR}
		}
		return d.exists(dir)
	}
	temp := filepath.Join(temps, tempPrefix+strconv.FormatUint(rand.Uint64(), 36))
	err = vfs.CreateFile(d.fs, temp, os.O_EXCL, body, objectPerm)
	taken := false
	if err == nil {
		err = d.fs.Link(temp, name)
		if taken = errors.Is(err, fs.ErrExist); err != nil && !taken && !errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("%w (the file system must support hard links, and be one)", err)
		}
	}
	_ = d.fs.Remove(temp)
	if errors.Is(err, fs.ErrNotExist) { // somebody deleted a directory
		d.forget()
	}
	if taken {
		return d.exists(dir)
	}
	if err != nil {
		return err
	}
	return d.fs.SyncDir(dir)
}

// exists is the answer of Create for an object that is there. Its creator may have died, or failed, before the
// name was durable, and the caller goes on as if it were.
func (d *directory) exists(dir string) error {
	if err := d.fs.SyncDir(dir); err != nil {
		return err
	}
	return archive.ErrExists
}

// makeDirectory makes dir and what is missing above it, durably. Those who wait for the same directory go on
// when it is.
func (d *directory) makeDirectory(dir string) (err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.makeLocked(dir)
}

func (d *directory) makeLocked(dir string) (err error) {
	if _, ok := d.durable[dir]; ok {
		return nil
	}
	if dir == d.root {
		err = vfs.MkdirAll(d.fs, dir, directoryPerm)
	} else if err = d.makeLocked(filepath.Dir(dir)); err == nil {
		err = vfs.Mkdir(d.fs, dir, directoryPerm)
	}
	if err != nil {
		return err
	}
	if len(d.durable) >= maxDurable {
		clear(d.durable)
	}
	d.durable[dir] = struct{}{}
	return nil
}

func (d *directory) forget() {
	d.mu.Lock()
	clear(d.durable)
	d.swept = time.Time{}
	d.mu.Unlock()
}

func (d *directory) Delete(ctx context.Context, key string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := CheckKey(key); err != nil {
		return err
	}
	if info, err := d.fs.Stat(d.path(key)); err == nil && info.IsDir() {
		return nil
	}
	if err := d.fs.Remove(d.path(key)); err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) {
		return fmt.Errorf("delete %s of %s: %w", key, d.name, err)
	}
	return nil
}

func (d *directory) Close() error { return nil }

// List walks the tree in key order. Within a directory the order of keys is that of the names with a slash
// behind the directories' ("a-b" sorts before "a/b"), not that of the names alone.
func (d *directory) List(ctx context.Context, prefix, startAfter string) iter.Seq2[archive.ObjectInfo, error] {
	return func(yield func(archive.ObjectInfo, error) bool) {
		dir := ""
		if i := strings.LastIndexByte(prefix, '/'); i >= 0 {
			dir = prefix[:i+1]
		}
		if dir != "" {
			if err := CheckKey(strings.TrimSuffix(dir, "/")); err != nil {
				yield(archive.ObjectInfo{}, err)
				return
			}
		}
		d.walk(ctx, dir, prefix, startAfter, yield)
	}
}
