// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// question is one that DuckDB answers with a number, and what it must be.
type question struct {
	where string
	keep  func(*row) bool
}

// TestDuckDBFilters asks for parts of the archive. DuckDB skips row groups by their statistics, so that a wrong bound loses rows.
func TestDuckDBFilters(t *testing.T) {
	t.Parallel()
	eachArchive(t, func(t *testing.T, a *testArchive) {
		table := readParquet(a.files(t), ", union_by_name = true")
		questions := a.questions()
		var statements []string
		for _, q := range questions {
			statements = append(statements, fmt.Sprintf("SELECT count(*), coalesce(sum(RecordCount), 0)::VARCHAR FROM %s WHERE %s", table, q.where))
		}
		nothing := 0
		for i, answer := range duck(t, statements...) {
			n, sum := 0, new(big.Int)
			for _, r := range a.rows {
				if questions[i].keep(r) {
					n++
					sum.Add(sum, big.NewInt(r.RecordCount))
				}
			}
			if n == 0 {
				nothing++
			}
			require.Equal(t, []any{fmt.Sprint(n), sum.String()}, answer.Rows[0], "WHERE %s", questions[i].where)
		}
		require.Less(t, nothing, len(questions)/2, "questions that find something")
	})
}

// questions about each column: for values that are there, at both ends and in the middle, and for some that are not.
func (a *testArchive) questions() (list []question) {
	ask := func(keep func(*row) bool, format string, args ...any) {
		list = append(list, question{fmt.Sprintf(format, args...), keep})
	}
	ask(func(*row) bool { return true }, "true")
	ask(func(*row) bool { return false }, "false")
	texts := map[string]func(*row) string{
		"TraceId":           func(r *row) string { return r.TraceID },
		"SpanId":            func(r *row) string { return r.SpanID },
		"ServiceName":       func(r *row) string { return r.ServiceName },
		"SeverityText":      func(r *row) string { return r.SeverityText },
		"Body":              func(r *row) string { return r.Body },
		"RecordUid":         func(r *row) string { return r.RecordUID },
		"SamplingThreshold": func(r *row) string { return r.SamplingThreshold },
		"EventName":         func(r *row) string { return r.EventName },
		"ScopeName":         func(r *row) string { return r.ScopeName },
	}
	for column, get := range texts {
		var all []string
		for _, r := range a.rows {
			all = append(all, get(r))
		}
		slices.Sort(all)
		for _, v := range append(some5(slices.Compact(all)), "absent", "ffffffffffffffffffffffffffffffff", "") {
			if strings.ContainsRune(v, 0) || !utf8.ValidString(v) || len(v) > 1000 {
				continue
			}
			ask(func(r *row) bool { return get(r) == v }, "%s = %s", column, sqlString(v))
			ask(func(r *row) bool { return get(r) > v }, "%s > %s", column, sqlString(v))
		}
	}
	for _, v := range some5(distinct(a.rows, func(r *row) int64 { return int64(r.SeverityNumber) })) {
		ask(func(r *row) bool { return int64(r.SeverityNumber) == v }, "SeverityNumber = %d", v)
		ask(func(r *row) bool { return int64(r.SeverityNumber) >= v }, "SeverityNumber >= %d", v)
	}
	for _, v := range some5(distinct(a.rows, func(r *row) int64 { return int64(r.TraceFlags) })) {
		ask(func(r *row) bool { return int64(r.TraceFlags) == v }, "TraceFlags = %d", v)
		ask(func(r *row) bool { return int64(r.TraceFlags) >= v }, "TraceFlags >= %d", v)
	}
	for _, v := range some5(distinct(a.rows, func(r *row) int64 { return r.Timestamp / 1000 })) {
		if v > time.Date(2262, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro() {
			continue // the infinite time
		}
		at := time.UnixMicro(v).UTC().Format("2006-01-02 15:04:05.000000+00")
		ask(func(r *row) bool { return r.Timestamp/1000 == v }, "Timestamp = TIMESTAMPTZ '%s'", at)
		ask(func(r *row) bool { return r.Timestamp/1000 >= v }, "Timestamp >= TIMESTAMPTZ '%s'", at)
		ask(func(r *row) bool { return r.Timestamp/1000 < v }, "Timestamp < TIMESTAMPTZ '%s'", at)
	}
	for column, get := range map[string]func(*row) bool{
		"TimestampSource":   func(r *row) bool { return r.TimestampSource == nil },
		"ObservedTimestamp": func(r *row) bool { return r.ObservedTimestamp == nil },
		"BodyType":          func(r *row) bool { return r.BodyType == nil },
		"LogAttributeTypes": func(r *row) bool { return r.LogAttributeTypes == nil },
		"Exact":             func(r *row) bool { return r.Exact == nil },
	} {
		ask(get, "%s IS NULL", column)
		ask(func(r *row) bool { return !get(r) }, "%s IS NOT NULL", column)
	}
	for _, key := range []string{"value", "", "http.path", "rare", "k07", "absent"} {
		find := func(r *row) (string, bool) {
			for _, e := range r.LogAttributes {
				if e.Key == key {
					return e.Value, true
				}
			}
			return "", false
		}
		ask(func(r *row) bool { _, ok := find(r); return ok }, "LogAttributes[%s] IS NOT NULL", sqlString(key))
		for _, v := range []string{"", "1", "/item/7", "yes", "true"} {
			ask(func(r *row) bool { got, ok := find(r); return ok && got == v }, "LogAttributes[%s] = %s", sqlString(key), sqlString(v))
		}
	}
	return list
}

func distinct(rows []*row, get func(*row) int64) (values []int64) {
	for _, r := range rows {
		values = append(values, get(r))
	}
	slices.Sort(values)
	return slices.Compact(values)
}

// some5 are the first, the last, and a few between.
func some5[V any](sorted []V) (out []V) {
	for i := range 5 {
		if n := len(sorted); n > 0 {
			out = append(out, sorted[i*(n-1)/4])
		}
	}
	return out
}
