// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package vfs

import (
	"errors"
	"io"
	"os"
	"syscall"
)

// errorSharingViolation is Windows' ERROR_SHARING_VIOLATION.
const errorSharingViolation = syscall.Errno(32)

// unreadable are ERROR_CRC, ERROR_SECTOR_NOT_FOUND, ERROR_READ_FAULT and ERROR_IO_DEVICE.
var unreadable = []error{syscall.EIO, syscall.Errno(23), syscall.Errno(27), syscall.Errno(30), syscall.Errno(1117)}

// Lock opens the file without sharing it, so that any other opening fails for as long as it is open.
func (osFS) Lock(name string) (io.Closer, error) {
	p, err := syscall.UTF16PtrFromString(name)
	if err != nil {
		return nil, err
	}
	h, err := syscall.CreateFile(p, syscall.GENERIC_READ|syscall.GENERIC_WRITE, 0, nil,
		syscall.OPEN_ALWAYS, syscall.FILE_ATTRIBUTE_NORMAL, 0)
	if errors.Is(err, errorSharingViolation) {
		return nil, ErrLocked
	}
	if err != nil {
		return nil, &os.PathError{Op: "lock", Path: name, Err: err}
	}
	return os.NewFile(uintptr(h), name), nil
}

// SyncDir does nothing: Windows cannot sync a directory; NTFS journals its names.
func (osFS) SyncDir(string) error { return nil }
