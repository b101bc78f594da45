// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/logboom/logboom/archive"
)

// RecordError is a record that cannot be restored: its columns contradict each other.
type RecordError struct {
	Time int64  // of the record
	Key  uint64 // tells it from others of that time
	Err  error
}

func (e *RecordError) Error() string {
	return fmt.Sprintf("restore record of %s: %v", time.Unix(0, e.Time).UTC().Format(time.RFC3339Nano), e.Err)
}

func (e *RecordError) Unwrap() error { return e.Err }

// PartError is a part of the archive that cannot be read. Nothing behind it was delivered.
type PartError struct{ Err error }

func (e *PartError) Error() string { return e.Err.Error() }
func (e *PartError) Unwrap() error { return e.Err }

// accessError is an error of the bucket that says nothing about the object.
type accessError struct{ err error }

func (e *accessError) Error() string { return e.err.Error() }
func (e *accessError) Unwrap() error { return e.err }

// IsAccess reports whether the bucket could not be asked, so that waiting may help. Otherwise the object is missing or damaged.
func IsAccess(err error) bool {
	var access *accessError
	return errors.As(err, &access)
}

// WatchBucket marks the errors of a bucket for [IsAccess].
func WatchBucket(b archive.BucketReader) archive.BucketReader { return watched{b} }

type watched struct{ archive.BucketReader }

func mark(err error) error {
	if err == nil || errors.Is(err, archive.ErrNotFound) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	return &accessError{err}
}

func (w watched) List(ctx context.Context, prefix, startAfter string) iter.Seq2[archive.ObjectInfo, error] {
	return func(yield func(archive.ObjectInfo, error) bool) {
		for info, err := range w.BucketReader.List(ctx, prefix, startAfter) {
			if !yield(info, mark(err)) {
				return
			}
		}
	}
}

func (w watched) Get(ctx context.Context, key string) (io.ReadCloser, error) {
	rc, err := w.BucketReader.Get(ctx, key)
	if err != nil {
		return nil, mark(err)
	}
	return watchedReader{rc}, nil
}

func (w watched) ReadRange(ctx context.Context, key string, p []byte, off int64) (int, error) {
	n, err := w.BucketReader.ReadRange(ctx, key, p, off)
	return n, mark(err)
}

type watchedReader struct{ io.ReadCloser }

func (r watchedReader) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	return n, mark(err)
}
