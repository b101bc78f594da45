// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"encoding/json"
	"math"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/logboom/logboom/logql"
)

// resultJSON is the answer to a query. It is written by hand: an answer may have megabytes of lines.
type resultJSON struct {
	kind       string
	categorize bool
	warnings   []string
	stats      statistics

	streams []logql.Stream // of the kind streams
	series  []logql.Series // matrix, and vector with one point each
	scalar  logql.Point
}

func (r *resultJSON) answer() (answer, error) {
	stats, err := json.Marshal(&r.stats)
	if err != nil {
		return answer{}, err
	}
	b := make([]byte, 0, r.size()+len(stats)+256)
	b = append(b, `{"status":"success",`...)
	if len(r.warnings) > 0 {
		b = append(b, `"warnings":[`...)
		for i, w := range r.warnings {
			b = appendComma(b, i)
			b = appendText(b, w)
		}
		b = append(b, `],`...)
	}
	b = append(b, `"data":{"resultType":`...)
	b = appendText(b, r.kind)
	if r.categorize {
		b = append(b, `,"encodingFlags":["`+categorizeLabels+`"]`...)
	}
	b = append(b, `,"result":`...)
	switch r.kind {
	case string(logql.TypeStreams):
		b = r.appendStreams(b)
	case string(logql.TypeScalar):
		b = appendPoint(b, r.scalar)
	default:
		b = r.appendSeries(b)
	}
	b = append(b, `,"stats":`...)
	b = append(b, stats...)
	return answer{body: append(b, "}}\n"...)}, nil
}

// size is about how long the text will be.
func (r *resultJSON) size() int {
	n := 0
	for i := range r.streams {
		s := &r.streams[i]
		n += labelsSize(s.Labels) + 32
		for j := range s.Entries {
			e := &s.Entries[j]
			n += len(e.Line)*9/8 + 32 // some characters are escaped
			if r.categorize {
				n += labelsSize(e.Metadata) + labelsSize(e.Parsed) + 48
			}
		}
	}
	for i := range r.series {
		n += labelsSize(r.series[i].Labels) + 32 + 32*len(r.series[i].Points)
	}
	return n
}

func labelsSize(ls logql.Labels) int {
	n := 2
	for i := range ls {
		n += len(ls[i].Name) + len(ls[i].Value) + 6
	}
	return n
}

func (r *resultJSON) appendStreams(b []byte) []byte {
	b = append(b, '[')
	for i := range r.streams {
		s := &r.streams[i]
		b = appendComma(b, i)
		b = append(b, `{"stream":`...)
		b = appendLabels(b, s.Labels)
		b = append(b, `,"values":[`...)
		for j := range s.Entries {
			e := &s.Entries[j]
			b = appendComma(b, j)
			b = append(b, `["`...)
			b = strconv.AppendInt(b, e.Timestamp, 10)
			b = append(b, `",`...)
			b = appendText(b, e.Line)
			if r.categorize {
				b = append(b, ',')
				b = appendCategories(b, e.Metadata, e.Parsed)
			}
			b = append(b, ']')
		}
		b = append(b, `]}`...)
	}
	return append(b, ']')
}

// appendCategories writes what a client that asked for categorized labels gets of an entry.
func appendCategories(b []byte, metadata, parsed logql.Labels) []byte {
	b = append(b, '{')
	if len(parsed) > 0 {
		b = append(b, `"parsed":`...)
		b = appendLabels(b, parsed)
	}
	if len(metadata) > 0 {
		b = appendComma(b, len(parsed))
		b = append(b, `"structuredMetadata":`...)
		b = appendLabels(b, metadata)
	}
	return append(b, '}')
}

func (r *resultJSON) appendSeries(b []byte) []byte {
	b = append(b, '[')
	for i := range r.series {
		s := &r.series[i]
		b = appendComma(b, i)
		b = append(b, `{"metric":`...)
		b = appendLabels(b, s.Labels)
		if r.kind == string(logql.TypeVector) {
			b = append(b, `,"value":`...)
			b = appendPoint(b, s.Points[0])
		} else {
			b = append(b, `,"values":[`...)
			for j, p := range s.Points {
				b = appendComma(b, j)
				b = appendPoint(b, p)
			}
			b = append(b, ']')
		}
		b = append(b, '}')
	}
	return append(b, ']')
}

func appendComma(b []byte, i int) []byte {
	if i > 0 {
		return append(b, ',')
	}
	return b
}

func appendLabels(b []byte, ls logql.Labels) []byte {
	b = append(b, '{')
	for i := range ls {
		b = appendComma(b, i)
		b = appendText(b, ls[i].Name)
		b = append(b, ':')
		b = appendText(b, ls[i].Value)
	}
	return append(b, '}')
}

// appendPoint writes seconds, with at most three decimals, and the value as a string.
func appendPoint(b []byte, p logql.Point) []byte {
	b = append(b, '[')
	ms := p.T / int64(time.Millisecond)
	if ms%1000 == 0 {
		b = strconv.AppendInt(b, ms/1000, 10)
	} else {
		b = strconv.AppendFloat(b, float64(ms)/1000, 'f', -1, 64)
	}
	b = append(b, `,"`...)
	switch {
	case math.IsInf(p.V, 1):
		b = append(b, "+Inf"...)
	case math.IsInf(p.V, -1):
		b = append(b, "-Inf"...)
	default:
		b = strconv.AppendFloat(b, p.V, 'f', -1, 64)
	}
	return append(b, `"]`...)
}

// appendText writes a JSON string. What is not UTF-8 becomes U+FFFD; U+2028 and U+2029 are escaped for JavaScript.
func appendText(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			switch {
			case r == utf8.RuneError && n == 1:
				b = append(b, s[from:i]...)
				b = append(b, `\ufffd`...)
				from = i + n
			case r == '\u2028' || r == '\u2029':
				b = append(b, s[from:i]...)
				b = append(b, `\u202`...)
				b = append(b, hex[r&0xf])
				from = i + n
			}
			i += n
			continue
		}
		b = append(b, s[from:i]...)
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\b':
			b = append(b, `\b`...)
		case '\f':
			b = append(b, `\f`...)
		case '\n':
			b = append(b, `\n`...)
		case '\r':
			b = append(b, `\r`...)
		case '\t':
			b = append(b, `\t`...)
		default:
			b = append(b, `\u00`...)
			b = append(b, hex[c>>4], hex[c&0xf])
		}
		i++
		from = i
	}
	b = append(b, s[from:]...)
	return append(b, '"')
}
