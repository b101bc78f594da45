// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivesource

import (
	"context"
	"errors"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/logql"
)

// ScanRecords scans the records of a request of the archive's own and passes each with the entry that it is for LogQL; both are valid
// during the call only. The request needs no columns: all of those are read that make entries, and the time of observation. Where
// yield returns [logql.ErrStop], the scan ends without error.
func (s *Source) ScanRecords(ctx context.Context, req archive.ScanRequest, yield func(*logql.Entry, *archive.Record) error) error {
	all := &logql.SelectRequest{}
	c := s.mapper.conditions(nil, nil)
	req.Columns |= s.mapper.columns(all, &c) | archive.ColumnObservedTimestamp
	s.bound(&req)
	conv := s.converter(all)
	var entry logql.Entry
	stats, err := s.snapshot.Scan(ctx, req, func(r *archive.Record) error {
		conv.convert(r, &entry) // there are no matchers
		err := yield(&entry, r)
		if errors.Is(err, logql.ErrStop) {
			return archive.ErrStop
		}
		return err
	})
	s.add(stats)
	return s.failure(err)
}

// LevelOfText is the level of a severity text, unknown if it is none.
func LevelOfText(text string) string { return levelOfText(text) }
