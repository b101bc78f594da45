// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !windows

package vfs

import (
	"errors"
	"io"
	"os"
	"syscall"
)

// unreadable are a bad sector's error, and that of a file system's own checksums.
var unreadable = []error{syscall.EIO, syscall.EBADMSG}

// Lock's lock goes with the open file, so also with the process.
func (osFS) Lock(name string) (io.Closer, error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, ErrLocked
		}
		return nil, &os.PathError{Op: "lock", Path: name, Err: err}
	}
	return f, nil
}

func (osFS) SyncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}
