// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"context"
	"errors"
	"io"
	"iter"
	"time"
)

var (
	// ErrNotFound is returned (wrapped) by reads of a key that does not exist.
	ErrNotFound = errors.New("object not found")
	// ErrExists is returned (wrapped) by [Bucket.Create] when the key is taken, and only when it is certain.
	ErrExists = errors.New("object exists already")
)

// ObjectInfo is one entry of a listing.
type ObjectInfo struct {
	Key     string
	Size    int64
	ModTime time.Time
}

// BucketReader is what reading an archive needs of object storage. Implementations are safe for concurrent
// use. Keys are slash-separated, relative to the bucket's prefix, and never start with a slash.
type BucketReader interface {
	// Name is the bucket's URL without credentials, for errors and logs.
	Name() string
	// List yields the objects whose key starts with prefix and is greater than startAfter, in the
	// lexicographic order of their bytes. It ends at the first error, which it yields.
	List(ctx context.Context, prefix, startAfter string) iter.Seq2[ObjectInfo, error]
	// Get opens a whole object. The caller closes it. ErrNotFound when there is none.
	Get(ctx context.Context, key string) (io.ReadCloser, error)
	// ReadRange reads len(p) bytes from offset off. It returns io.EOF, with what there is, when the
	// object ends first; ErrNotFound when there is no such object.
	ReadRange(ctx context.Context, key string, p []byte, off int64) (int, error)
}

// Bucket is what writing an archive needs of object storage.
type Bucket interface {
	BucketReader
	// Create stores a new object, durably and atomically: no reader ever sees a part of it, and of several
	// concurrent calls for one key, from any number of processes, at most one returns nil. ErrExists says that the
	// object is there; it may be an earlier attempt of this very call that made it. Any other error is ambiguous:
	// the object may exist, now or later.
	Create(ctx context.Context, key string, body []byte) error
	// Delete removes an object; a missing one is not an error.
	Delete(ctx context.Context, key string) error
	// Close releases what the bucket holds. No other method may be called after it.
	Close() error
}
