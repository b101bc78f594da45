// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/logboom/logboom/logql"
)

const (
	// maxRecordLine is how much of a line is in the answers that show records, in bytes: a page shows no more of one, and a line may
	// have megabytes. maxRecordValue is the same for a value of its labels.
	maxRecordLine  = 16 << 10
	maxRecordValue = 4 << 10
	// maxRecordLabels is how many labels a record has in answers, as in LogQL: they are searched one by one.
	maxRecordLabels = 2000
	// extracted ends the name of metadata that a label of the stream has, as in LogQL.
	extracted = "_extracted"
)

// recordJSON is a log record in the answers of the own API:
//
//	{"time":"1768435200000000000","line":"…","stream":{"service_name":"cart"},"metadata":{"detected_level":"error"}}
//
// with `line_truncated`, the bytes of the whole line, where it is cut, `values_truncated`, the names of the labels whose
// values are, and `labels_left_out`, how many there are more. It shares no memory with what it was made of.
type recordJSON struct {
	Time             int64 // ns since the Unix epoch
	Line             string
	LineTruncated    int
	Stream, Metadata logql.Labels // in no order; no name occurs twice
	ValuesTruncated  []string
	LabelsLeftOut    int
}

// newRecord makes one of an entry as a source yields it, cut to what a page shows.
func newRecord(e *logql.Entry) recordJSON { return makeRecord(e, maxRecordLine, maxRecordValue) }

// makeRecord makes one whose line and whose values have at most so many bytes.
func makeRecord(e *logql.Entry, line, value int) recordJSON {
	r := recordJSON{Time: e.Timestamp, Line: strings.Clone(cutText(e.Line, line))}
	if len(r.Line) < len(e.Line) {
		r.LineTruncated = len(e.Line)
	}
	r.Stream = make(logql.Labels, 0, len(e.Stream))
	r.Metadata = make(logql.Labels, 0, min(len(e.Metadata), maxRecordLabels))
	clone := func(l logql.Label) logql.Label {
		out := logql.Label{Name: strings.Clone(l.Name), Value: strings.Clone(cutText(l.Value, value))}
		if len(out.Value) < len(l.Value) {
			r.ValuesTruncated = append(r.ValuesTruncated, out.Name)
		}
		return out
	}
	for _, l := range e.Stream {
		if l.Value != "" {
			r.Stream = append(r.Stream, clone(l))
		}
	}
	for i, l := range e.Metadata {
		if len(r.Stream)+len(r.Metadata) >= maxRecordLabels {
			r.LabelsLeftOut = len(e.Metadata) - i
			break
		}
		if hasLabel(r.Stream, l.Name) {
			l.Name += extracted
		}
		if !hasLabel(r.Metadata, l.Name) && !hasLabel(r.Stream, l.Name) { // the first counts, as in LogQL
			r.Metadata = append(r.Metadata, clone(l))
		}
	}
	return r
}

func hasLabel(ls logql.Labels, name string) bool {
	for i := range ls {
		if ls[i].Name == name {
			return true
		}
	}
	return false
}

// cutText returns at most so many bytes of a text, and no part of a character.
func cutText(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for n := most; n > most-utf8.UTFMax && n > 0; n-- {
		if utf8.RuneStart(s[n]) {
			return s[:n]
		}
	}
	return s[:most] // no UTF-8 at all
}

// label is a value of the stream or, if that has none, of the metadata.
func (r *recordJSON) label(name string) string {
	for _, ls := range []logql.Labels{r.Stream, r.Metadata} {
		for i := range ls {
			if ls[i].Name == name {
				return ls[i].Value
			}
		}
	}
	return ""
}

// size is about how much memory it holds.
func (r *recordJSON) size() int64 {
	return int64(len(r.Line)+labelsSize(r.Stream)+labelsSize(r.Metadata)+32*(len(r.Stream)+len(r.Metadata))) + 160
}

// MarshalJSON implements [json.Marshaler].
func (r recordJSON) MarshalJSON() ([]byte, error) {
	b := make([]byte, 0, int(r.size()))
	return append(r.appendFields(append(b, '{')), '}'), nil
}

// appendFields writes what stands between the braces, for objects that have more.
func (r *recordJSON) appendFields(b []byte) []byte {
	b = append(b, `"time":"`...)
	b = strconv.AppendInt(b, r.Time, 10)
	b = append(b, `","line":`...)
	b = appendText(b, r.Line)
	if r.LineTruncated > 0 {
		b = append(b, `,"line_truncated":`...)
		b = strconv.AppendInt(b, int64(r.LineTruncated), 10)
	}
	b = append(b, `,"stream":`...)
	b = appendLabels(b, r.Stream)
	b = append(b, `,"metadata":`...)
	b = appendLabels(b, r.Metadata)
	if len(r.ValuesTruncated) > 0 {
		b = append(b, `,"values_truncated":[`...)
		for i, name := range r.ValuesTruncated {
			b = appendText(appendComma(b, i), name)
		}
		b = append(b, ']')
	}
	if r.LabelsLeftOut > 0 {
		b = append(b, `,"labels_left_out":`...)
		b = strconv.AppendInt(b, int64(r.LabelsLeftOut), 10)
	}
	return b
}

// success is the answer of an endpoint of the own API, with the warnings of what could not be read.
func (c *call) success(data any) answer {
	return answer{json: response{Status: "success", Warnings: c.warnings(), Data: data}}
}
