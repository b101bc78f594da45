// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package bucket

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/logboom/logboom/archive"
)

// probeKey is an object that every writer of an archive tries to create at start.
const probeKey = "_probe/create-if-absent"

// ErrNotConditional is returned by Probe for a bucket that overwrites an object instead of refusing.
var ErrNotConditional = errors.New("the bucket does not honour create-if-absent (If-None-Match: *), without which " +
	"records would be lost or doubled: use a server that does, for S3-compatible ones a newer version of it")

// Probe makes sure that the bucket can be written and honours create-if-absent. It leaves one small object,
// always the same, so any number of writers may probe at once: whoever creates it, somebody's second attempt must be
// refused. It costs two requests the first time and one later on, none of them a read.
func Probe(ctx context.Context, b archive.Bucket) error {
	for range 2 {
		err := b.Create(ctx, probeKey, []byte("This object shows that the bucket refuses to overwrite an object.\n"))
		if errors.Is(err, archive.ErrExists) {
			return nil
		}
		if err != nil {
			if classify(err) == verdictUnsupported {
				return fmt.Errorf("%w: %w", ErrNotConditional, err)
			}
			return err
		}
	}
	return fmt.Errorf("create %s of %s: %w", probeKey, b.Name(), ErrNotConditional)
}

// Permanent reports whether an error is one that repeating the call does not cure: of credentials, names, keys, permissions,
// settings that the server refuses, and the local disk's layout, not of the network or a server in trouble.
func Permanent(err error) bool {
	if errors.Is(err, ErrNotConditional) || errors.Is(err, ErrBadKey) || errors.Is(err, fs.ErrPermission) || errors.Is(err, fs.ErrInvalid) {
		return true
	}
	switch classify(err) {
	case verdictNoBucket, verdictDenied, verdictUnsupported, verdictInvalid:
		return true
	case verdictNotFound: // of a creation: the bucket, or a path that is no S3 server's
		return !errors.Is(err, archive.ErrNotFound)
	default:
		return false
	}
}
