// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/logboom/logboom/internal/archivesource"
	"github.com/logboom/logboom/logql"
)

// printStats says what a query did, a line for each kind of work.
func (o *queryOptions) printStats(w io.Writer, src logql.Source, q logql.Stats, took time.Duration) {
	weighted := ""
	if q.Weighted {
		weighted = " (weighted: some stand for several)"
	}
	fmt.Fprintf(w, "time        %s\n", round(took))
	fmt.Fprintf(w, "entries     %d seen, %d passed%s\n", q.Entries, q.Returned, weighted)
	a, ok := src.(*archivesource.Source)
	if !ok {
		return
	}
	s := a.Stats()
	fmt.Fprintf(w, "objects     %d: %d pruned, %d counted from the commit log, %d read\n", s.ObjectsTotal, s.ObjectsPruned, s.ObjectsCounted, s.ObjectsRead)
	p := s.RowGroupsPruned
	fmt.Fprintf(w, "row groups  %d: %d read", s.RowGroupsTotal, s.RowGroupsRead)
	for _, reason := range []struct {
		name string
		n    int
	}{{"time", p.Time}, {"service", p.Service}, {"severity", p.Severity}, {"values", p.Values}, {"index", p.Index}} {
		if reason.n > 0 {
			fmt.Fprintf(w, ", %d pruned by %s", reason.n, reason.name)
		}
	}
	fmt.Fprintf(w, "\nrows        %d scanned, %d bodies looked at, %d passed, %d duplicates\n", s.RowsScanned, s.BodiesScanned, s.RowsYielded, s.RowsDuplicates)
	fmt.Fprintf(w, "bucket      %d bytes of %d fetched in %d requests, %d cache hits\n", s.BytesRead, s.BytesTotal, s.Requests, s.CacheHits)
	var stages strings.Builder
	for _, stage := range []struct {
		name string
		d    time.Duration
	}{{"plan", s.Plan}, {"index", s.Index}, {"fetch", s.Fetch}, {"decode", s.Decode}, {"filter", s.Filter}} {
		fmt.Fprintf(&stages, " %s %s", stage.name, round(stage.d))
	}
	fmt.Fprintf(w, "stages     %s (of all goroutines together)\n", stages.String())
	fmt.Fprintf(w, "memory      %d bytes reserved for reading\n", s.MemoryBytes)
}

func round(d time.Duration) time.Duration {
	if d > time.Second {
		return d.Round(time.Millisecond)
	}
	return d.Round(time.Microsecond)
}
