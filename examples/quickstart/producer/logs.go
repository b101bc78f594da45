// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// logs is one log file per service, each bounded: at maxBytes a file is renamed to <name>.1, which
// replaces the one before, and a new file begins.
type logs struct {
	dir      string
	maxBytes int64
	files    map[string]*logFile
}

type logFile struct {
	*os.File
	size int64
}

func newLogs(dir string, maxBytes int64) *logs {
	return &logs{dir: dir, maxBytes: maxBytes, files: map[string]*logFile{}}
}

// write appends every event to the log of its service, an event in a single write, so that a reader
// never sees the first half of a stack trace.
func (l *logs) write(events []event) error {
	for _, e := range events {
		f, err := l.open(e.service)
		if err != nil {
			return err
		}
		n, err := f.WriteString(e.text + "\n")
		f.size += int64(n)
		if err != nil {
			return fmt.Errorf("write %s: %w", f.Name(), err)
		}
	}
	return nil
}

// open returns the service's file with room for one more event.
func (l *logs) open(service string) (*logFile, error) {
	path := filepath.Join(l.dir, service+".log")
	if f := l.files[service]; f != nil {
		if f.size < l.maxBytes {
			return f, nil
		}
		delete(l.files, service)
		if err := errors.Join(f.Close(), os.Rename(path, path+".1")); err != nil {
			return nil, fmt.Errorf("rotate %s: %w", path, err)
		}
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open log: %w", err), f.Close())
	}
	opened := &logFile{File: f, size: info.Size()}
	l.files[service] = opened
	return opened, nil
}

func (l *logs) close() error {
	var errs error
	for _, f := range l.files {
		errs = errors.Join(errs, f.Close())
	}
	l.files = map[string]*logFile{}
	return errs
}
