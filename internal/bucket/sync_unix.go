// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !windows

package bucket

import "os"

// syncDirectory makes the names in a directory durable.
func syncDirectory(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}
