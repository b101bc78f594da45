// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/logboom/logboom/logql"
)

// lineSource are the lines of a reader, all at the time when the query began. It can be selected from once;
// a query that selects more often gets a copy in memory.
type lineSource struct {
	in     io.Reader
	labels logql.Labels
	now    int64
	memory *logql.Memory
}

// keep reads all lines into memory.
func (s *lineSource) keep(limit int64) error {
	var entries []logql.Entry
	err := s.lines(func(line string) error {
		if limit -= int64(len(line)) + 128; limit < 0 {
			return errors.New("the lines of standard input need more memory than --max-memory-mib")
		}
		entries = append(entries, logql.Entry{Timestamp: s.now, Line: line, Stream: s.labels})
		return nil
	})
	s.memory = logql.NewMemory(entries)
	return err
}

func (s *lineSource) lines(visit func(string) error) error {
	r := bufio.NewReaderSize(s.in, 64<<10)
	for number := 1; ; number++ {
		line, err := readLine(r)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read line %d: %w", number, err)
		}
		if err := visit(strings.TrimSuffix(string(line), "\r")); err != nil {
			return err
		}
	}
}

func (s *lineSource) Select(ctx context.Context, req *logql.SelectRequest, yield func(*logql.Entry) error) error {
	if s.memory != nil {
		return s.memory.Select(ctx, req, yield)
	}
	if !logql.MatchStream(s.labels, req.Matchers) {
		return nil
	}
	entry := logql.Entry{}
	return s.lines(func(line string) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		entry = logql.Entry{Timestamp: s.now, Line: line, Stream: s.labels}
		return yield(&entry)
	})
}
