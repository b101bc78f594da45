// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
)

// ReadLimitError says that a scan or a count needs more bytes than its MaxBytes.
type ReadLimitError struct{ Limit int64 }

func (e *ReadLimitError) Error() string {
	return fmt.Sprintf("the query needs to read more than %d bytes", e.Limit)
}

// readLimit counts what a query reads, and ends it when that is too much. Parts of a query share it.
type readLimit struct {
	max  int64 // 0: no limit
	used atomic.Int64
	end  context.CancelCauseFunc
}

// use accounts for n bytes before they are read from the bucket, or taken from the cache. The error ends the query.
func (l *readLimit) use(n int64) error {
	if used := l.used.Add(n); l.max == 0 || used <= l.max {
		return nil
	}
	err := &ReadLimitError{l.max}
	l.end(err)
	return err
}

// ended is the error that a query ends with: that it read too much goes before what came of it.
func (q *query) ended(err error) error {
	if limit := (*ReadLimitError)(nil); errors.As(context.Cause(q.ctx), &limit) {
		return limit
	}
	return err
}
