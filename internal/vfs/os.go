// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package vfs

import (
	"io/fs"
	"os"
)

type osFS struct{}

func (osFS) Open(name string, flag int, perm fs.FileMode) (File, error) {
	f, err := os.OpenFile(name, flag, perm)
	if err != nil {
		return nil, err // not a File that holds a nil
	}
	return f, nil
}

func (osFS) Stat(name string) (fs.FileInfo, error)     { return os.Stat(name) }
func (osFS) ReadDir(dir string) ([]fs.DirEntry, error) { return os.ReadDir(dir) }
func (osFS) Mkdir(dir string, perm fs.FileMode) error  { return os.Mkdir(dir, perm) }
func (osFS) Rename(from, to string) error              { return os.Rename(from, to) }
func (osFS) Link(name, second string) error            { return os.Link(name, second) }
func (osFS) Remove(name string) error                  { return os.Remove(name) }
