// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package bucket

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"syscall"
	"time"

	"gocloud.dev/blob"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/internal/vfs"
)

// Putter is a bucket that can replace objects. The archive itself never needs that: its objects are created once. It is
// for what only points into it, such as lists for other programs.
type Putter interface {
	// Put stores an object, whether there is one of that key or not, atomically: whoever reads gets the old or the new
	// one. Of concurrent calls one is the last. After an error it may be either.
	Put(ctx context.Context, key string, body []byte) error
}

// Put replaces an object of a bucket, and is an error of a bucket that cannot.
func Put(ctx context.Context, b archive.Bucket, key string, body []byte) error {
	p, ok := b.(Putter)
	if !ok {
		return fmt.Errorf("put %s in %s: the bucket cannot replace objects: %w", key, b.Name(), errors.ErrUnsupported)
	}
	return p.Put(ctx, key, body)
}

var (
	_ Putter = (*directory)(nil)
	_ Putter = (*memory)(nil)
	_ Putter = (*blobBucket)(nil)
)

func (b *blobBucket) Put(ctx context.Context, key string, body []byte) error {
	if err := CheckKey(key); err != nil {
		return err
	}
	o := &blob.WriterOptions{ContentType: contentType}
	b.options(len(body), o)
	return b.wrap(ctx, "put", key, b.read.Upload(ctx, key, bytes.NewReader(body), o))
}

func (m *memory) Put(ctx context.Context, key string, body []byte) error {
	if err := CheckKey(key); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	old, found := m.objects[key]
	if len(body)-len(old.body) > maxMemory-m.bytes {
		return fmt.Errorf("put %s in %s: a bucket in memory, which is for tests and trials, holds %d MiB at most", key, m.name, maxMemory>>20)
	}
	m.bytes += len(body) - len(old.body)
	m.objects[key] = memoryObject{body: bytes.Clone(body), time: time.Now()}
	if !found {
		m.keys = slices.Insert(m.keys, sort.SearchStrings(m.keys, key), key)
	}
	return nil
}

func (d *directory) Put(ctx context.Context, key string, body []byte) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := CheckKey(key); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("put %s in %s: %w", key, d.name, err)
		}
	}()
	if _, err := d.fs.Stat(d.root); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the directory is gone: is its volume mounted? (%w)", err)
	}
	name := d.path(key)
	dir := filepath.Dir(name)
	if err := d.makeDirectory(dir); err != nil {
		return err
	}
	if info, err := d.fs.Stat(name); err == nil && info.IsDir() {
		return &fs.PathError{Op: "put", Path: name, Err: syscall.EISDIR}
	}
	temps, err := d.temporaries()
	if err != nil {
		return err
	}
	temp := filepath.Join(temps, tempPrefix+strconv.FormatUint(rand.Uint64(), 36))
	if err = vfs.CreateFile(d.fs, temp, os.O_EXCL, body, objectPerm); err == nil {
		err = d.fs.Rename(temp, name)
	}
	if err != nil {
		_ = d.fs.Remove(temp)
		if errors.Is(err, fs.ErrNotExist) { // somebody deleted a directory
			d.forget()
		}
		return err
	}
	return d.fs.SyncDir(dir)
}
