// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logql

import (
	"errors"
	"fmt"
)

// ParseError is a mistake in a query, with its place.
type ParseError struct {
	Pos Pos
	Msg string
}

func (e *ParseError) Error() string {
	return fmt.Sprintf("parse error at line %d, col %d: %s", e.Pos.Line, e.Pos.Col, e.Msg)
}

func errorAt(pos Pos, format string, args ...any) error {
	return &ParseError{Pos: pos, Msg: fmt.Sprintf(format, args...)}
}

// LimitError says that a query needs more than it may have. The caller can narrow the query and ask again.
type LimitError struct{ Msg string }

func (e *LimitError) Error() string { return e.Msg }

// QueryError is a mistake of the query that shows only when it runs: a pipeline error in a metric query,
// or vectors that cannot be matched.
type QueryError struct{ Msg string }

func (e *QueryError) Error() string { return e.Msg }

func queryErrorf(format string, args ...any) error {
	return &QueryError{Msg: fmt.Sprintf(format, args...)}
}

// IsUserError reports whether err is a mistake of the query rather than a failure of the system.
func IsUserError(err error) bool {
	var p *ParseError
	var l *LimitError
	var q *QueryError
	return errors.As(err, &p) || errors.As(err, &l) || errors.As(err, &q)
}
