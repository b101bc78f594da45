// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/cespare/xxhash/v2"
	"go.opentelemetry.io/collector/pdata/plog"
)

// entry is one of a MAP.
type entry struct{ Key, Value string }

// row is one row of a data object: the columns of FORMAT.md, nil is NULL.
type row struct {
	Timestamp               int64
	TimestampSource         *string
	ObservedTimestamp       *int64
	TraceID, SpanID         string
	TraceFlags              uint32
	SeverityText            string
	SeverityNumber          int32
	ServiceName, Body       string
	BodyType                *string
	ResourceSchemaURL       string
	ResourceAttributes      []entry
	ResourceAttributeTypes  *string
	ScopeSchemaURL          string
	ScopeName, ScopeVersion string
	ScopeAttributes         []entry
	ScopeAttributeTypes     *string
	LogAttributes           []entry
	LogAttributeTypes       *string
	EventName, RecordUID    string
	SamplingThreshold       string
	RecordCount             int64
	Exact                   []byte // nil is NULL, what is not is never empty
	promoted                map[string]promotedValue
}

// promotedValue is what a promoted column holds in a row: its Parquet type in the words of promotedType, and the value.
type promotedValue struct {
	kind  byte // the letter of FORMAT.md for what the column holds
	value *string
}

// text is the row for people and for comparison, a line each column. JSON is in its canonical form.
func (r *row) text() string {
	var b strings.Builder
	line := func(name, value string) { b.WriteString(name + "=" + value + "\n") }
	str := func(name, value string) { line(name, strconv.Quote(value)) }
	opt := func(name string, value *string) {
		if value == nil {
			line(name, "NULL")
		} else {
			str(name, *value)
		}
	}
	attrs := func(name string, entries []entry, types *string) {
		for i, e := range entries {
			value := e.Value
			if types != nil && i < len(*types) && strings.IndexByte("ma", (*types)[i]) >= 0 {
				value = canonicalJSON(value)
			}
			line(name, fmt.Sprintf("%q: %q", e.Key, value))
		}
		opt(name+"Types", types)
	}
	line("Timestamp", strconv.FormatInt(r.Timestamp, 10))
	opt("TimestampSource", r.TimestampSource)
	if r.ObservedTimestamp == nil {
		line("ObservedTimestamp", "NULL")
	} else {
		line("ObservedTimestamp", strconv.FormatInt(*r.ObservedTimestamp, 10))
	}
	str("TraceId", r.TraceID)
	str("SpanId", r.SpanID)
	line("TraceFlags", strconv.FormatUint(uint64(r.TraceFlags), 10))
	str("SeverityText", r.SeverityText)
	line("SeverityNumber", strconv.FormatInt(int64(r.SeverityNumber), 10))
	str("ServiceName", r.ServiceName)
	body := r.Body
	if r.BodyType != nil && (*r.BodyType == "m" || *r.BodyType == "a") {
		body = canonicalJSON(body)
	}
	str("Body", body)
	opt("BodyType", r.BodyType)
	str("ResourceSchemaUrl", r.ResourceSchemaURL)
	attrs("ResourceAttributes", r.ResourceAttributes, r.ResourceAttributeTypes)
	str("ScopeSchemaUrl", r.ScopeSchemaURL)
	str("ScopeName", r.ScopeName)
	str("ScopeVersion", r.ScopeVersion)
	attrs("ScopeAttributes", r.ScopeAttributes, r.ScopeAttributeTypes)
	attrs("LogAttributes", r.LogAttributes, r.LogAttributeTypes)
	str("EventName", r.EventName)
	str("RecordUid", r.RecordUID)
	str("SamplingThreshold", r.SamplingThreshold)
	line("RecordCount", strconv.FormatInt(r.RecordCount, 10))
	if r.Exact == nil {
		line("Exact", "NULL")
	} else {
		line("Exact", canonicalOTLP(r.Exact))
	}
	return b.String()
}

// canonicalOTLP is OTLP bytes as the marshaler writes what they mean.
func canonicalOTLP(b []byte) string {
	ld, err := (&plog.ProtoUnmarshaler{}).UnmarshalLogs(b)
	if err == nil {
		b, err = (&plog.ProtoMarshaler{}).MarshalLogs(ld)
	}
	if err != nil {
		return "not OTLP: " + err.Error()
	}
	return fmt.Sprintf("%q", b)
}

// canonicalJSON is JSON without freedom in escapes and white space; keys keep their order, numbers their form.
func canonicalJSON(s string) string {
	if !json.Valid([]byte(s)) {
		return "not JSON: " + s
	}
	dec := json.NewDecoder(strings.NewReader(s))
	dec.UseNumber()
	var b strings.Builder
	for {
		token, err := dec.Token()
		if err != nil {
			return b.String()
		}
		switch token := token.(type) {
		case string:
			b.WriteString(quoteJSON(token) + " ")
		case nil:
			b.WriteString("null ")
		default:
			fmt.Fprint(&b, token, " ")
		}
	}
}

// rowset collects rows in any order; of large sets it keeps hashes alone.
type rowset struct {
	hashOnly bool
	hashes   []uint64
	texts    map[uint64]string
}

func (s *rowset) add(r *row) {
	text := r.text()
	h := xxhash.Sum64String(text)
	s.hashes = append(s.hashes, h)
	if !s.hashOnly {
		if s.texts == nil {
			s.texts = map[uint64]string{}
		}
		s.texts[h] = text
	}
}

// requireEqual fails with the first rows that one has more often than the other.
func (s *rowset) requireEqual(t *testing.T, got *rowset) {
	t.Helper()
	slices.Sort(s.hashes)
	slices.Sort(got.hashes)
	if slices.Equal(s.hashes, got.hashes) {
		return
	}
	missing, extra := difference(s.hashes, got.hashes), difference(got.hashes, s.hashes)
	t.Errorf("%d rows, want %d; %d are missing, %d are not expected", len(got.hashes), len(s.hashes), len(missing), len(extra))
	const show = 3
	for i, h := range missing {
		if i < show {
			near := got.nearest(s.texts[h], extra)
			t.Errorf("missing; what differs from the nearest row (want, got):\n%s", lineDiff(s.texts[h], near))
		}
	}
	t.FailNow()
}

// difference is what sorted a has more of than sorted b.
func difference(a, b []uint64) (d []uint64) {
	for len(a) > 0 {
		switch {
		case len(b) == 0 || a[0] < b[0]:
			d = append(d, a[0])
			a = a[1:]
		case a[0] == b[0]:
			a, b = a[1:], b[1:]
		default:
			b = b[1:]
		}
	}
	return d
}

// nearest is the row among those that has most lines in common with text.
func (s *rowset) nearest(text string, among []uint64) string {
	best, most := "", -1
	for _, h := range among {
		n := 0
		for line := range strings.Lines(text) {
			if strings.Contains(s.texts[h], line) {
				n++
			}
		}
		if n > most {
			best, most = s.texts[h], n
		}
	}
	return best
}

func lineDiff(want, got string) string {
	var b strings.Builder
	for _, side := range []struct{ mark, a, b string }{{"- ", want, got}, {"+ ", got, want}} {
		for line := range strings.Lines(side.a) {
			if !strings.Contains(side.b, line) {
				if len(line) > 300 {
					line = line[:300] + "…\n"
				}
				b.WriteString(side.mark + line)
			}
		}
	}
	return b.String()
}

// promotedPrefixes begin the names of promoted columns.
var promotedPrefixes = []string{"LogAttributes.", "ResourceAttributes."}

// promotedKey takes the name of a promoted column apart.
func promotedKey(column string) (m, key string, ok bool) {
	for _, p := range promotedPrefixes {
		if rest, found := strings.CutPrefix(column, p); found {
			return strings.TrimSuffix(p, "."), rest, true
		}
	}
	return "", "", false
}

// checkPromoted compares the promoted columns of a row with its maps, which are compared with the records.
func (r *row) checkPromoted() error {
	for column, got := range r.promoted {
		m, key, _ := promotedKey(column)
		entries, types := r.LogAttributes, r.LogAttributeTypes
		if m == "ResourceAttributes" {
			entries, types = r.ResourceAttributes, r.ResourceAttributeTypes
		}
		var want *string
		for i, e := range entries {
			letter := byte('s')
			if types != nil {
				letter = (*types)[i]
			}
			if e.Key == key && letter == got.kind {
				want = &entries[i].Value
			}
		}
		switch {
		case want == nil && got.value == nil:
		case want == nil || got.value == nil || *want != *got.value:
			return fmt.Errorf("column %s holds %s, its map %s, in row\n%s", column, orNull(got.value), orNull(want), r.text())
		}
	}
	return nil
}

func orNull(s *string) string {
	if s == nil {
		return "NULL"
	}
	return strconv.Quote(*s)
}
