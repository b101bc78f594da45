// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package search

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/logboom/logboom/test/bench/internal/rig"
)

// report prints a line a query: for each candidate the median of the repetitions and the least of them in brackets, and
// behind the stroke the time of the first query of a new process.
func (b *bench) report(w io.Writer) {
	fmt.Fprintln(w, "Needles:")
	for i, q := range b.queries {
		if needle := q.needle(); needle != "" {
			fmt.Fprintf(w, "- %s: `%s`, %d found\n", q.name, needle, b.want[i].count)
		}
	}
	fmt.Fprintln(w, "\nMilliseconds: median (least) / first of a new process with the files out of the system's cache.")
	b.table(w, b.cell)
	fmt.Fprintln(w, "\nProcessor time of the process in milliseconds, median: what a busy machine does not change much.")
	b.table(w, func(c candidate, q *query) string {
		if used := b.cpu[key(c, q)]; len(used) > 0 {
			return rig.Milliseconds(rig.Median(used))
		}
		return "-"
	})
	fmt.Fprintln(w)
	for _, c := range b.candidates {
		if peak := b.memory[c.name()]; peak > 0 {
			fmt.Fprintf(w, "%s: peak resident memory of all these queries %d MiB\n", c.name(), peak>>20)
		}
	}
}

func (b *bench) table(w io.Writer, cell func(candidate, *query) string) {
	table := tabwriter.NewWriter(w, 0, 0, 1, ' ', 0)
	fmt.Fprint(table, "| query\t| found\t| bar\t")
	for _, c := range b.candidates {
		fmt.Fprintf(table, "| %s\t", c.name())
	}
	fmt.Fprintf(table, "|\n|%s\n", strings.Repeat(" ---\t|", 3+len(b.candidates)))
	for i, q := range b.queries {
		bar := "-"
		if q.bar > 0 {
			bar = rig.Milliseconds(q.bar)
		}
		fmt.Fprintf(table, "| %s\t| %d\t| %s\t", q.name, b.want[i].count, bar)
		for _, c := range b.candidates {
			fmt.Fprintf(table, "| %s\t", cell(c, q))
		}
		fmt.Fprintln(table, "|")
	}
	table.Flush()
}

func (b *bench) cell(c candidate, q *query) string {
	took, first := b.took[key(c, q)], b.first[key(c, q)]
	if len(took) == 0 {
		return "error"
	}
	s := fmt.Sprintf("%s (%s)", rig.Milliseconds(rig.Median(took)), rig.Milliseconds(slices.Min(took)))
	if len(first) > 0 {
		s += " / " + rig.Milliseconds(rig.Median(first))
	}
	if b.wrong[key(c, q)] {
		s += " (another answer)"
	}
	return s
}
