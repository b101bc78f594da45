// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package bucket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"cloud.google.com/go/storage"
	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"gocloud.dev/blob"
	_ "gocloud.dev/blob/azureblob" // azblob://
	_ "gocloud.dev/blob/gcsblob"   // gs://
	"gocloud.dev/blob/s3blob"
	"gocloud.dev/gcerrors"

	"github.com/logboom/logboom/archive"
)

// blobBucket is a bucket of gocloud.dev/blob.
type blobBucket struct {
	name   string
	prefix string // of keys in the bucket; "" or ending in a slash
	bucket *blob.Bucket
}

func openBlob(ctx context.Context, l location, c Config) (archive.Bucket, error) {
	var b *blob.Bucket
	var err error
	if l.scheme == "s3" {
		b, err = openS3(ctx, l, c)
	} else {
		b, err = blob.OpenBucket(ctx, l.scheme+"://"+l.host)
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", l.name, err)
	}
	prefix := ""
	if l.path != "" {
		prefix = l.path + "/"
		b = blob.PrefixedBucket(b, prefix)
	}
	return &blobBucket{name: l.name, prefix: prefix, bucket: b}, nil
}

func openS3(ctx context.Context, l location, c Config) (*blob.Bucket, error) {
	var opts []func(*awsconfig.LoadOptions) error
	if c.Region != "" {
		opts = append(opts, awsconfig.WithRegion(c.Region))
	} else if c.Endpoint != "" {
		opts = append(opts, awsconfig.WithDefaultRegion("us-east-1"))
	}
	if c.AccessKeyID != "" {
		opts = append(opts, awsconfig.WithCredentialsProvider(
			credentials.NewStaticCredentialsProvider(c.AccessKeyID, string(c.SecretAccessKey), "")))
	}
	cfg, err := awsconfig.LoadDefaultConfig(ctx, opts...)
	if err != nil {
		return nil, err
	}
	client := s3.NewFromConfig(cfg, func(o *s3.Options) {
		o.UsePathStyle = c.PathStyle
		if c.Endpoint != "" {
			o.BaseEndpoint = aws.String(c.Endpoint)
			// Servers other than Amazon's know the newer checksums in part only.
			o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
			o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
		}
	})
	return s3blob.OpenBucket(ctx, client, l.host, nil)
}

func (b *blobBucket) Name() string { return b.name }

// wrap names the call and turns gocloud's codes into the archive's errors.
func (b *blobBucket) wrap(verb, key string, err error) error {
	if err == nil || err == io.EOF { //nolint:errorlint // a connection that was cut can wrap io.EOF, too
		return err
	}
	if gcerrors.Code(err) == gcerrors.NotFound && verb != "create" {
		err = errors.Join(archive.ErrNotFound, err)
	}
	return fmt.Errorf("%s %s of %s: %w", verb, key, b.name, err)
}

func (b *blobBucket) List(ctx context.Context, prefix, startAfter string) iter.Seq2[archive.ObjectInfo, error] {
	return func(yield func(archive.ObjectInfo, error) bool) {
		it := b.bucket.List(&blob.ListOptions{Prefix: prefix, BeforeList: func(as func(any) bool) error {
			if startAfter == "" {
				return nil
			}
			// Only a hint to the server: keys are compared below, too.
			var in *s3.ListObjectsV2Input
			var query *storage.Query
			switch {
			case as(&in):
				if in.ContinuationToken == nil {
					in.StartAfter = aws.String(b.prefix + startAfter)
				}
			case as(&query):
				query.StartOffset = b.prefix + startAfter
			}
			return nil
		}})
		for {
			o, err := it.Next(ctx)
			if err == io.EOF { //nolint:errorlint // a connection that was cut can wrap io.EOF, too
				return
			}
			if err != nil {
				yield(archive.ObjectInfo{}, b.wrap("list", prefix, err))
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
	r, err := b.bucket.NewReader(ctx, key, nil)
	if err != nil {
		return nil, b.wrap("get", key, err)
	}
	return r, nil
}

func (b *blobBucket) ReadRange(ctx context.Context, key string, p []byte, off int64) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	r, err := b.bucket.NewRangeReader(ctx, key, off, int64(len(p)), nil)
	if err != nil {
		return 0, b.wrap("read", key, err)
	}
	n, err := io.ReadFull(r, p)
	if err == io.ErrUnexpectedEOF { //nolint:errorlint // a connection that was cut can wrap io.EOF, too
		err = io.EOF
	}
	if cerr := r.Close(); err == nil {
		err = cerr
	}
	return n, b.wrap("read", key, err)
}

func (b *blobBucket) Create(ctx context.Context, key string, body []byte) error {
	if err := checkKey(key); err != nil {
		return err
	}
	err := b.bucket.WriteAll(ctx, key, body, &blob.WriterOptions{
		IfNotExist:                  true,
		ContentType:                 "application/octet-stream",
		DisableContentTypeDetection: true,
	})
	switch gcerrors.Code(err) {
	case gcerrors.OK:
		return nil
	case gcerrors.FailedPrecondition, gcerrors.AlreadyExists:
		return fmt.Errorf("create %s in %s: %w", key, b.name, archive.ErrExists)
	}
	return b.wrap("create", key, err)
}

func (b *blobBucket) Delete(ctx context.Context, key string) error {
	if err := b.bucket.Delete(ctx, key); gcerrors.Code(err) != gcerrors.OK && gcerrors.Code(err) != gcerrors.NotFound {
		return b.wrap("delete", key, err)
	}
	return nil
}

func (b *blobBucket) Close() error { return b.bucket.Close() }
