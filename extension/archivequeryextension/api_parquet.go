// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"bytes"
	"fmt"
	"mime"
	"strings"

	"github.com/parquet-go/parquet-go"

	"github.com/logboom/logboom/logql"
)

// parquetType is what the header Accept names for an answer in Parquet.
const parquetType = "application/vnd.apache.parquet"

// warningsKey is the metadata of a Parquet answer that says what it lacks, a line each.
const warningsKey = "logboom.warnings"

// parquetLine is a row of the answer to a log query, parquetSample of one to a metric query, as Loki documents them.
type parquetLine struct {
	Timestamp int64             `parquet:"timestamp,timestamp(nanosecond)"`
	Labels    map[string]string `parquet:"labels"`
	Line      string            `parquet:"line"`
}

type parquetSample struct {
	Timestamp int64             `parquet:"timestamp,timestamp(nanosecond)"`
	Labels    map[string]string `parquet:"labels"`
	Value     float64           `parquet:"value"`
}

// wantsParquet reports whether the client asks for an answer in Parquet.
func (c *call) wantsParquet() bool {
	for _, part := range strings.Split(c.r.Header.Get("Accept"), ",") {
		if kind, _, err := mime.ParseMediaType(part); err == nil && kind == parquetType {
			return true
		}
	}
	return false
}

// parquet is the answer as a Parquet file. Its lines have all labels, whether they were to be categorized or not.
func (r *resultJSON) parquet() (answer, error) {
	var buf bytes.Buffer
	var err error
	options := []parquet.WriterOption{parquet.Compression(&parquet.Snappy)}
	if len(r.warnings) > 0 {
		options = append(options, parquet.KeyValueMetadata(warningsKey, strings.Join(r.warnings, "\n")))
	}
	switch r.kind {
	case string(logql.TypeStreams):
		err = writeParquet(&buf, options, func(write func(...parquetLine) error) error {
			for i := range r.streams {
				labels := r.streams[i].Labels.Map()
				for j := range r.streams[i].Entries {
					e := &r.streams[i].Entries[j]
					if err := write(parquetLine{e.Timestamp, labels, e.Line}); err != nil {
						return err
					}
				}
			}
			return nil
		})
	default:
		series := r.series
		if r.kind == string(logql.TypeScalar) {
			series = []logql.Series{{Points: []logql.Point{r.scalar}}}
		}
		err = writeParquet(&buf, options, func(write func(...parquetSample) error) error {
			for i := range series {
				labels := series[i].Labels.Map()
				for _, p := range series[i].Points {
					if err := write(parquetSample{p.T, labels, p.V}); err != nil {
						return err
					}
				}
			}
			return nil
		})
	}
	if err != nil {
		return answer{}, fmt.Errorf("encode answer: %w", err)
	}
	return answer{body: buf.Bytes(), contentType: parquetType}, nil
}

// writeParquet makes a file of the rows that each writes.
func writeParquet[T any](buf *bytes.Buffer, options []parquet.WriterOption, each func(write func(...T) error) error) error {
	w := parquet.NewGenericWriter[T](buf, options...)
	err := each(func(rows ...T) error {
		_, err := w.Write(rows)
		return err
	})
	if err != nil {
		return err
	}
	return w.Close()
}
