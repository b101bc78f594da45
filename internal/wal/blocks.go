// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package wal

import (
	"errors"
	"io"

	"github.com/logboom/logboom/internal/vfs"
)

const (
	// blockBytes is what a disk loses at least: the block of most file systems.
	blockBytes = 4096
	// readAttempts is how often a segment is read before what cannot be read of it is damage, and then a block.
	readAttempts = 3
	// maxSlowBlocks is how many blocks of a file get as many attempts: a disk may take half a minute for each.
	maxSlowBlocks = 16
)

// blocks reads a file. When it is patient, zeros stand for the blocks that the disk does not give: they are no
// entries.
type blocks struct {
	f       io.ReaderAt
	patient bool
	bad     map[int64]bool // by number
}

func (b *blocks) ReadAt(p []byte, at int64) (n int, err error) {
	if !b.patient {
		return b.f.ReadAt(p, at)
	}
	if !b.anyBad(at, int64(len(p))) {
		if n, err = b.f.ReadAt(p, at); !vfs.Unreadable(err) {
			return n, err
		}
	}
	for n = 0; n < len(p); {
		here := at + int64(n)
		part := p[n:min(int64(len(p)), int64(n)+blockBytes-here%blockBytes)]
		read, err := b.readBlock(part, here)
		n += read
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// readBlock reads what is in one block.
func (b *blocks) readBlock(p []byte, at int64) (n int, err error) {
	block := at / blockBytes
	attempts := readAttempts
	if len(b.bad) >= maxSlowBlocks {
		attempts = 1
	}
	for try := 0; try < attempts && !b.bad[block]; try++ {
		n, err := b.f.ReadAt(p, at)
		if n == len(p) && errors.Is(err, io.EOF) {
			return n, nil
		}
		if !vfs.Unreadable(err) {
			return n, err
		}
	}
	if b.bad == nil {
		b.bad = map[int64]bool{}
	}
	b.bad[block] = true
	clear(p)
	return len(p), nil
}

// anyBad tells whether one of the blocks is known to be unreadable.
func (b *blocks) anyBad(at, n int64) bool {
	if len(b.bad) == 0 {
		return false
	}
	for block := at / blockBytes; block*blockBytes < at+n; block++ {
		if b.bad[block] {
			return true
		}
	}
	return false
}
