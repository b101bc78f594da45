// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/logboom/logboom/test/harness"
)

// statusLogs are n records with an attribute `status` that set writes.
func statusLogs(n int, set func(plog.LogRecord)) plog.Logs {
	ld := harness.Logs("web", make([]string, n)...)
	for _, lr := range ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().All() {
		set(lr)
	}
	return ld
}

// TestObjectsDifferInColumns reads objects together that promote an attribute as a number, as a text, and not at all: what
// docs/archive.md says of it.
func TestObjectsDifferInColumns(t *testing.T) {
	t.Parallel()
	const n = 50
	a := writeArchive(t, archiveOptions{},
		statusLogs(n, func(lr plog.LogRecord) { lr.Attributes().PutInt("status", 500) }),
		statusLogs(n, func(plog.LogRecord) {}),
		statusLogs(n, func(lr plog.LogRecord) { lr.Attributes().PutStr("status", "500") }),
		statusLogs(n, func(lr plog.LogRecord) { lr.Attributes().PutDouble("status", 500) }),
	)
	files := a.files(t)
	require.Len(t, files, 4)
	column := func(file string) string {
		for _, d := range duck(t, "DESCRIBE SELECT * FROM "+readParquet([]string{file}, ""))[0].Rows {
			if d[0] == "LogAttributes.status" {
				return d[1].(string)
			}
		}
		return ""
	}
	byType := map[string]string{}
	for _, f := range files {
		byType[column(f)] = f
	}
	require.Len(t, byType, 4)
	number, text, real, none := byType["BIGINT"], byType["VARCHAR"], byType["DOUBLE"], byType[""]
	require.NotEmpty(t, number)
	require.NotEmpty(t, text)
	require.NotEmpty(t, real)

	count := func(where string, files []string, options string) string {
		return fmt.Sprintf("SELECT count(*) FROM %s WHERE %s", readParquet(files, options), where)
	}
	union := ", union_by_name = true"
	all := []string{number, none, text, real}
	for _, q := range []struct {
		sql  string
		want int
	}{
		// The map is right, in any order of the objects, with and without union_by_name.
		{count("LogAttributes['status'] = '500'", all, ""), 3 * n},
		{count("LogAttributes['status'] = '500'", []string{none, real, text, number}, ""), 3 * n},
		{count("LogAttributes['status'] = '500'", all, union), 3 * n},
		{count("TRY_CAST(LogAttributes['status'] AS INTEGER) >= 500", all, union), 3 * n},
		// A promoted column is NULL in the rows of objects that lack it.
		{count(`"LogAttributes.status" = 500`, []string{number, none}, union), n},
		{count(`"LogAttributes.status" IS NULL`, []string{number, none}, union), n},
		{count(`"LogAttributes.status" = 500`, []string{none, number, real}, union), 2 * n},
		// Of several types DuckDB makes one that holds them all.
		{count(`"LogAttributes.status" IS NOT NULL`, all, union), 3 * n},
	} {
		require.Equal(t, []any{fmt.Sprint(q.want)}, duck(t, q.sql)[0].Rows[0], q.sql)
	}
	// Without union_by_name the first object's columns are those of all.
	results := tryDuck(t, "SELECT * FROM "+readParquet([]string{number, none}, ""))
	require.Contains(t, results[0].Error, "LogAttributes.status")
	require.Len(t, duck(t, "SELECT * FROM "+readParquet([]string{none, number}, ""))[0].Rows, 2*n)
}
