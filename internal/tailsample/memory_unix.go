// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package tailsample

import "golang.org/x/sys/unix"

func mapRegion(n int) ([]byte, error) {
	return unix.Mmap(-1, 0, n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
}

func unmapRegion(b []byte) error { return unix.Munmap(b) }
