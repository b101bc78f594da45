// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/logql"
)

const (
	// defaultTrailLimit is how many records a trail has, and maxTrailLimit how many it may.
	defaultTrailLimit, maxTrailLimit = 2000, 10_000
	// maxTrailBytes bounds the memory of the records of a trail, and maxTrailLine one line of them.
	maxTrailBytes, maxTrailLine = 32 << 20, 1 << 20
	// minTrailID and maxTrailID bound the id: of shorter ones too many words are part.
	minTrailID, maxTrailID = 4, 256
	// maxTrailIDs is how many ids a trail follows, and maxLinked how many requests or traces: more than that are not of one request
	// but have something in common, such as a user.
	maxTrailIDs, maxLinked = 12, 6
	// linkedSpan is how far from the records that were found others are looked for that have a linked id.
	linkedSpan = time.Hour
)

// trailRecord is a record of a trail on its way.
type trailRecord struct {
	recordJSON
	observed int64
	parsed   logql.Labels // what its line says of itself
}

// trailID is an id, with the name of the field that it was found in: "" is not known yet.
type trailID struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// trailFinder collects the records of a request.
type trailFinder struct {
	c          *call
	start, end int64 // start <= t < end
	limit      int

	ids       []trailID // those that were searched
	records   []trailRecord
	bytes     int64
	truncated bool
	parser    logql.FieldParser
}

// find looks for the records with the id, and for those with the ids of traces and requests that these have, and so on.
func (f *trailFinder) find(id string) error {
	if err := f.search(trailID{Value: id}); err != nil {
		return err
	}
	if len(f.records) == 0 {
		for _, other := range spellings(id) {
			f.ids = nil
			if err := f.search(trailID{Value: other}); err != nil {
				return err
			}
			if len(f.records) > 0 {
				break
			}
		}
	}
	if len(f.records) == 0 {
		f.ids = []trailID{{Value: id}}
		return nil
	}
	f.name(&f.ids[0])
	start, end := f.start, f.end
	for round := 0; round < 3 && !f.truncated; round++ {
		linked := f.linked()
		if len(linked) == 0 {
			break
		}
		first, last := f.span()
		f.start, f.end = max(start, saturatingAdd(first, -int64(linkedSpan))), min(end, saturatingAdd(last, int64(linkedSpan)))
		for _, id := range linked {
			if len(f.ids) < maxTrailIDs {
				if err := f.search(id); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func saturatingAdd(t, d int64) int64 {
	switch {
	case d > 0 && t > math.MaxInt64-d:
		return math.MaxInt64
	case d < 0 && t < math.MinInt64-d:
		return math.MinInt64
	}
	return t + d
}

// span are the times of the first and the last record.
func (f *trailFinder) span() (first, last int64) {
	first, last = math.MaxInt64, math.MinInt64
	for i := range f.records {
		first, last = min(first, f.records[i].Time), max(last, f.records[i].Time)
	}
	return first, last
}

// search adds the records that have an id as the value of any field, or in their text, but for those that are there already.
func (f *trailFinder) search(id trailID) error {
	before := slices.Clone(f.ids)
	f.ids = append(f.ids, id)
	isNew := func(r *archive.Record) bool {
		for _, known := range before {
			if hasValue(r, known.Value) || hasID(r.Body, known.Value) {
				return false
			}
		}
		return true
	}
	err := f.scan(archive.ScanRequest{
		Values: []archive.ValueFilter{{Value: id.Value}},
		Keep:   isNew,
	})
	if err != nil || f.truncated {
		return err
	}
	return f.scan(archive.ScanRequest{
		Lines: []archive.LineFilter{{Kind: archive.LineContains, Text: id.Value}},
		Keep:  func(r *archive.Record) bool { return hasID(r.Body, id.Value) && !hasValue(r, id.Value) && isNew(r) },
	})
}

func (f *trailFinder) scan(req archive.ScanRequest) error {
	req.Start, req.End, req.Limit = f.start, f.end, f.limit-len(f.records)+1
	return f.c.source.ScanRecords(f.c.ctx, req, func(e *logql.Entry, r *archive.Record) error {
		if len(f.records) == f.limit || f.bytes > maxTrailBytes {
			f.truncated = true
			return logql.ErrStop
		}
		record := trailRecord{recordJSON: makeRecord(e, maxTrailLine, maxRecordValue), observed: r.ObservedTimestamp}
		if parsed, _ := f.parser.Parse(nil, nil, record.Line); len(parsed) > 0 {
			record.parsed = identifying(parsed)
		}
		f.bytes += record.size()
		f.records = append(f.records, record)
		return nil
	})
}

// hasValue reports whether any field of a record has the value.
func hasValue(r *archive.Record, v string) bool {
	if r.TraceID == v || r.SpanID == v || r.EventName == v {
		return true
	}
	for _, list := range [][]archive.Attribute{r.LogAttributes, r.ResourceAttributes, r.ScopeAttributes} {
		for i := range list {
			if list[i].Value == v {
				return true
			}
		}
	}
	return false
}

// hasID reports whether a text has the id, and not as a part of a longer word.
func hasID(text, id string) bool {
	isWord := func(c byte) bool { return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
	for from := 0; ; {
		i := strings.Index(text[from:], id)
		if i < 0 {
			return false
		}
		i += from
		end := i + len(id)
		if (i == 0 || !isWord(text[i-1])) && (end == len(text) || !isWord(text[end])) {
			return true
		}
		from = i + 1
	}
}

// spellings are other ways in which an id may be written: a trace id in upper case or with the dashes of a UUID, and that of the header
// traceparent.
func spellings(id string) []string {
	var out []string
	add := func(s string) {
		if s != id && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	if parts := strings.Split(id, "-"); len(parts) == 4 && len(parts[0]) == 2 && isHex(parts[1]) && len(parts[1]) == 32 && len(parts[2]) == 16 {
		add(strings.ToLower(parts[1]))
		return out
	}
	add(strings.ToLower(id))
	if isUUID(id) {
		add(strings.ToLower(strings.ReplaceAll(id, "-", "")))
	}
	if len(id) == 32 && isHex(id) {
		lower := strings.ToLower(id)
		add(lower[:8] + "-" + lower[8:12] + "-" + lower[12:16] + "-" + lower[16:20] + "-" + lower[20:])
	}
	return out
}

func isHex(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'a' || r > 'f') && (r < 'A' || r > 'F')
	}) < 0
}

// linkNames are the names of fields that have the id of one request or of its trace, without the characters between their words and
// without "http", "x" and the like in front.
var linkNames = []string{"traceid", "requestid", "reqid", "rid", "correlationid", "transactionid", "operationid", "amzntraceid"}

// isLink reports whether a field has the id of a request or a trace, by its name.
func isLink(name string) bool { return linkOf(name) != "" }

// linkOf is what a field has the id of: a trace, a request, or "", which is neither.
func linkOf(name string) string {
	name = strings.TrimSuffix(name, extracted)
	short := strings.ToLower(strings.Map(func(r rune) rune {
		if r == '_' || r == '-' || r == '.' {
			return -1
		}
		return r
	}, name))
	for _, link := range linkNames {
		rest, ok := strings.CutSuffix(short, link)
		if !ok {
			continue
		}
		// "http.request_id" and "x-request-id" are such names, "grid" and "parent_request_id" are not.
		switch rest {
		case "", "x", "http", "httpx", "xb3", "b3", "dd", "otel", "ctx", "context", "mdc", "log", "attributes", "fields", "labels",
			"httprequest", "httprequestheader", "httprequestheaderx", "requestheadersx":
			if strings.HasSuffix(link, "traceid") {
				return "trace"
			}
			return "request"
		}
	}
	return ""
}

// isLinkValue reports whether a value is one that tells a request from others.
func isLinkValue(v string) bool {
	return len(v) >= 8 && len(v) <= maxTrailID && strings.Trim(v, "0-") != "" && !strings.ContainsAny(v, " \t\r\n")
}

// identifying are the fields of a line that have ids, and those that the trail is made of.
func identifying(parsed logql.Labels) logql.Labels {
	var out logql.Labels
	for _, l := range parsed {
		if isLink(l.Name) && len(l.Value) <= maxTrailID {
			out = append(out, l)
		}
	}
	return out.Clone()
}

// linked are the ids that the records have and that were not searched, if they are few.
func (f *trailFinder) linked() []trailID {
	values := map[string]map[string]bool{"trace": {}, "request": {}}
	f.eachLink(func(l logql.Label) { values[linkOf(l.Name)][l.Value] = true })
	seen := map[string]bool{}
	for _, id := range f.ids {
		seen[id.Value] = true
	}
	var out []trailID
	f.eachLink(func(l logql.Label) {
		if len(values[linkOf(l.Name)]) <= maxLinked && !seen[l.Value] {
			seen[l.Value] = true
			out = append(out, trailID{strings.TrimSuffix(l.Name, extracted), l.Value})
		}
	})
	return out
}

// eachLink calls visit with the ids of requests and traces that the records have.
func (f *trailFinder) eachLink(visit func(logql.Label)) {
	for i := range f.records {
		r := &f.records[i]
		for _, list := range []logql.Labels{r.Metadata, r.Stream, r.parsed} {
			for _, l := range list {
				if isLink(l.Name) && isLinkValue(l.Value) {
					visit(l)
				}
			}
		}
	}
}

// name says where an id was found.
func (f *trailFinder) name(id *trailID) {
	for i := range f.records {
		r := &f.records[i]
		for _, list := range []logql.Labels{r.Metadata, r.Stream, r.parsed} {
			for _, l := range list {
				if l.Value == id.Value {
					id.Name = strings.TrimSuffix(l.Name, extracted)
					return
				}
			}
		}
	}
	id.Name = "text"
}
