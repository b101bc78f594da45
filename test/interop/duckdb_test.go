// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/test/harness"
)

// duckResult is what DuckDB answers to a statement; values are as its JSON has them, 64-bit integers as texts.
type duckResult struct {
	Columns []string `json:"columns"`
	Types   []string `json:"types"`
	Rows    [][]any  `json:"rows"`
	Error   string   `json:"error"`
}

// tryDuck runs statements in one session and returns the answers, up to the first error.
func tryDuck(t *testing.T, statements ...string) []duckResult {
	t.Helper()
	dir := filepath.Join(harness.Root(), "test", "duckdb")
	if _, err := os.Stat(filepath.Join(dir, "node_modules")); err != nil {
		t.Skip("DuckDB is not installed: run `make test-deps`")
	}
	in, err := json.Marshal(statements)
	require.NoError(t, err)
	cmd := exec.Command("node", "sql.mjs")
	cmd.Dir, cmd.Stdin = dir, bytes.NewReader(in)
	r := harness.RunCmd(t, cmd)
	require.Zero(t, r.Code, r.Stderr)
	var results []duckResult
	dec := json.NewDecoder(strings.NewReader(r.Stdout))
	for dec.More() {
		var one duckResult
		require.NoError(t, dec.Decode(&one))
		results = append(results, one)
	}
	return results
}

// duck runs statements that must succeed.
func duck(t *testing.T, statements ...string) []duckResult {
	t.Helper()
	results := tryDuck(t, statements...)
	for i, r := range results {
		require.Empty(t, r.Error, "statement: %s", statements[i])
	}
	require.Len(t, results, len(statements))
	return results
}

// duckTypes are the types that DuckDB must give the columns, in order. Its only type of a time in UTC has microseconds: the
// three last digits of a time are for other readers.
var duckTypes = [][2]string{
	{"Timestamp", "TIMESTAMP WITH TIME ZONE"},
	{"TimestampSource", "VARCHAR"},
	{"ObservedTimestamp", "TIMESTAMP WITH TIME ZONE"},
	{"TraceId", "VARCHAR"},
	{"SpanId", "VARCHAR"},
	{"TraceFlags", "UINTEGER"},
	{"SeverityText", "VARCHAR"},
	{"SeverityNumber", "INTEGER"},
	{"ServiceName", "VARCHAR"},
	{"Body", "VARCHAR"},
	{"BodyType", "VARCHAR"},
	{"ResourceSchemaUrl", "VARCHAR"},
	{"ResourceAttributes", "MAP(VARCHAR, VARCHAR)"},
	{"ResourceAttributeTypes", "VARCHAR"},
	{"ScopeSchemaUrl", "VARCHAR"},
	{"ScopeName", "VARCHAR"},
	{"ScopeVersion", "VARCHAR"},
	{"ScopeAttributes", "MAP(VARCHAR, VARCHAR)"},
	{"ScopeAttributeTypes", "VARCHAR"},
	{"LogAttributes", "MAP(VARCHAR, VARCHAR)"},
	{"LogAttributeTypes", "VARCHAR"},
	{"EventName", "VARCHAR"},
	{"RecordUid", "VARCHAR"},
	{"SamplingThreshold", "VARCHAR"},
	{"RecordCount", "BIGINT"},
	{"Exact", "BLOB"},
}

// promotedKinds are the letters of what a promoted column of a DuckDB type holds.
var promotedKinds = map[string]byte{"VARCHAR": 's', "BIGINT": 'i', "DOUBLE": 'd', "BOOLEAN": 'b'}

// duckTimes is a row with times as DuckDB has them.
func duckTimes(r *row) *row {
	c := *r
	c.Timestamp /= 1000
	if c.ObservedTimestamp != nil {
		us := *c.ObservedTimestamp / 1000
		c.ObservedTimestamp = &us
	}
	return &c
}

// readDuck reads every row of each table, through CSV with everything in hexadecimal, so that no text is changed on the way.
func readDuck(t *testing.T, tables []string, yield func(*row)) {
	t.Helper()
	dir := harness.TempDir(t)
	var describe, export []string
	for _, table := range tables {
		describe = append(describe, "DESCRIBE SELECT * FROM "+table)
	}
	var columns [][][2]string // of each table, name and type
	for i, d := range duck(t, describe...) {
		var list [][2]string
		var exprs []string
		for _, r := range d.Rows {
			list = append(list, [2]string{r[0].(string), r[1].(string)})
			exprs = append(exprs, duckExport(r[0].(string), r[1].(string)))
		}
		for i, c := range duckTypes {
			require.Less(t, i, len(list), "column %s is missing", c[0])
			require.Equal(t, c, list[i], "column %d", i)
		}
		for _, c := range list[len(duckTypes):] {
			_, _, ok := promotedKey(c[0])
			require.True(t, ok && promotedKinds[c[1]] != 0, "column %s %s", c[0], c[1])
		}
		columns = append(columns, list)
		export = append(export, fmt.Sprintf(`COPY (SELECT %s FROM %s) TO %s (FORMAT csv, HEADER false, DELIMITER '|', NULL 'NULL', QUOTE '', ESCAPE '')`,
			strings.Join(exprs, ", "), tables[i], sqlString(filepath.Join(dir, strconv.Itoa(i)))))
	}
	duck(t, export...)
	for i, list := range columns {
		readExport(t, filepath.Join(dir, strconv.Itoa(i)), list, yield)
	}
}

// duckExport is the expression that writes a column as text.
func duckExport(name, kind string) string {
	quoted := `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
	switch kind {
	case "VARCHAR":
		return fmt.Sprintf("hex(encode(%s))", quoted)
	case "BLOB":
		return fmt.Sprintf("hex(%s)", quoted)
	case "MAP(VARCHAR, VARCHAR)":
		return fmt.Sprintf("array_to_string(list_transform(map_entries(%s), "+
			"lambda e: coalesce(hex(encode(e.key)), '~') || ':' || coalesce(hex(encode(e.value)), '~')), ' ')", quoted)
	case "TIMESTAMP WITH TIME ZONE":
		// The last nanosecond of all stands for every later time, and DuckDB calls it infinity.
		return fmt.Sprintf("CASE WHEN isinf(%[1]s) THEN 9223372036854775 ELSE epoch_us(%[1]s) END", quoted)
	}
	return quoted + "::VARCHAR"
}

// readExport parses what an export has written.
func readExport(t *testing.T, path string, columns [][2]string, yield func(*row)) {
	t.Helper()
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		fields := strings.Split(lines.Text(), "|")
		require.Len(t, fields, len(columns))
		r := duckRow(t, fields)
		for i := len(duckTypes); i < len(columns); i++ {
			if r.promoted == nil {
				r.promoted = map[string]promotedValue{}
			}
			name, kind := columns[i][0], columns[i][1]
			r.promoted[name] = promotedValue{promotedKinds[kind], duckPromoted(t, kind, fields[i])}
		}
		yield(r)
	}
	require.NoError(t, lines.Err())
}

func duckPromoted(t *testing.T, kind, field string) *string {
	t.Helper()
	if field == "NULL" {
		return nil
	}
	switch kind {
	case "VARCHAR":
		return some(unhex(t, field))
	case "DOUBLE":
		f, err := strconv.ParseFloat(field, 64)
		require.NoError(t, err)
		return some(strconv.FormatFloat(f, 'g', -1, 64))
	}
	return &field
}

func unhex(t *testing.T, s string) string {
	t.Helper()
	b, err := hex.DecodeString(s)
	require.NoError(t, err)
	return string(b)
}

// duckRow parses the fields of duckTypes.
func duckRow(t *testing.T, fields []string) *row {
	t.Helper()
	next := 0
	take := func() string {
		next++
		return fields[next-1]
	}
	number := func() int64 {
		n, err := strconv.ParseInt(take(), 10, 64)
		require.NoError(t, err)
		return n
	}
	str := func() string {
		f := take()
		require.NotEqual(t, "NULL", f, "column %s", duckTypes[next-1][0])
		return unhex(t, f)
	}
	opt := func() *string {
		if f := take(); f != "NULL" {
			return some(unhex(t, f))
		}
		return nil
	}
	attrs := func() (list []entry) {
		f := take()
		require.NotEqual(t, "NULL", f, "column %s", duckTypes[next-1][0])
		for pair := range strings.SplitSeq(f, " ") {
			if pair == "" {
				continue
			}
			key, value, _ := strings.Cut(pair, ":")
			list = append(list, entry{unhex(t, key), unhex(t, value)})
		}
		return list
	}
	r := &row{Timestamp: number(), TimestampSource: opt()}
	if f := take(); f != "NULL" {
		n, err := strconv.ParseInt(f, 10, 64)
		require.NoError(t, err)
		r.ObservedTimestamp = &n
	}
	r.TraceID, r.SpanID = str(), str()
	flags := number()
	require.True(t, flags >= 0 && flags <= math.MaxUint32)
	r.TraceFlags = uint32(flags)
	r.SeverityText, r.SeverityNumber = str(), int32(number())
	r.ServiceName, r.Body, r.BodyType = str(), str(), opt()
	r.ResourceSchemaURL, r.ResourceAttributes, r.ResourceAttributeTypes = str(), attrs(), opt()
	r.ScopeSchemaURL, r.ScopeName, r.ScopeVersion = str(), str(), str()
	r.ScopeAttributes, r.ScopeAttributeTypes = attrs(), opt()
	r.LogAttributes, r.LogAttributeTypes = attrs(), opt()
	r.EventName, r.RecordUID, r.SamplingThreshold = str(), str(), str()
	r.RecordCount = number()
	if s := opt(); s != nil {
		r.Exact = []byte(*s)
	}
	return r
}

// readParquet is the table function over files.
func readParquet(files []string, options string) string {
	return fmt.Sprintf("read_parquet(%s, hive_partitioning = false%s)", sqlList(files), options)
}

// TestDuckDBReadsEveryRow compares every value of every live row, each file by itself and all at once.
func TestDuckDBReadsEveryRow(t *testing.T) {
	t.Parallel()
	eachArchive(t, func(t *testing.T, a *testArchive) {
		files := a.files(t)
		t.Run("all at once", func(t *testing.T) {
			// Objects differ in promoted columns: one that only some have is NULL in the rows of the others.
			var got rowset
			readDuck(t, []string{readParquet(files, ", union_by_name = true")}, got.add)
			a.duck.requireEqual(t, &got)
		})
		t.Run("each file", func(t *testing.T) {
			var got rowset
			promoted := map[string]bool{}
			readDuck(t, eachFile(files), func(r *row) {
				require.NoError(t, r.checkPromoted())
				for column, p := range r.promoted {
					promoted[column] = promoted[column] || p.value != nil
				}
				got.add(r)
			})
			a.duck.requireEqual(t, &got)
			require.NotEmpty(t, promoted)
			for column, used := range promoted {
				require.True(t, used, "column %s is NULL in every row", column)
			}
		})
	})
}

func eachFile(files []string) (tables []string) {
	for _, f := range files {
		tables = append(tables, readParquet([]string{f}, ""))
	}
	return tables
}
