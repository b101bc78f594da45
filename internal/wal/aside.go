// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package wal

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/logboom/logboom/internal/vfs"
)

// SetAside keeps bytes in the folder aside, durably, and returns the file's path. A file of that name and size
// is taken for the same. ErrAsideFull means that the folder would grow beyond its bound.
func (l *Log) SetAside(name string, b []byte) (string, error) {
	l.asideMu.Lock()
	defer l.asideMu.Unlock()
	dir := l.path(asideName)
	path := filepath.Join(dir, name)
	if info, err := l.fs.Stat(path); err == nil && info.Size() == int64(len(b)) {
		// Whoever wrote it may have died before its name was durable.
		return path, errors.Join(l.fs.SyncDir(dir), l.fs.SyncDir(l.opts.Directory))
	}
	held, err := l.asideBytes()
	if err != nil {
		return "", err
	}
	if held+int64(len(b)) > l.opts.MaxAsideBytes {
		return "", ErrAsideFull
	}
	if err := vfs.Mkdir(l.fs, dir, 0o700); err != nil {
		return "", err
	}
	return path, vfs.WriteFile(l.fs, path, b, 0o600)
}

// moveAside moves a segment into the folder aside, whether there is room or not, and returns its path there. At every
// moment one of the two names is durable. After an error the file is where it was.
func (l *Log) moveAside(path string) (string, error) {
	l.asideMu.Lock()
	defer l.asideMu.Unlock()
	dir := l.path(asideName)
	if err := vfs.Mkdir(l.fs, dir, 0o700); err != nil {
		return "", err
	}
	base := strings.TrimSuffix(filepath.Base(path), suffix)
	aside := filepath.Join(dir, base+suffix)
	err := l.fs.Link(path, aside)
	for i := 1; errors.Is(err, fs.ErrExist); i++ { // the number was given out again since, or we died over it
		aside = filepath.Join(dir, fmt.Sprintf("%s-%d%s", base, i, suffix))
		err = l.fs.Link(path, aside)
	}
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, fs.ErrPermission) { // a file system without links
		if _, err = l.fs.Stat(aside); errors.Is(err, fs.ErrNotExist) {
			err = l.fs.Rename(path, aside)
		} else if err == nil {
			err = fs.ErrExist
		}
		if err != nil {
			return "", err
		}
		return aside, errors.Join(l.fs.SyncDir(dir), l.fs.SyncDir(l.opts.Directory))
	}
	if err != nil {
		return "", err
	}
	if err := l.fs.SyncDir(dir); err != nil {
		_ = l.fs.Remove(aside)
		return "", err
	}
	if err := l.fs.Remove(path); err != nil {
		return "", err
	}
	return aside, nil
}

// AsideBytes is the size of what is set aside.
func (l *Log) AsideBytes() int64 {
	n, _ := l.asideBytes()
	return n
}

// asideBytes looks each time: people empty the folder. What is in it is little, and it is seldom asked for.
func (l *Log) asideBytes() (n int64, err error) {
	files, err := readAside(l.fs, l.opts.Directory)
	for _, f := range files {
		n += f.Bytes
	}
	return n, err
}

// File is a file in the folder aside.
type File struct {
	Name  string
	Bytes int64
}

func readAside(fsys vfs.FS, dir string) (list []File, err error) {
	entries, err := fsys.ReadDir(filepath.Join(dir, asideName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, e := range entries {
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() {
			list = append(list, File{e.Name(), info.Size()})
		}
	}
	return list, err
}
