// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/logboom/logboom/archive"
)

// statsOptions are the flags of `logboomctl archive stats`.
type statsOptions struct {
	by      []string
	top     int
	columns bool
	sample  int
	filter  objectFilter
	output  outputFlag
}

// dimensions are what stats can be broken down by.
var dimensions = []string{"service", "severity", "tenant", "hour"}

func newArchiveStatsCommand() *cobra.Command {
	o := &statsOptions{}
	cmd := &cobra.Command{
		Use:   "stats (URL | --config FILE)",
		Short: "What is in an archive, how large it is, and who writes it",
		Long: `Print totals, a breakdown, the writers, what crashes have left over, and the sizes of the objects: all from the commit log and
a listing, without reading data. ROWS are stored records; WEIGHTED is how many they stand for, what samplers dropped and
summaries count included. RAW is the text of bodies and attributes, STORED the size of the objects.

With --columns it also reads footers and prints what each column takes, and which attributes have a column of their own.
--start, --end, --service and --tenant choose whole objects, those that may hold such records.`,
		Example: `  logboomctl archive stats file:///var/lib/logboom/archive
  logboomctl archive stats s3://logs/prod --by hour --start 2026-11-23T00:00:00Z --columns --output json`,
	}
	f := cmd.Flags()
	f.StringSliceVar(&o.by, "by", []string{"service", "severity", "tenant"}, "break down by service, severity, tenant, hour; may be repeated")
	f.IntVar(&o.top, "top", 20, "lines of a breakdown at most, the largest, 0 for all (of hours: the latest)")
	f.BoolVar(&o.columns, "columns", false, "stored bytes by column, from the footers")
	f.IntVar(&o.sample, "sample", 200, "footers to read at most for --columns, spread evenly, 0 for all")
	o.filter.add(f)
	o.output.add(f, "text or json", "text", "json")
	archiveArgs(cmd, func() error {
		errs := []error{o.filter.check(), o.output.check()}
		for _, by := range o.by {
			if !slices.Contains(dimensions, by) {
				errs = append(errs, fmt.Errorf("--by must be service, severity, tenant or hour, got %q", by))
			}
		}
		if o.top < 0 || o.sample < 0 {
			errs = append(errs, errors.New("--top and --sample must not be negative"))
		}
		return errors.Join(errs...)
	}, o.run)
	return cmd
}

// archiveStats is what stats has found; it is also its JSON.
type archiveStats struct {
	Archive string    `json:"archive"`
	Total   statsLine `json:"total"`
	// Oldest and Newest are event times; nil when there is no record.
	Oldest    *time.Time `json:"oldest"`
	Newest    *time.Time `json:"newest"`
	Displaced statsLine  `json:"displaced"`
	// Uncounted are rows of objects whose commit record has no counts: they are in no breakdown by service and severity.
	Uncounted   int64                  `json:"uncounted_rows"`
	By          map[string][]statsLine `json:"by"`
	Writers     []*writerState         `json:"writers"`
	Orphans     int64                  `json:"orphans"`
	OrphanBytes int64                  `json:"orphan_bytes"`
	Pending     int64                  `json:"pending"`
	// Removed are objects that were replaced or have expired, and are deleted when the grace is over.
	Removed      int64         `json:"removed"`
	RemovedBytes int64         `json:"removed_bytes"`
	Foreign      int64         `json:"foreign"`
	Sizes        []sizeClass   `json:"object_sizes"`
	Columns      []columnStats `json:"columns,omitempty"`
	Footers      int64         `json:"footers_read,omitempty"`
	// Damaged are log records that could not be understood.
	Damaged int64 `json:"damaged_log_records"`
}

// statsLine sums up objects, or parts of them.
type statsLine struct {
	Name     string  `json:"name,omitempty"`
	Objects  int64   `json:"objects,omitempty"`
	Rows     int64   `json:"rows"`
	Weighted float64 `json:"weighted_rows"`
	// RawBytes are bodies and attributes, BodyBytes the bodies alone.
	RawBytes    int64 `json:"raw_bytes,omitempty"`
	BodyBytes   int64 `json:"body_bytes"`
	StoredBytes int64 `json:"stored_bytes,omitempty"`
}

func (l *statsLine) addCell(c *archive.CountCell) {
	l.Rows += c.Rows
	l.Weighted += c.Weight
	l.BodyBytes += c.Bytes
}

func (l *statsLine) addObject(m *archive.ObjectMeta) {
	l.Objects++
	l.RawBytes += m.RawBytes
	l.StoredBytes += m.Bytes
	if m.Counts == nil {
		l.Rows += m.Rows
		l.Weighted += float64(m.Rows)
		return
	}
	for i := range m.Counts.Cells {
		l.addCell(&m.Counts.Cells[i])
	}
}

// sizeClass counts objects of less than Below bytes, and not less than the class before; 0 is no bound.
type sizeClass struct {
	Below   int64 `json:"below"`
	Objects int64 `json:"objects"`
	Bytes   int64 `json:"bytes"`
}

func newSizeClasses() (list []sizeClass) {
	for below := int64(64 << 10); below <= 64<<20; below *= 4 {
		list = append(list, sizeClass{Below: below})
	}
	return append(list, sizeClass{})
}

// statsCollector goes through the commit log.
type statsCollector struct {
	archiveStats
	min, max int64
	by       map[string]map[string]*statsLine
	states   *logState
	live     map[string]int64
	objects  []archive.ObjectMeta // without counts, for --columns
}

// line returns the line of a breakdown, or a line that nobody sees where it was not asked for.
func (s *statsCollector) line(dimension, name string) *statsLine {
	lines, ok := s.by[dimension]
	if !ok {
		return &statsLine{}
	}
	l := lines[name]
	if l == nil {
		l = &statsLine{Name: name}
		lines[name] = l
	}
	return l
}

func (s *statsCollector) add(m *archive.ObjectMeta) {
	s.min, s.max = min(s.min, m.MinTime), max(s.max, m.MaxTime)
	s.Total.addObject(m)
	s.line("tenant", m.Tenant).addObject(m)
	if m.Displaced {
		s.Displaced.addObject(m)
		s.line("hour", "displaced").addObject(m)
	} else {
		s.line("hour", time.Unix(0, m.MinTime).UTC().Truncate(time.Hour).Format("2006-01-02T15Z")).addObject(m)
	}
	for i := range s.Sizes {
		if c := &s.Sizes[i]; m.Bytes < c.Below || c.Below == 0 {
			c.Objects++
			c.Bytes += m.Bytes
			break
		}
	}
	if m.Counts == nil {
		s.Uncounted += m.Rows
		return
	}
	for i := range m.Counts.Cells {
		c := &m.Counts.Cells[i]
		s.line("service", m.Counts.Services[c.Service]).addCell(c)
		s.line("severity", severityText(c.SeverityNumber)).addCell(c)
	}
	for _, service := range m.Counts.Services {
		s.line("service", service).Objects++
	}
}

func severityText(n int32) string {
	if name := plog.SeverityNumber(n).String(); name != "" {
		return fmt.Sprintf("%d %s", n, name)
	}
	return strconv.Itoa(int(n))
}

func (o *statsOptions) run(ctx context.Context, c *archiveCall) error {
	s := &statsCollector{min: math.MaxInt64, max: math.MinInt64, by: map[string]map[string]*statsLine{}, states: newLogState(), live: map[string]int64{}}
	s.Archive, s.Sizes = c.bucket.Name(), newSizeClasses()
	for _, by := range o.by {
		s.by[by] = map[string]*statsLine{}
	}
	listed, err := listData(ctx, c.bucket) // before the log: see eachUnnamed
	if err != nil {
		return err
	}
	take := func(m *archive.ObjectMeta) {
		s.live[m.Key] = m.Bytes
		if !o.filter.keep(m) {
			return
		}
		s.add(m)
		if o.columns {
			slim := *m
			slim.Counts = nil
			s.objects = append(s.objects, slim)
		}
	}
	err = eachLive(ctx, c.bucket, liveVisitor{
		base: s.states.base,
		object: func(m *archive.ObjectMeta) error {
			s.states.object(m)
			take(m)
			return nil
		},
		record: func(_ string, r *archive.LogRecord, damaged error) error {
			if damaged != nil {
				s.Damaged++
				c.warn("%v", damaged)
				return nil
			}
			s.states.add(r)
			for i := range r.Objects {
				take(&r.Objects[i])
			}
			return nil
		},
	})
	if err != nil {
		return err
	}
	if s.states.empty() && s.Damaged == 0 {
		c.warn("%s: %v", c.bucket.Name(), errEmpty)
	}
	s.finish(o, listed)
	if o.columns {
		if err := s.readColumns(ctx, c, o.sample); err != nil {
			return err
		}
	}
	if o.output.value == "json" {
		err = jsonLine(c.out).Encode(&s.archiveStats)
	} else {
		err = s.print(c.out, o)
	}
	return errors.Join(err, partial(c, s.Damaged))
}

// finish sorts what was collected and counts what no commit names.
func (s *statsCollector) finish(o *statsOptions, listed []archive.ObjectInfo) {
	if s.Total.Objects > 0 {
		oldest, newest := time.Unix(0, s.min).UTC(), time.Unix(0, s.max).UTC()
		s.Oldest, s.Newest = &oldest, &newest
	}
	if s.Damaged == 0 { // else nothing can be said of what is not named
		s.states.eachUnnamed(listed, s.live, func(info archive.ObjectInfo, state string) {
			switch state {
			case stateOrphan:
				s.Orphans++
				s.OrphanBytes += info.Size
			case statePending:
				s.Pending++
			case stateRemoved:
				s.Removed++
				s.RemovedBytes += info.Size
			default:
				s.Foreign++
			}
		})
	}
	for _, w := range slices.Sorted(maps.Keys(s.states.writers)) {
		s.Writers = append(s.Writers, s.states.writers[w])
	}
	s.By = map[string][]statsLine{}
	for dimension, lines := range s.by {
		list := make([]statsLine, 0, len(lines))
		for _, l := range lines {
			list = append(list, *l)
		}
		slices.SortFunc(list, func(a, b statsLine) int {
			if dimension == "hour" { // the latest first, what is displaced last
				return cmp.Compare(hourOrder(b.Name), hourOrder(a.Name))
			}
			return cmp.Or(cmp.Compare(b.Rows, a.Rows), cmp.Compare(a.Name, b.Name))
		})
		if o.top > 0 && len(list) > o.top {
			rest := statsLine{Name: fmt.Sprintf("(%d more)", len(list)-o.top)}
			for i := range list[o.top:] {
				rest.merge(&list[o.top+i])
			}
			list = append(list[:o.top], rest)
		}
		s.By[dimension] = list
	}
}

// hourOrder sorts what has no hour before all that have one.
func hourOrder(name string) string {
	if name == "displaced" {
		return ""
	}
	return name
}

func (l *statsLine) merge(o *statsLine) {
	l.Objects += o.Objects
	l.Rows += o.Rows
	l.Weighted += o.Weighted
	l.RawBytes += o.RawBytes
	l.BodyBytes += o.BodyBytes
	l.StoredBytes += o.StoredBytes
}
