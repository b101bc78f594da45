// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package sinks

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/ClickHouse/ch-go/compress"
	"github.com/ClickHouse/ch-go/proto"
)

// clickHouseRevision is the protocol revision that the sink claims: the newest that the sink's library speaks.
const clickHouseRevision = proto.Version

// ClickHouse starts a server that speaks what clickhouse-go needs of ClickHouse's HTTP interface: the hello query,
// CREATE, DESCRIBE TABLE with the columns that the client itself created, and INSERT in the Native format. A document
// has the values of one row under their column names.
func ClickHouse(t testing.TB) *Sink {
	s := &Sink{}
	server := &clickHouse{sink: s}
	s.serve(t, server)
	return s
}

type clickHouse struct {
	sink    *Sink
	columns []column // of the one table, from CREATE TABLE; written before the first INSERT, one client
}

type column struct{ name, kind string }

// kind is the type of a column, empty when there is none of that name.
func (c *clickHouse) kind(name string) string {
	for _, col := range c.columns {
		if col.name == name {
			return col.kind
		}
	}
	return ""
}

func (c *clickHouse) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(r.Body)
	if err == nil {
		query := r.URL.Query().Get("query")
		if query == "" {
			query, raw = string(raw), nil
		}
		err = c.answer(w, r, strings.TrimSpace(query), raw)
	}
	if err != nil {
		c.sink.problem(err.Error())
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

func (c *clickHouse) answer(w http.ResponseWriter, r *http.Request, query string, data []byte) error {
	verb := strings.ToUpper(strings.SplitN(query, " ", 2)[0])
	switch {
	case strings.HasPrefix(query, "SELECT displayName()"):
		revision := proto.ColUInt32{clickHouseRevision}
		return writeBlock(w, r, proto.Input{
			{Name: "displayName()", Data: text("sink")},
			{Name: "version()", Data: text("25.8.1.1")},
			{Name: "revision()", Data: &revision},
			{Name: "timezone()", Data: text("UTC")},
		})
	case strings.HasPrefix(query, "CREATE DATABASE"):
		return nil
	case strings.HasPrefix(query, "CREATE TABLE"):
		c.columns = tableColumns(query)
		return nil
	case verb == "DESC" || verb == "DESCRIBE":
		return writeBlock(w, r, c.describe())
	case verb == "INSERT":
		return c.insert(data, r.URL.Query().Get("decompress") == "1")
	}
	return fmt.Errorf("answer query: not known: %.60q", query)
}

// describe answers DESCRIBE TABLE: name, type and five columns that are empty here.
func (c *clickHouse) describe() proto.Input {
	names := []string{"name", "type", "default_type", "default_expression", "comment", "codec_expression", "ttl_expression"}
	input := make(proto.Input, len(names))
	for i, name := range names {
		values := new(proto.ColStr)
		for _, col := range c.columns {
			values.Append([]string{col.name, col.kind, "", "", "", "", ""}[i])
		}
		input[i] = proto.InputColumn{Name: name, Data: values}
	}
	return input
}

// insert reads blocks in the Native format until the data ends.
func (c *clickHouse) insert(data []byte, compressed bool) error {
	var source io.Reader = bytes.NewReader(data)
	if compressed {
		source = compress.NewReader(source)
	}
	reader := proto.NewReader(source)
	for {
		results, err := c.results(reader)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read block: %w", err)
		}
		c.sink.add(results...)
	}
}

// results reads one block. Data over HTTP is encoded for revision 0: no block info, no custom serialization.
func (c *clickHouse) results(reader *proto.Reader) ([]Document, error) {
	columns, err := reader.Int()
	if err != nil {
		return nil, err
	}
	rows, err := reader.Int()
	if err != nil {
		return nil, err
	}
	docs := make([]Document, rows)
	for i := range docs {
		docs[i] = Document{}
	}
	for range columns {
		name, err := reader.Str()
		if err != nil {
			return nil, err
		}
		kind, err := reader.Str()
		if err != nil {
			return nil, err
		}
		col, value := columnOf(kind)
		if col == nil {
			return nil, fmt.Errorf("column %q has unknown type %q", name, kind)
		}
		if rows == 0 {
			continue
		}
		if state, ok := col.(proto.StateDecoder); ok {
			if err := state.DecodeState(reader); err != nil {
				return nil, fmt.Errorf("column %q: %w", name, err)
			}
		}
		if err := col.DecodeColumn(reader, rows); err != nil {
			return nil, fmt.Errorf("column %q: %w", name, err)
		}
		for i := range rows {
			docs[i][name] = value(i)
		}
	}
	return docs, nil
}

// columnOf gives the decoder of a type that the exporter's table has, and the value of one of its rows.
func columnOf(kind string) (proto.ColResult, func(int) any) {
	switch {
	case kind == "String":
		c := new(proto.ColStr)
		return c, func(i int) any { return c.Row(i) }
	case kind == "LowCardinality(String)":
		c := new(proto.ColStr).LowCardinality()
		return c, func(i int) any { return c.Row(i) }
	case kind == "UInt8":
		c := new(proto.ColUInt8)
		return c, func(i int) any { return c.Row(i) }
	case kind == "DateTime":
		c := new(proto.ColDateTime)
		return c, func(i int) any { return c.Row(i) }
	case strings.HasPrefix(kind, "DateTime64("):
		digits, _ := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(kind, "DateTime64("), ")"))
		c := new(proto.ColDateTime64).WithPrecision(proto.Precision(digits))
		return c, func(i int) any { return c.Row(i) }
	case kind == "Map(LowCardinality(String), String)":
		c := proto.NewMap(new(proto.ColStr).LowCardinality(), new(proto.ColStr))
		return c, func(i int) any { return c.Row(i) }
	}
	return nil, nil
}

func text(s string) *proto.ColStr {
	c := new(proto.ColStr)
	c.Append(s)
	return c
}

// writeBlock answers with one block, compressed when the client asked for it.
func writeBlock(w http.ResponseWriter, r *http.Request, input proto.Input) error {
	rows := 0
	if len(input) > 0 {
		rows = input[0].Data.Rows()
	}
	var buf proto.Buffer
	if err := (proto.Block{Columns: len(input), Rows: rows}).EncodeBlock(&buf, clickHouseRevision, input); err != nil {
		return fmt.Errorf("write block: %w", err)
	}
	out := buf.Buf
	if r.URL.Query().Get("compress") == "1" {
		z := compress.NewWriter(compress.LevelZero, compress.LZ4)
		if err := z.Compress(buf.Buf); err != nil {
			return fmt.Errorf("compress block: %w", err)
		}
		out = z.Data
	}
	_, err := w.Write(out)
	return err
}

var columnLine = regexp.MustCompile(`^\s+([A-Z][A-Za-z]*) (.+?)(?: CODEC\(.*| DEFAULT .*)?,?$`)

// tableColumns reads the columns of the exporter's CREATE TABLE statement, one a line.
func tableColumns(statement string) []column {
	var columns []column
	for line := range strings.Lines(statement) {
		line = strings.TrimRight(line, "\n")
		if strings.HasPrefix(strings.TrimSpace(line), "INDEX") || strings.HasPrefix(strings.TrimSpace(line), ")") {
			break
		}
		if m := columnLine.FindStringSubmatch(line); m != nil {
			columns = append(columns, column{name: m[1], kind: m[2]})
		}
	}
	return columns
}
