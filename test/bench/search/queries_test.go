// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package search

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/test/bench/internal/rig"
)

// kind is what a query asks for.
type kind int

const (
	lines             kind = iota // the newest so many lines
	count                         // how many records there are
	byServiceAndLevel             // the same by service and level
)

// query is one row of the table, in the language of every candidate.
type query struct {
	name string
	bar  time.Duration // what the project has set itself, of two million records; 0: nothing
	kind kind
	// limit is of the lines.
	limit int
	// One of these says what a body must have; none of them: every record counts.
	contains string
	anyCase  string // a lower-case word
	pattern  string // a regular expression; literal is a part of every match
	literal  string
	compiled *regexp.Regexp
	// words is a filter of VictoriaLogs that looks for whole words. It is more than the query asks for, and much quicker there.
	words string

	start, end int64
}

// queries are the kinds of the table.
func queries(n *needles) []*query {
	ms := time.Millisecond
	list := []*query{
		{name: "a word that does not occur", bar: 5 * ms, kind: lines, limit: 100, contains: n.word, words: quoted(n.word)},
		{name: "an id that does not occur", bar: 5 * ms, kind: lines, limit: 100, contains: n.id, words: quoted(n.id)},
		{name: "one request id", bar: 10 * ms, kind: lines, limit: 100, contains: n.request, words: quoted(n.request)},
		{name: "a substring of words, absent", bar: 10 * ms, kind: lines, limit: 1000, contains: n.wrongOrder, words: quoted(n.wrongOrder)},
		{name: "a substring of words", bar: 40 * ms, kind: lines, limit: 1000, contains: n.phrase, words: quoted(n.phrase)},
		{name: "the same, counted", bar: 40 * ms, kind: count, contains: n.phrase, words: quoted(n.phrase)},
		{name: "six characters inside an id", bar: 200 * ms, kind: lines, limit: 1000, contains: n.middle},
		{name: "a word in any case, counted", bar: 150 * ms, kind: count, anyCase: n.anyCase, words: "i(" + quoted(n.anyCase) + ")"},
		{
			name: "a regular expression, counted", bar: 100 * ms, kind: count, pattern: n.pattern(), literal: n.before + " ",
			words: quoted(n.before) + " " + quoted(n.after) + " ~" + quoted(n.pattern()),
		},
		{name: "count by service and level", bar: 25 * ms, kind: byServiceAndLevel},
		{name: "newest 100 with a frequent word", bar: 20 * ms, kind: lines, limit: 100, contains: n.frequent, words: quoted(n.frequent)},
	}
	for _, q := range list {
		q.start, q.end = n.start, n.end
		if q.pattern != "" {
			q.compiled = compiled(q.pattern)
		}
	}
	return list
}

// needle is what is looked for, for people.
func (q *query) needle() string {
	switch {
	case q.contains != "":
		return q.contains
	case q.anyCase != "":
		return "(?i)" + q.anyCase
	}
	return q.pattern
}

func quoted(s string) string { return fmt.Sprintf("%q", s) }

// logQL is the query in LogQL.
func (q *query) logQL() string {
	filter := ""
	switch {
	case q.contains != "":
		filter = " |= " + quoted(q.contains)
	case q.anyCase != "":
		filter = " |~ " + quoted("(?i)"+q.anyCase)
	case q.pattern != "":
		filter = " |~ " + quoted(q.pattern)
	}
	selector := `{service_name=~".+"}` + filter
	width := fmt.Sprintf("%ds", (q.end-q.start)/1e9)
	switch q.kind {
	case count:
		return fmt.Sprintf("sum(count_over_time(%s[%s]))", selector, width)
	case byServiceAndLevel:
		return fmt.Sprintf("sum by (service_name, detected_level) (count_over_time(%s[%s]))", selector, width)
	case lines:
	}
	return selector
}

// logsQL is the query in VictoriaLogs' LogsQL; words says whether its filter for whole words may be used.
func (q *query) logsQL(words bool) string {
	filter := "*"
	switch {
	case words && q.words != "":
		filter = q.words
	case q.contains != "":
		filter = "~" + quoted(regexp.QuoteMeta(q.contains))
	case q.anyCase != "":
		filter = "~" + quoted("(?i)"+q.anyCase)
	case q.pattern != "":
		filter = "~" + quoted(q.pattern)
	}
	switch q.kind {
	case count:
		return filter + " | stats count() n"
	case byServiceAndLevel:
		return filter + " | stats by (service.name, severity) count() n"
	case lines:
	}
	return filter // the newest come first when there is a limit
}

// sql is the query for DuckDB, on a view with the name logs.
func (q *query) sql() string {
	where := ""
	switch {
	case q.contains != "":
		where = " WHERE Body LIKE " + rig.SQLString("%"+likeEscape(q.contains)+"%")
	case q.anyCase != "":
		where = " WHERE Body ILIKE " + rig.SQLString("%"+likeEscape(q.anyCase)+"%")
	case q.pattern != "":
		where = " WHERE regexp_matches(Body, " + rig.SQLString(q.pattern) + ")"
	}
	switch q.kind {
	case count:
		return "SELECT count(*) AS n FROM logs" + where
	case byServiceAndLevel:
		return "SELECT ServiceName AS service, SeverityNumber AS severity, count(*) AS n FROM logs GROUP BY ALL"
	case lines:
	}
	return fmt.Sprintf("SELECT epoch_us(Timestamp) AS t, ServiceName, SeverityText, Body FROM logs%s ORDER BY Timestamp DESC LIMIT %d", where, q.limit)
}

func likeEscape(s string) string {
	if strings.ContainsAny(s, `%_\`) {
		panic("needle has a character that LIKE takes for something else")
	}
	return s
}

// request is the query for the Go library.
func (q *query) request() archive.ScanRequest {
	r := archive.ScanRequest{Start: q.start, End: q.end, Descending: true, Limit: q.limit, Columns: archive.ColumnBody}
	switch {
	case q.contains != "":
		r.Lines = []archive.LineFilter{{Kind: archive.LineContains, Text: q.contains}}
	case q.anyCase != "":
		r.Lines = []archive.LineFilter{{Kind: archive.LineRegexp, Text: "(?i)" + q.anyCase}}
	case q.pattern != "":
		r.Lines = []archive.LineFilter{{Kind: archive.LineRegexp, Text: q.pattern}}
	}
	return r
}
