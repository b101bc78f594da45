// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package bucket

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"cloud.google.com/go/storage"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"gocloud.dev/blob"

	"github.com/logboom/logboom/archive"
)

const (
	// smallObject is the size, in bytes, that the colder storage classes charge for at least.
	smallObject = 128 << 10
	// largeObject is the size, in bytes, up to which an object is created in one request.
	largeObject = 16 << 20
	// earlyAnswer is the size, in bytes, from which on a server may refuse a body before it has read it.
	earlyAnswer = 64 << 10
	// uploadParts is how many parts of a larger object are on their way, and in memory, at a time.
	uploadParts = 3

	contentType = "application/octet-stream"
)

// clients are one bucket seen by two clients: one that repeats failed requests and one that does not.
type clients struct {
	read, write *blob.Bucket
	// options sets what new objects of a size, in bytes, need of this kind of bucket.
	options func(size int, o *blob.WriterOptions)
	// put creates an object of at most largeObject bytes, by its whole key; nil: write does it as well.
	put       func(ctx context.Context, key string, body []byte) error
	closeIdle func()
}

// blobBucket is a bucket of gocloud.dev/blob.
type blobBucket struct {
	*clients
	name   string
	prefix string // of keys in the bucket; "" or ending in a slash
}

func openBlob(ctx context.Context, l location, c Config) (archive.Bucket, error) {
	open := openS3
	switch l.scheme {
	case schemeGCS:
		open = openGCS
	case schemeAzure:
		open = openAzure
	}
	both, err := open(ctx, l, c)
	if err != nil {
		return nil, &opError{text: "open " + l.name + ": " + describe(err), err: err}
	}
	b := &blobBucket{clients: both, name: l.name}
	if l.path != "" {
		b.prefix = l.path + "/"
		b.read = blob.PrefixedBucket(b.read, b.prefix)
		b.write = blob.PrefixedBucket(b.write, b.prefix)
	}
	return b, nil
}

func (b *blobBucket) Name() string { return b.name }

// wrap names the call and turns what servers say into the archive's errors.
func (b *blobBucket) wrap(ctx context.Context, verb, key string, err error) error {
	if err == nil {
		return nil
	}
	wrapped := []error{err}
	text := describe(err)
	switch v := classify(err); {
	case ctx.Err() != nil:
		wrapped = append(wrapped, context.Cause(ctx), ctx.Err())
	case v == verdictNotFound && verb != "create":
		wrapped = append(wrapped, archive.ErrNotFound)
		text = archive.ErrNotFound.Error()
	case v == verdictExists && verb == "create":
		wrapped = append(wrapped, archive.ErrExists)
		text = archive.ErrExists.Error()
	}
	return &opError{text: fmt.Sprintf("%s %s of %s: %s", verb, key, b.name, text), err: errors.Join(wrapped...)}
}

func (b *blobBucket) List(ctx context.Context, prefix, startAfter string) iter.Seq2[archive.ObjectInfo, error] {
	return func(yield func(archive.ObjectInfo, error) bool) {
		it := b.read.List(&blob.ListOptions{Prefix: prefix, BeforeList: func(as func(any) bool) error {
			// Only hints to the server: keys are compared below, too.
			var in *s3.ListObjectsV2Input
			var query *storage.Query
			var azure *container.ListBlobsHierarchyOptions
			switch {
			case as(&in):
				if startAfter != "" && in.ContinuationToken == nil {
					in.StartAfter = aws.String(b.prefix + startAfter)
				}
			case as(&query):
				if startAfter != "" {
					query.StartOffset = b.prefix + startAfter
				}
				return query.SetAttrSelection([]string{"Name", "Size", "Updated"})
			case as(&azure):
				azure.MaxResults = &azurePage
			}
			return nil
		}})
		for {
			o, err := it.Next(ctx)
			if err == io.EOF { //nolint:errorlint // a connection that was cut can wrap io.EOF, too
				return
			}
			if err != nil {
				yield(archive.ObjectInfo{}, b.wrap(ctx, "list", prefix, err))
				return
			}
			if o.IsDir || o.Key <= startAfter {
				continue
			}
			if !yield(archive.ObjectInfo{Key: o.Key, Size: o.Size, ModTime: o.ModTime}, nil) {
				return
			}
		}
	}
}

func (b *blobBucket) Get(ctx context.Context, key string) (io.ReadCloser, error) {
	r, err := b.read.NewReader(ctx, key, nil)
	if err != nil {
		return nil, b.wrap(ctx, "get", key, err)
	}
	return r, nil
}

func (b *blobBucket) ReadRange(ctx context.Context, key string, p []byte, off int64) (n int, err error) {
	if len(p) == 0 {
		return 0, nil
	}
	if off < 0 {
		return 0, fmt.Errorf("read %s of %s: offset %d is negative", key, b.name, off)
	}
	for range readAttempts { // an answer that is cut short goes on where it ended
		var m int
		m, err = b.readRange(ctx, key, p[n:], off+int64(n))
		n += m
		if !errors.Is(err, errCut) || ctx.Err() != nil {
			break
		}
	}
	if err == io.EOF { //nolint:errorlint // a connection that was cut can wrap io.EOF, too
		return n, io.EOF
	}
	return n, b.wrap(ctx, "read", key, err)
}

// errCut is returned for a body that ends before the answer's own size.
var errCut = errors.New("the answer ended too early")

// readRange makes one request. It returns io.EOF only where the object ends, which not every end of an answer is.
func (b *blobBucket) readRange(ctx context.Context, key string, p []byte, off int64) (int, error) {
	r, err := b.read.NewRangeReader(ctx, key, off, int64(len(p)), nil)
	if err != nil {
		if classify(err) == verdictBeyondEnd {
			return 0, io.EOF
		}
		return 0, err
	}
	size := r.Size()
	n, err := io.ReadFull(r, p)
	if cerr := r.Close(); err == nil {
		err = cerr
	}
	switch {
	case n == len(p):
		return n, err
	case off+int64(n) >= size:
		return n, io.EOF
	default:
		return n, fmt.Errorf("%w, after %d of %d bytes: %w", errCut, n, min(int64(len(p)), size-off), err)
	}
}

// Create makes one attempt.
func (b *blobBucket) Create(ctx context.Context, key string, body []byte) error {
	if err := CheckKey(key); err != nil {
		return err
	}
	err := b.create(ctx, key, body)
	if err != nil && len(body) > earlyAnswer && unanswered(err) && ctx.Err() == nil {
		// A server that refuses an object without reading it may cut the connection before its answer is read. Trying
		// again would end the same way, always, so the question is asked another way.
		if there, existsErr := b.read.Exists(ctx, key); existsErr == nil && there {
			err = archive.ErrExists
		}
	}
	return b.wrap(ctx, "create", key, err)
}

func (b *blobBucket) create(ctx context.Context, key string, body []byte) error {
	if b.put != nil && len(body) <= largeObject {
		return b.put(ctx, b.prefix+key, body)
	}
	o := &blob.WriterOptions{IfNotExist: true, ContentType: contentType}
	b.options(len(body), o)
	return b.write.Upload(ctx, key, bytes.NewReader(body), o)
}

func (b *blobBucket) Delete(ctx context.Context, key string) error {
	if err := CheckKey(key); err != nil {
		return err
	}
	err := b.wrap(ctx, "delete", key, b.read.Delete(ctx, key))
	if errors.Is(err, archive.ErrNotFound) {
		return nil
	}
	return err
}

func (b *blobBucket) Close() error {
	err := errors.Join(b.read.Close(), b.write.Close())
	if b.closeIdle != nil {
		b.closeIdle()
	}
	return err
}
