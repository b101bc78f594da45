// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package vfs is the file system as those see it who must not lose what they wrote: the write-ahead log and
// the bucket in a local directory. [OS] is the real one; package vfstest has a disk in memory whose power can
// be cut, which shows whether a program syncs what it relies on.
//
// What a program may rely on is little. After a power cut a file has what was in it at its last successful
// Sync, and of what was written since any part, in any order, in blocks of zeros or torn at any byte. A
// directory has the names it had at its last SyncDir, and each change since may have happened or not: a file
// that was synced is lost all the same while its name is not. After a Sync that failed nothing is known of what
// was written since the one before, and another Sync does not help; it has to be written again elsewhere.
package vfs // import "github.com/logboom/logboom/internal/vfs"

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// FS is a file system. Names are paths as package filepath has them, errors as package os gives them:
// errors.Is tells fs.ErrNotExist, fs.ErrExist, syscall.ENOTDIR and so on. It is safe for concurrent use.
type FS interface {
	// Open opens a file with the flags of os.OpenFile, except os.O_APPEND. A new file gets the permissions
	// perm, less the umask.
	Open(name string, flag int, perm fs.FileMode) (File, error)
	// Stat describes a file or directory, or what a symbolic link leads to.
	Stat(name string) (fs.FileInfo, error)
	// ReadDir lists a directory, sorted by name.
	ReadDir(dir string) ([]fs.DirEntry, error)
	// Mkdir makes a directory in one that is there.
	Mkdir(dir string, perm fs.FileMode) error
	// Rename gives a file another name; a file that had it is gone.
	Rename(from, to string) error
	// Link gives a file a second name, which must be free: of those who try at the same time one succeeds.
	Link(name, second string) error
	// Remove deletes the name of a file, or an empty directory.
	Remove(name string) error
	// SyncDir makes the names in a directory durable, not the files they name.
	SyncDir(dir string) error
	// Lock opens a file, which it makes if need be, and holds it against every other Lock of it, in this
	// process or another, until it is closed or the process ends. It returns ErrLocked at once if it is held.
	Lock(name string) (io.Closer, error)
}

// File is an open file.
type File interface {
	io.Reader
	io.ReaderAt
	io.Writer
	io.WriterAt
	io.Closer
	Name() string
	Stat() (fs.FileInfo, error)
	Truncate(size int64) error
	// Sync makes the content durable, not the name.
	Sync() error
}

// ErrLocked is returned by Lock while somebody else has the file.
var ErrLocked = errors.New("file is locked")

// OS is the operating system's file system.
var OS FS = osFS{}

// Unreadable reports whether an error says that the disk could not give a part of a file, or gave something that the
// file system knows to be wrong: another part may be readable.
func Unreadable(err error) bool {
	for _, known := range unreadable {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
}

// ReadFile reads a whole file.
func ReadFile(fsys FS, name string) ([]byte, error) {
	f, err := fsys.Open(name, os.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}

// Truncate cuts a file to a size. It is not durable.
func Truncate(fsys FS, name string, size int64) error {
	f, err := fsys.Open(name, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Truncate(size), f.Close())
}

// WriteFile replaces a file, durably: after a power cut it is the old or the new one. It uses name.tmp.
func WriteFile(fsys FS, name string, b []byte, perm fs.FileMode) error {
	tmp := name + ".tmp"
	err := CreateFile(fsys, tmp, os.O_TRUNC, b, perm)
	if err == nil {
		err = fsys.Rename(tmp, name)
	}
	if err != nil {
		_ = fsys.Remove(tmp)
		return err
	}
	return fsys.SyncDir(filepath.Dir(name))
}

// CreateFile makes a file with that content and syncs it, but not its name. The flag is os.O_EXCL, os.O_TRUNC
// or both. On an error the file may be left half written.
func CreateFile(fsys FS, name string, flag int, b []byte, perm fs.FileMode) error {
	f, err := fsys.Open(name, os.O_CREATE|os.O_WRONLY|flag, perm)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// MkdirAll makes a directory and what is missing above it. On return the names of all of them are durable, also
// of those that were there: who made them may have died, or may not have come, to sync them.
func MkdirAll(fsys FS, dir string, perm fs.FileMode) error {
	dir = filepath.Clean(dir)
	parent := filepath.Dir(dir)
	if parent == dir {
		return nil
	}
	if err := MkdirAll(fsys, parent, perm); err != nil {
		return err
	}
	return Mkdir(fsys, dir, perm)
}

// Mkdir is MkdirAll for a directory whose parent is there and durable.
func Mkdir(fsys FS, dir string, perm fs.FileMode) error {
	info, err := fsys.Stat(dir)
	made := errors.Is(err, fs.ErrNotExist)
	switch {
	case made:
		if err := fsys.Mkdir(dir, perm); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	case err != nil:
		return err
	case !info.IsDir():
		return &fs.PathError{Op: "mkdir", Path: dir, Err: syscall.ENOTDIR}
	}
	err = fsys.SyncDir(filepath.Dir(dir))
	if err != nil && !made && (errors.Is(err, fs.ErrPermission) || errors.Is(err, errors.ErrUnsupported) ||
		errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.EROFS)) {
		return nil // somebody else's directory, like / in a container; ours is only below it
	}
	return err
}
