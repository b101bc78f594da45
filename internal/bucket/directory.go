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
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/logboom/logboom/archive"
)

// tempPrefix starts the names of files that are being written; such names are never listed.
const tempPrefix = ".tmp-"

// directory is a bucket in a local directory: a key is a path below it. An object is written to a temporary
// file, synced, and given its name by link(2), which fails when the name is taken, whoever took it; then the
// directory is synced. So an object is whole or absent, also after a power cut, and has one creator.
type directory struct {
	name string
	root string
}

func openDirectory(l location) (archive.Bucket, error) {
	root, err := filepath.Abs(l.path)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", l.name, err)
	}
	if err := makeDirectory(root); err != nil {
		return nil, fmt.Errorf("open %s: %w", l.name, err)
	}
	return &directory{name: l.name, root: root}, nil
}

func (d *directory) Name() string { return d.name }

func (d *directory) path(key string) string { return filepath.Join(d.root, filepath.FromSlash(key)) }

// checkKey refuses keys that would leave the directory or mean something special in some bucket.
func checkKey(key string) error {
	if key == "" || path.Clean(key) != key || strings.HasPrefix(key, "/") || key == "." || key == ".." ||
		strings.HasPrefix(key, "../") || strings.ContainsAny(key, "\\\x00") || strings.Contains(key, tempPrefix) {
		return fmt.Errorf("key %q is not a clean relative path", key)
	}
	return nil
}

func (d *directory) Get(ctx context.Context, key string) (io.ReadCloser, error) {
	f, err := d.open(ctx, key)
	if err != nil {
		return nil, err
	}
	return f, nil
}

func (d *directory) open(ctx context.Context, key string) (*os.File, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := checkKey(key); err != nil {
		return nil, err
	}
	f, err := os.Open(d.path(key))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil, fmt.Errorf("get %s of %s: %w", key, d.name, archive.ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("get %s of %s: %w", key, d.name, err)
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
	if err := checkKey(key); err != nil {
		return err
	}
	name := d.path(key)
	defer func() {
		if err != nil && !errors.Is(err, archive.ErrExists) {
			err = fmt.Errorf("create %s in %s: %w", key, d.name, err)
		}
	}()
	if _, err := os.Lstat(name); err == nil {
		return fmt.Errorf("create %s in %s: %w", key, d.name, archive.ErrExists)
	}
	dir := filepath.Dir(name)
	if err := makeDirectory(dir); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, tempPrefix+"*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	if _, err := f.Write(body); err != nil {
		f.Close()
		return err
	}
	if err := f.Chmod(0o640); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		f.Close()
		return err
	}
	if err := f.Sync(); err != nil {
		f.Close()
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Link(f.Name(), name); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("create %s in %s: %w", key, d.name, archive.ErrExists)
		}
		return fmt.Errorf("%w (the file system must support hard links)", err)
	}
	return syncDirectory(dir)
}

// makeDirectory makes dir and what is missing above it, durably.
func makeDirectory(dir string) error {
	if info, err := os.Stat(dir); err == nil {
		if !info.IsDir() {
			return &fs.PathError{Op: "mkdir", Path: dir, Err: syscall.ENOTDIR}
		}
		return nil
	}
	parent := filepath.Dir(dir)
	if parent != dir {
		if err := makeDirectory(parent); err != nil {
			return err
		}
	}
	if err := os.Mkdir(dir, 0o750); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncDirectory(parent)
}

func (d *directory) Delete(ctx context.Context, key string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := checkKey(key); err != nil {
		return err
	}
	if err := os.Remove(d.path(key)); err != nil && !errors.Is(err, fs.ErrNotExist) {
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
			if err := checkKey(strings.TrimSuffix(dir, "/")); err != nil {
				yield(archive.ObjectInfo{}, err)
				return
			}
		}
		d.walk(ctx, dir, prefix, startAfter, yield)
	}
}
