// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/cespare/xxhash/v2"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"github.com/logboom/logboom/archive"
)

// maxFooterBytes bounds what is taken for a footer.
const maxFooterBytes = 256 << 20

// readFooter reads the footer of an object, checked.
func readFooter(ctx context.Context, b archive.BucketReader, m *archive.ObjectMeta) (footer *format.FileMetaData, err error) {
	from := m.Bytes - m.TailBytes
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("footer is damaged: %v", r)
		}
		if err != nil {
			err = &archive.ObjectError{Bucket: b.Name(), Key: m.Key, Offset: from, Err: err}
		}
	}()
	if m.TailBytes > maxFooterBytes {
		return nil, fmt.Errorf("footer of %d bytes", m.TailBytes)
	}
	tail := make([]byte, m.TailBytes)
	n, err := b.ReadRange(ctx, m.Key, tail, from)
	if err != nil && !(errors.Is(err, io.EOF) && int64(n) == m.TailBytes) {
		return nil, err
	}
	if int64(n) != m.TailBytes {
		return nil, io.ErrUnexpectedEOF
	}
	if sum := fmt.Sprintf("%016x", xxhash.Sum64(tail)); sum != m.TailSum {
		return nil, fmt.Errorf("checksum of the footer is %s, want %s", sum, m.TailSum)
	}
	file, err := parquet.OpenFile(tailReader{from, tail}, m.Bytes,
		parquet.SkipMagicBytes(true), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return nil, err
	}
	return file.Metadata(), nil
}

// tailReader is the end of an object, in memory.
type tailReader struct {
	from int64
	tail []byte
}

func (r tailReader) ReadAt(p []byte, off int64) (int, error) {
	off -= r.from
	if off < 0 || off > int64(len(r.tail)) {
		return 0, errors.New("the footer points outside of itself")
	}
	n := copy(p, r.tail[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}
