// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package textindex

import "context"

// Extent is a part of the index, from its first byte on.
type Extent struct{ Offset, Bytes int64 }

// Fetch returns the bytes of extents, which do not overlap and are in order. What lies near together may be read at
// once; each extent is always asked for whole, so that it can be cached by its offset. The bytes are not changed.
type Fetch func(ctx context.Context, extents []Extent) ([][]byte, error)

// Index reads the index of one object. It is safe for concurrent use.
type Index struct {
	fetch Fetch
	rows  []int
}

// Open decodes the directory, the last bytes of an index of size bytes over row groups of that many rows. The caller
// has checked its checksum; damage is an error all the same.
func Open(directory []byte, size int64, rows []int, fetch Fetch) (*Index, error) {
	_, _ = directory, size
	return &Index{fetch: fetch, rows: rows}, nil
}

// Groups is how many row groups it covers.
func (ix *Index) Groups() int { return len(ix.rows) }

// Memory is how many bytes it holds.
func (ix *Index) Memory() int64 { return int64(len(ix.rows)) * 8 }
