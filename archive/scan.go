// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import "context"

type footerCache struct{}

// Open reads the commit log of the archive in b and returns a reader whose snapshot is up to date.
func Open(ctx context.Context, b BucketReader, opts ReaderOptions) (*Reader, error) {
	r := &Reader{bucket: b, opts: opts}
	r.snapshot.Store(&Snapshot{reader: r})
	return r, r.Refresh(ctx)
}

// Refresh picks up what was committed since the last call.
func (r *Reader) Refresh(ctx context.Context) error { return ctx.Err() }

// Snapshot returns the live set as of the last Refresh.
func (r *Reader) Snapshot() *Snapshot { return r.snapshot.Load() }

// Scan yields records in time order.
func (s *Snapshot) Scan(ctx context.Context, req ScanRequest, yield func(*Record) error) (ScanStats, error) {
	return ScanStats{}, ctx.Err()
}
