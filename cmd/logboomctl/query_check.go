// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/logboom/logboom/logql"
)

// verdict is what --check --jsonl says of a query. All keys are always there; those that do not apply are null.
type verdict struct {
	Valid     bool    `json:"valid"`
	Kind      *string `json:"kind"`  // "log" or "metric", of a valid query
	Error     *string `json:"error"` // of an invalid one
	Line      *int    `json:"line"`  // of the mistake, from 1
	Col       *int    `json:"col"`   // in characters, from 1
	Canonical *string `json:"canonical"`
}

// checkQueries reads a JSON string a line and writes a verdict a line. Blank lines are passed over; a line that is no JSON string
// gets a verdict too, so that the lines of both sides can be counted.
func checkQueries(ctx context.Context, in io.Reader, out io.Writer) error {
	r := bufio.NewReaderSize(in, 64<<10)
	w := bufio.NewWriterSize(out, 64<<10)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for number := 1; ; number++ {
		line, err := readLine(r)
		if errors.Is(err, io.EOF) {
			return w.Flush()
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return errors.Join(fmt.Errorf("read line %d: %w", number, err), w.Flush())
		}
		if len(bytes.TrimSpace(line)) > 0 {
			if err := enc.Encode(checkQuery(line)); err != nil {
				return fmt.Errorf("write answer: %w", err)
			}
		}
		if r.Buffered() == 0 { // whoever writes the queries may be waiting
			if err := w.Flush(); err != nil {
				return fmt.Errorf("write answer: %w", err)
			}
		}
	}
}

func checkQuery(line []byte) verdict {
	var query *string
	if err := json.Unmarshal(line, &query); err != nil || query == nil {
		return invalid("the line is not a JSON string with a query")
	}
	e, err := logql.Parse(*query)
	if err != nil {
		v := invalid(err.Error())
		if p, ok := errors.AsType[*logql.ParseError](err); ok {
			v.Error, v.Line, v.Col = &p.Msg, &p.Pos.Line, &p.Pos.Col
		}
		return v
	}
	kind, canonical := "metric", e.String()
	if _, ok := e.(*logql.LogExpr); ok {
		kind = "log"
	}
	return verdict{Valid: true, Kind: &kind, Canonical: &canonical}
}

func invalid(message string) verdict { return verdict{Error: &message} }
