// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package search

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// condition is a part of a query: how it is written, and what it means.
type condition struct {
	text  string
	holds func(*record) bool
}

// query is a selector with line and label filters, in the order they are written.
type query struct {
	selector   []condition
	conditions []condition
}

func (q *query) text() string {
	parts := make([]string, len(q.selector))
	for i, c := range q.selector {
		parts[i] = c.text
	}
	s := "{" + strings.Join(parts, ", ") + "}"
	for _, c := range q.conditions {
		s += " " + c.text
	}
	return s
}

func (q *query) matches(r *record) bool {
	for _, c := range q.selector {
		if !c.holds(r) {
			return false
		}
	}
	for _, c := range q.conditions {
		if !c.holds(r) {
			return false
		}
	}
	return true
}

// comparison is a condition on a label, for selectors and, with another prefix, label filters.
func comparison(prefix, label, op, value string) condition {
	c := condition{text: prefix + label + op + strconv.Quote(value)}
	var is func(string) bool
	switch op {
	case "=", "!=":
		is = func(s string) bool { return s == value }
	default:
		re := regexp.MustCompile("^(?s:" + value + ")$")
		is = re.MatchString
	}
	not := op[0] == '!'
	c.holds = func(r *record) bool { return is(r.labels[label]) != not }
	return c
}

// query makes one whose needles are likely to be in the records, or nearly.
func (g *generator) query(all []*record) *query {
	q := &query{selector: []condition{comparison("", "service_name", "=~", ".+")}}
	if g.IntN(3) == 0 {
		label := pick(g.Rand, []string{"service_name", "k8s_namespace_name"})
		q.selector = append(q.selector, g.comparison("", label, all))
	}
	for g.IntN(5) > 0 && len(q.conditions) < 4 {
		if g.IntN(4) == 0 {
			label := pick(g.Rand, []string{"trace_id", "request_id", "user", "detected_level", "host_name", "code", "service_name", "missing"})
			q.conditions = append(q.conditions, g.comparison("| ", label, all))
		} else {
			q.conditions = append(q.conditions, g.lineFilter(all))
		}
	}
	return q
}

func (g *generator) comparison(prefix, label string, all []*record) condition {
	value := pick(g.Rand, all).labels[label]
	switch g.IntN(4) {
	case 0:
		return comparison(prefix, label, "!=", value)
	case 1:
		other := pick(g.Rand, all).labels[label]
		return comparison(prefix, label, pick(g.Rand, []string{"=~", "!~"}), regexp.QuoteMeta(value)+"|"+regexp.QuoteMeta(other))
	case 2:
		part := value[:g.IntN(len(value)+1)]
		if strings.IndexFunc(part, func(r rune) bool { return r == unicode.ReplacementChar || r > unicode.MaxASCII }) >= 0 {
			part = ""
		}
		return comparison(prefix, label, pick(g.Rand, []string{"=~", "!~"}), regexp.QuoteMeta(part)+".*")
	}
	return comparison(prefix, label, "=", value)
}

func (g *generator) lineFilter(all []*record) condition {
	negative := g.IntN(4) == 0
	if g.IntN(3) == 0 {
		pattern := g.pattern(all)
		re := regexp.MustCompile(pattern)
		op := "|~ "
		if negative {
			op = "!~ "
		}
		return condition{op + strconv.Quote(pattern), func(r *record) bool { return re.MatchString(r.body) != negative }}
	}
	needles := []string{g.needle(all)}
	for g.IntN(6) == 0 && len(needles) < 3 {
		needles = append(needles, g.needle(all))
	}
	op := "|= "
	if negative {
		op = "!= "
	}
	quoted := make([]string, len(needles))
	for i, n := range needles {
		quoted[i] = strconv.Quote(n)
	}
	// Empty alternatives of others look for nothing; to be without them is to be without a text that is everywhere.
	if some := slices.DeleteFunc(slices.Clone(needles), func(n string) bool { return n == "" }); len(some) > 0 && !negative {
		needles = some
	}
	return condition{op + strings.Join(quoted, " or "), func(r *record) bool {
		found := false
		for _, n := range needles {
			found = found || strings.Contains(r.body, n)
		}
		return found != negative
	}}
}

// needle is a part of a body, or nearly.
func (g *generator) needle(all []*record) string {
	body := []rune(pick(g.Rand, all).body)
	if g.IntN(8) == 0 {
		body = []rune(pick(g.Rand, words))
	}
	from := g.IntN(len(body) + 1)
	to := min(len(body), from+g.IntN(pick(g.Rand, []int{3, 8, 20, 60}))+1)
	part := body[from:to]
	if len(part) > 0 {
		part = append([]rune(nil), part...)
		switch g.IntN(8) {
		case 0: // nearly
			part[g.IntN(len(part))] = pick(g.Rand, []rune{'x', '0', 'f', ' ', 'E', '-'})
		case 1: // turned around
			at := g.IntN(len(part))
			part = append(part[at:], part[:at]...)
		case 2: // of another case
			return strings.ToUpper(string(part))
		}
	}
	return string(part)
}

// pattern is a regular expression made of parts of bodies.
func (g *generator) pattern(all []*record) string {
	literal := regexp.QuoteMeta(g.needle(all))
	switch g.IntN(10) {
	case 0:
		return "(?i)" + literal
	case 1:
		return literal + ".*" + regexp.QuoteMeta(g.needle(all))
	case 2:
		return "^" + literal
	case 3:
		return literal + "$"
	case 4:
		return literal + "|" + regexp.QuoteMeta(g.needle(all))
	case 5:
		return `\b` + pick(g.Rand, []string{"error", "time", "card", "took", "k[0-9]+", "user=[0-9]{2}"}) + `\b`
	case 6:
		return pick(g.Rand, []string{"[0-9a-f]{8}-[0-9a-f]{4}", `took [0-9]+ ms`, `code=[0-9a-f]{3,}`, `SKU-0\d{4}`, `(?i)ERROR.*timeout`, `[^ -~]`, `^$`, `\x00`, `(?s)error.*time`, `(?i)straße`, `(?i)ſ`, `(?i)k`, `5\d\d \d+$`, `[[:upper:]]{5}`})
	case 7: // digits as a class
		return regexp.MustCompile(`[0-9]+`).ReplaceAllString(literal, `\d+`)
	case 8:
		return "(" + literal + "){1,2}"
	}
	return literal
}

// span is a range of time, start <= t < end, that holds some of the records.
func (g *generator) span() (start, end int64) {
	first, last := g.base.Add(-time.Hour), g.base.Add(4*time.Hour)
	if g.IntN(2) == 0 {
		return first.UnixNano(), last.UnixNano()
	}
	a, b := g.time(), g.time()
	if g.IntN(3) == 0 { // a narrow one
		b = a + g.Int64N(int64(time.Minute))
	}
	return min(a, b), max(a, b) + int64(g.IntN(2))
}

// metric is a counting query of a log query.
type metric struct {
	of    *query
	by    []string
	bytes bool
	width time.Duration
	rate  bool
}

func (g *generator) metric(all []*record) *metric {
	m := &metric{of: g.query(all), width: pick(g.Rand, []time.Duration{time.Second, time.Minute, 7 * time.Minute, time.Hour, 6 * time.Hour}), bytes: g.IntN(4) == 0, rate: g.IntN(4) == 0}
	for _, label := range []string{"service_name", "detected_level", "k8s_namespace_name", "code"} {
		if g.IntN(3) == 0 {
			m.by = append(m.by, label)
		}
	}
	return m
}

func (m *metric) text() string {
	f := "count_over_time"
	switch {
	case m.bytes && m.rate:
		f = "bytes_rate"
	case m.bytes:
		f = "bytes_over_time"
	case m.rate:
		f = "rate"
	}
	by := ""
	if len(m.by) > 0 {
		by = " by (" + strings.Join(m.by, ", ") + ")"
	}
	return fmt.Sprintf("sum%s (%s(%s[%ds]))", by, f, m.of.text(), int(m.width.Seconds()))
}

// at is the value of every series at a moment.
func (m *metric) at(matched []*record, t int64) map[string]float64 {
	sums := map[string]float64{}
	for _, r := range matched {
		if r.ts <= t-int64(m.width) || r.ts > t {
			continue
		}
		v := r.weight
		if m.bytes {
			v *= float64(len(r.body))
		}
		if m.rate {
			v /= m.width.Seconds()
		}
		labels := make(map[string]string, len(m.by))
		for _, label := range m.by {
			if value := r.labels[label]; value != "" {
				labels[label] = value
			}
		}
		sums[fmt.Sprint(labels)] += v
	}
	return sums
}
