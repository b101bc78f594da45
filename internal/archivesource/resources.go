// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivesource

import (
	"context"
	"errors"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/logql"
)

// EachResources is that of the snapshot, within what the query may read. MaxBytes of the request means nothing.
func (s *Source) EachResources(ctx context.Context, req archive.ResourceRequest, visit func(*archive.ObjectMeta, *archive.ResourceCounts) error) error {
	var scan archive.ScanRequest
	s.bound(&scan)
	req.MaxBytes = scan.MaxBytes
	stats, err := s.snapshot.EachResources(ctx, req, visit)
	s.add(stats)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, archive.ErrTooManyResources):
		return &logql.LimitError{Msg: "too many distinct resources in an object of this time range"}
	}
	return s.failure(err)
}

// Objects is that of the snapshot; what could not be fetched is among the errors of the source's statistics.
func (s *Source) Objects(ctx context.Context, start, end int64) []*archive.ObjectMeta {
	objects, errs := s.snapshot.Objects(ctx, start, end)
	s.add(archive.ScanStats{Errors: errs})
	return objects
}
