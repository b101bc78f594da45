// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"bytes"
	"encoding/csv"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/logboom/logboom/internal/archivesource"
	"github.com/logboom/logboom/logql"
)

const (
	formatNDJSON, formatCSV, formatText = "ndjson", "csv", "text"

	columnTime, columnLine, columnLabels = "time", "line", "labels"
	// maxExportColumns bounds the columns of a CSV.
	maxExportColumns = 100
	// exportTime is how times are written for people: as long as each other, so that texts are in the order of time.
	exportTime = "2006-01-02T15:04:05.000000000Z"
)

// defaultColumns are those of a CSV for which the request names none.
func defaultColumns() []string {
	return []string{columnTime, labelService, archivesource.LabelLevel, columnLine, columnLabels}
}

// exportEncoder writes the records of an export to a buffer.
type exportEncoder struct {
	format  string
	columns []string // of a CSV
	buf     bytes.Buffer
	csv     *csv.Writer
	row     []string
	scratch []byte
}

func newExportEncoder(format string, columns []string) *exportEncoder {
	e := &exportEncoder{format: format, columns: columns}
	if format == formatCSV {
		e.csv = csv.NewWriter(&e.buf)
		for _, name := range columns { // they are of the request, which may be a link from anywhere
			e.row = append(e.row, csvCell(name))
		}
		_ = e.csv.Write(e.row) // a buffer does not fail
	}
	return e
}

// take returns what was written since the last time; it is valid until the next record.
func (e *exportEncoder) take() []byte {
	if e.csv != nil {
		e.csv.Flush()
	}
	b := e.buf.Bytes()
	e.buf.Reset()
	return b
}

// pending is about how much there is to take.
func (e *exportEncoder) pending() int { return e.buf.Len() }

func (e *exportEncoder) record(stream logql.Labels, x *logql.StreamEntry) {
	switch e.format {
	case formatCSV:
		e.row = e.row[:0]
		for _, name := range e.columns {
			e.row = append(e.row, csvCell(e.column(name, stream, x)))
		}
		_ = e.csv.Write(e.row)
	case formatText:
		b := time.Unix(0, x.Timestamp).UTC().AppendFormat(e.buf.AvailableBuffer(), exportTime)
		for _, name := range []string{archivesource.LabelLevel, labelService} {
			b = append(b, ' ')
			b = append(b, e.column(name, stream, x)...)
		}
		b = append(b, ' ')
		b = append(b, x.Line...)
		e.buf.Write(append(b, '\n'))
	default:
		b := append(e.buf.AvailableBuffer(), `{"time":"`...)
		b = strconv.AppendInt(b, x.Timestamp, 10)
		b = append(b, `","line":`...)
		b = appendText(b, x.Line)
		b = append(b, `,"stream":`...)
		b = appendLabels(b, stream)
		b = append(b, `,"metadata":`...)
		b = appendLabels(b, x.Metadata)
		if len(x.Parsed) > 0 {
			b = append(b, `,"parsed":`...)
			b = appendLabels(b, x.Parsed)
		}
		e.buf.Write(append(b, "}\n"...))
	}
}

// column is the value of a column: what the query's parsers made goes before metadata, as it does in LogQL.
func (e *exportEncoder) column(name string, stream logql.Labels, x *logql.StreamEntry) string {
	switch name {
	case columnTime:
		return time.Unix(0, x.Timestamp).UTC().Format(exportTime)
	case columnLine:
		return x.Line
	case columnLabels:
		all := slices.Concat(stream, x.Metadata, x.Parsed)
		all = slices.DeleteFunc(all, func(l logql.Label) bool { return slices.Contains(e.columns, l.Name) })
		e.scratch = appendLabels(e.scratch[:0], all)
		return string(e.scratch)
	}
	for _, ls := range []logql.Labels{x.Parsed, x.Metadata, stream} {
		if v := ls.Get(name); v != "" {
			return v
		}
	}
	return ""
}

// csvCell makes a value safe in spreadsheets, which run what begins as a formula does: it gets an apostrophe in front, unless it is a
// number. Lines of logs come from anywhere.
func csvCell(v string) string {
	if v == "" || !strings.ContainsRune("=+-@\t\r\n", rune(v[0])) {
		return v
	}
	if _, err := strconv.ParseFloat(v, 64); err == nil {
		return v
	}
	return "'" + v
}

// incomplete says at the end of a file what it lacks, in a way that can be told from records.
func (e *exportEncoder) incomplete(records int64, reasons []string) {
	switch e.format {
	case formatCSV:
		row := make([]string, len(e.columns))
		row[0] = "# incomplete: " + strings.Join(reasons, "; ")
		_ = e.csv.Write(row)
	case formatText:
		e.buf.WriteString("# incomplete: " + strings.Join(reasons, "; ") + "\n")
	default:
		b := append(e.buf.AvailableBuffer(), `{"incomplete":[`...)
		for i, reason := range reasons {
			b = appendText(appendComma(b, i), reason)
		}
		b = append(b, `],"records":`...)
		b = strconv.AppendInt(b, records, 10)
		e.buf.Write(append(b, "}\n"...))
	}
}
