// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivesource

import (
	"slices"
	"sync"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/logql"
)

// Filter returns a request for exactly the records, whole, that a log query keeps; its times are the caller's to set.
// The query may hold what [logql.LogExpr.Filter] allows.
func (m *Mapper) Filter(e *logql.LogExpr) (archive.ScanRequest, error) {
	keep, err := e.Filter()
	if err != nil {
		return archive.ScanRequest{}, err
	}
	sel := logql.Selection(e)
	req, exact := m.ScanRequest(&sel)
	req.Columns = archive.ColumnsAll
	if exact && req.Keep == nil && !slices.ContainsFunc(e.Stages, parses) {
		return req, nil // the conditions say it all
	}
	all := &logql.SelectRequest{Matchers: e.Matchers}
	type scratch struct {
		conv  *converter
		entry logql.Entry
	}
	pool := sync.Pool{New: func() any { return &scratch{conv: m.converter(all)} }}
	req.Keep = func(r *archive.Record) bool {
		s := pool.Get().(*scratch)
		defer pool.Put(s)
		return s.conv.convert(r, &s.entry) && keep(&s.entry)
	}
	return req, nil
}

// parses reports whether a stage is no plain filter.
func parses(s logql.Stage) bool {
	switch s.(type) {
	case *logql.LineFilter, logql.LabelFilter:
		return false
	}
	return true
}
