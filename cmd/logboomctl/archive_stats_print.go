// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/parquet-go/parquet-go/format"

	"github.com/logboom/logboom/archive"
)

// columnStats is what a column takes in the objects whose footers were read.
type columnStats struct {
	Name        string `json:"name"`
	Objects     int64  `json:"objects"` // that have it
	StoredBytes int64  `json:"stored_bytes"`
	RawBytes    int64  `json:"raw_bytes"` // encoded, before compression
	Values      int64  `json:"values"`    // of NULL and empty maps, too
	// Promoted tells that it repeats an attribute.
	Promoted bool `json:"promoted,omitempty"`
}

// readColumns reads the footers of a sample of the objects.
func (s *statsCollector) readColumns(ctx context.Context, c *archiveCall, sample int) error {
	objects := s.objects
	if sample > 0 && len(objects) > sample {
		chosen := make([]archive.ObjectMeta, 0, sample)
		for i := range sample {
			chosen = append(chosen, objects[i*len(objects)/sample])
		}
		objects = chosen
	}
	const readers = 16
	columns := map[string]*columnStats{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	next := make(chan *archive.ObjectMeta)
	failed := 0
	for range readers {
		wg.Go(func() {
			for m := range next {
				footer, err := readFooter(ctx, c.bucket, m)
				mu.Lock()
				if err != nil {
					failed++
					if ctx.Err() == nil {
						c.warn("%v", err)
					}
				} else {
					s.Footers++
					addColumns(columns, footer)
				}
				mu.Unlock()
			}
		})
	}
	for i := range objects {
		next <- &objects[i]
	}
	close(next)
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(columns)) {
		s.Columns = append(s.Columns, *columns[name])
	}
	slices.SortStableFunc(s.Columns, func(a, b columnStats) int { return cmp.Compare(b.StoredBytes, a.StoredBytes) })
	if failed > 0 {
		return fmt.Errorf("read footers of %s: %d of %d cannot be read", c.bucket.Name(), failed, len(objects))
	}
	return nil
}

func addColumns(columns map[string]*columnStats, footer *format.FileMetaData) {
	seen := map[string]bool{}
	for g := range footer.RowGroups {
		for i := range footer.RowGroups[g].Columns {
			m := &footer.RowGroups[g].Columns[i].MetaData
			// LogAttributes.key_value.key is a part of the map, the one name "LogAttributes.key" a promoted column.
			name := strings.Join(m.PathInSchema, ".")
			c := columns[name]
			if c == nil {
				promoted := len(m.PathInSchema) == 1 && strings.Contains(name, "Attributes.")
				c = &columnStats{Name: name, Promoted: promoted}
				columns[name] = c
			}
			if !seen[name] {
				seen[name] = true
				c.Objects++
			}
			c.StoredBytes += m.TotalCompressedSize
			c.RawBytes += m.TotalUncompressedSize
			c.Values += m.NumValues
		}
	}
}

// print writes the statistics for people.
func (s *statsCollector) print(out io.Writer, o *statsOptions) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	t := &s.Total
	fmt.Fprintf(w, "archive\t%s\n", s.Archive)
	fmt.Fprintf(w, "objects\t%d\n", t.Objects)
	fmt.Fprintf(w, "rows\t%d\n", t.Rows)
	fmt.Fprintf(w, "weighted\t%s\n", formatWeight(t.Weighted))
	fmt.Fprintf(w, "raw\t%s\t%d B\n", formatBytes(t.RawBytes), t.RawBytes)
	fmt.Fprintf(w, "stored\t%s\t%d B%s\n", formatBytes(t.StoredBytes), t.StoredBytes, perRow(t))
	if s.Oldest != nil {
		fmt.Fprintf(w, "oldest\t%s\n", formatNanos(s.min))
		fmt.Fprintf(w, "newest\t%s\n", formatNanos(s.max))
	}
	if s.Displaced.Objects > 0 {
		fmt.Fprintf(w, "displaced\t%d rows in %d objects: times far from their arrival\n", s.Displaced.Rows, s.Displaced.Objects)
	}
	if s.Uncounted > 0 {
		fmt.Fprintf(w, "uncounted\t%d rows: too many services in an object for the commit log to count\n", s.Uncounted)
	}
	if s.Damaged > 0 {
		fmt.Fprintf(w, "damaged\t%d log records: nothing is said of orphans\n", s.Damaged)
	} else {
		fmt.Fprintf(w, "orphans\t%d (%s)\n", s.Orphans, formatBytes(s.OrphanBytes))
		fmt.Fprintf(w, "pending\t%d\n", s.Pending)
	}
	if s.Removed > 0 {
		fmt.Fprintf(w, "removed\t%d (%s), deleted when the grace is over\n", s.Removed, formatBytes(s.RemovedBytes))
	}
	if s.Foreign > 0 {
		fmt.Fprintf(w, "foreign\t%d\n", s.Foreign)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, dimension := range o.by {
		lines := s.By[dimension]
		if dimension == "tenant" && len(lines) == 1 && lines[0].Name == "" {
			continue // there are no tenants
		}
		printLines(out, dimension, lines)
	}
	s.printWriters(out)
	s.printSizes(out)
	if len(s.Columns) > 0 {
		s.printColumns(out)
	}
	return nil
}

func perRow(l *statsLine) string {
	if l.Rows == 0 || l.StoredBytes == 0 {
		return ""
	}
	return fmt.Sprintf("\t%.1f B/row\t%.1f times smaller than raw", float64(l.StoredBytes)/float64(l.Rows), float64(l.RawBytes)/float64(l.StoredBytes))
}

// formatWeight writes a sum of weights, which is seldom whole.
func formatWeight(f float64) string {
	if f == math.Trunc(f) && math.Abs(f) < 1<<53 {
		return strconv.FormatFloat(f, 'f', 0, 64)
	}
	return strconv.FormatFloat(f, 'g', 10, 64)
}

func printLines(out io.Writer, dimension string, lines []statsLine) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	whole := dimension == "tenant" || dimension == "hour" // of objects, not of parts
	fmt.Fprintf(w, "\n%s\tROWS\tWEIGHTED\tBODIES", strings.ToUpper(dimension))
	if whole {
		fmt.Fprint(w, "\tOBJECTS\tRAW\tSTORED")
	}
	fmt.Fprintln(w)
	for i := range lines {
		l := &lines[i]
		fmt.Fprintf(w, "%s\t%d\t%s\t%s", cmp.Or(oneLine(l.Name), "-"), l.Rows, formatWeight(l.Weighted), formatBytes(l.BodyBytes))
		if whole {
			fmt.Fprintf(w, "\t%d\t%s\t%s", l.Objects, formatBytes(l.RawBytes), formatBytes(l.StoredBytes))
		}
		fmt.Fprintln(w)
	}
	_ = w.Flush()
}

func (s *statsCollector) printWriters(out io.Writer) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\nWRITER\tEPOCH\tSINCE\tLAST COMMIT\tCOMMITS\tOBJECTS\tROWS")
	for _, state := range s.Writers {
		fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%d\t%d\t%d\n", state.Writer, state.Epoch, formatMoment(state.LastClaim), formatMoment(state.LastCommit),
			state.Commits, state.Objects, state.Rows)
	}
	_ = w.Flush()
}

func formatMoment(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return formatNanos(t.UnixNano())
}

func (s *statsCollector) printSizes(out io.Writer) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\nOBJECT SIZE\tOBJECTS\tBYTES")
	from := int64(0)
	for _, c := range s.Sizes {
		name := "from " + formatBytes(from)
		if c.Below > 0 {
			name = "below " + formatBytes(c.Below)
		}
		from = c.Below
		if c.Objects > 0 {
			fmt.Fprintf(w, "%s\t%d\t%s\n", name, c.Objects, formatBytes(c.Bytes))
		}
	}
	_ = w.Flush()
}

func (s *statsCollector) printColumns(out io.Writer) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	var total int64
	for i := range s.Columns {
		total += s.Columns[i].StoredBytes
	}
	fmt.Fprintf(w, "\nCOLUMN, of %d footers\tSTORED\tSHARE\tENCODED\tOBJECTS\n", s.Footers)
	for i := range s.Columns {
		c := &s.Columns[i]
		name := c.Name
		if c.Promoted {
			name += " (promoted)"
		}
		fmt.Fprintf(w, "%s\t%s\t%.1f %%\t%s\t%d\n", name, formatBytes(c.StoredBytes), 100*float64(c.StoredBytes)/float64(max(total, 1)), formatBytes(c.RawBytes), c.Objects)
	}
	_ = w.Flush()
}
