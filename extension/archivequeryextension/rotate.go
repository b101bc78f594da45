// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"fmt"
	"os"
	"strconv"
	"sync"
)

// rotatingFile is a file of lines that nobody else may read. When it is full it becomes file.1, that file.2, and so on; the
// last is removed. Other than the usual library it needs no goroutine, which would outlive the component. Safe for concurrent
// use.
type rotatingFile struct {
	path  string
	limit int64 // bytes
	keep  int   // files beside the one that is written

	mu     sync.Mutex
	file   *os.File // nil: it could not be opened again
	size   int64
	closed bool
}

// openRotating opens the file, to go on where it ends.
func openRotating(path string, limit int64, keep int) (*rotatingFile, error) {
	f := &rotatingFile{path: path, limit: limit, keep: keep}
	return f, f.open()
}

func (f *rotatingFile) open() error {
	file, err := os.OpenFile(f.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	info, err := file.Stat()
	if err == nil && info.Mode().IsRegular() {
		err = file.Chmod(0o600) // it may have been there
	}
	if err != nil {
		_ = file.Close()
		return err
	}
	f.file, f.size = file, info.Size()
	return nil
}

// write appends a line, which comes with its end.
func (f *rotatingFile) write(line []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return os.ErrClosed
	}
	if f.file == nil { // what was in the way may be gone
		if err := f.open(); err != nil {
			return err
		}
	}
	if f.size > 0 && f.size+int64(len(line)) > f.limit {
		if err := f.rotate(); err != nil {
			return err
		}
	}
	n, err := f.file.Write(line)
	f.size += int64(n)
	return err
}

func (f *rotatingFile) rotate() error {
	err := f.file.Close()
	f.file = nil
	if err != nil {
		return err
	}
	for i := f.keep; i >= 0; i-- {
		if err := f.shift(i); err != nil && !os.IsNotExist(err) {
			return fmt.Errorf("rotate: %w", err)
		}
	}
	return f.open()
}

// shift moves a file to the next number, or removes it after the last.
func (f *rotatingFile) shift(i int) error {
	if i == f.keep {
		return os.Remove(f.name(i))
	}
	return os.Rename(f.name(i), f.name(i+1))
}

func (f *rotatingFile) name(i int) string {
	if i == 0 {
		return f.path
	}
	return f.path + "." + strconv.Itoa(i)
}

func (f *rotatingFile) close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	if f.file == nil {
		return nil
	}
	err := f.file.Close()
	f.file = nil
	return err
}
