// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
	"strings"
	"time"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/internal/archivesource"
)

// serviceJSON is a service of an overview. Times are exact to what the archive counts by, a minute mostly.
type serviceJSON struct {
	Name       string           `json:"name"`
	Records    int64            `json:"records"`
	Represents float64          `json:"represents"` // how many these stand for
	Bytes      int64            `json:"bytes"`      // of the lines
	First      string           `json:"first"`      // ns
	Last       string           `json:"last"`
	Levels     map[string]int64 `json:"levels"`
	Samples    []int64          `json:"samples"` // records by step
	Silent     *silentJSON      `json:"silent"`
}

// silentJSON says that records that used to come do not come any more.
type silentJSON struct {
	Since      string `json:"since"`        // time of the last record, ns
	UsualGapMS int64  `json:"usual_gap_ms"` // how far records were apart before, at most; rare exceptions left out
}

const (
	// censusMarks is into how many pieces the time is cut at most to see when a service wrote.
	censusMarks = 16 << 10
	// fewMarks is in how many of these a service must have written before anything is said about its habits.
	fewMarks = 5
	// silentGaps is how many times the usual gap a silence lasts before it is told, shortestSilence how long it lasts at least, since writers
	// commit what they have some minutes apart.
	silentGaps, shortestSilence = 4, int64(5 * time.Minute)
	// otherServices stands for the services beyond maxOverviewServices.
	otherServices = "other"
	unnamed       = "unknown_service"
)

// census counts the records of each service from what objects say about their resources.
type census struct {
	g     *timeGrid
	width int64 // of a mark, ns
	all   map[string]*censusService
	marks []uint64 // when anybody wrote
	last  int64
}

type censusService struct {
	rows, bytes float64
	weight      float64
	first, last int64
	levels      map[string]float64
	samples     []float64
	marks       []uint64
}

func newCensus(g *timeGrid) *census {
	c := &census{g: g, width: int64(time.Minute), all: map[string]*censusService{}, last: math.MinInt64}
	span := int64(g.n) * g.step
	for span/c.width >= censusMarks {
		c.width *= 2
	}
	c.marks = make([]uint64, span/c.width/64+1)
	return c
}

func (c *census) service(name string) *censusService {
	if name == "" {
		name = unnamed
	}
	s := c.all[name]
	if s == nil && len(c.all) >= maxOverviewServices {
		name = otherServices
		s = c.all[name]
	}
	if s == nil {
		s = &censusService{levels: map[string]float64{}, samples: make([]float64, c.g.n), marks: make([]uint64, len(c.marks))}
		s.first, s.last = c.g.end, c.g.start
		c.all[strings.Clone(name)] = s
	}
	return s
}

// add counts what an object, or a part of what is not committed yet, says.
func (c *census) add(_ *archive.ObjectMeta, counts *archive.ResourceCounts) error {
	for i := range counts.Cells {
		cell := &counts.Cells[i]
		from, to := counts.Times(cell) // both included
		if to < c.g.start || from >= c.g.end {
			continue
		}
		share := 1.0
		if from < c.g.start || to >= c.g.end {
			inside := float64(min(to, c.g.end-1)) - float64(max(from, c.g.start)) + 1
			share = inside / (float64(to) - float64(from) + 1)
			from, to = max(from, c.g.start), min(to, c.g.end-1)
		}
		s := c.service(counts.Resources[cell.Resource].Service)
		rows := share * float64(cell.Rows)
		s.rows += rows
		s.bytes += share * float64(cell.Bytes)
		s.weight += share * cell.Weight
		s.levels[archivesource.Level(&archive.Record{SeverityNumber: cell.SeverityNumber})] += rows
		s.first, s.last, c.last = min(s.first, from), max(s.last, to), max(c.last, to)
		c.spread(s.samples, from, to, rows)
		c.mark(s.marks, from, to, cell.Rows)
		c.mark(c.marks, from, to, cell.Rows)
	}
	return nil
}

// spread shares out rows among the steps of their time.
func (c *census) spread(samples []float64, from, to int64, rows float64) {
	first, last := c.g.index(from), c.g.index(to)
	if first == last {
		samples[first] += rows
		return
	}
	width := float64(to) - float64(from) + 1
	for i := first; i <= last; i++ {
		begin := max(from, c.g.first+int64(i)*c.g.step)
		end := min(to, c.g.first+int64(i+1)*c.g.step-1)
		samples[i] += rows * (float64(end) - float64(begin) + 1) / width
	}
}

// mark notes that there were records. Where they were in a stretch is not known, so they are taken as far apart as they can be.
func (c *census) mark(marks []uint64, from, to, rows int64) {
	first, last := (from-c.g.first)/c.width, (to-c.g.first)/c.width
	n := min(last-first+1, rows)
	for i := range n {
		at := first
		if n > 1 {
			at += i * (last - first) / (n - 1)
		}
		marks[at/64] |= 1 << (at % 64)
	}
}

// services are the largest, and how many there are. They are silent when nothing came up to now for much longer than usually.
func (c *census) services(now int64, limit int) (list []serviceJSON, total int) {
	list = make([]serviceJSON, 0, len(c.all))
	for name, s := range c.all {
		out := serviceJSON{
			Name: name, Records: round(s.rows), Represents: math.Round(s.weight*1e3) / 1e3, Bytes: round(s.bytes), First: stamp(s.first), Last: stamp(s.last),
			Levels: map[string]int64{}, Samples: rounded(s.samples), Silent: c.silent(s.marks, s.last, now),
		}
		for level, n := range s.levels {
			out.Levels[level] = round(n)
		}
		list = append(list, out)
	}
	slices.SortFunc(list, func(a, b serviceJSON) int {
		return cmp.Or(cmp.Compare(b.Records, a.Records), strings.Compare(a.Name, b.Name))
	})
	return list[:min(limit, len(list))], len(list)
}

// silence says whether the whole archive is silent: up to the present, or to the end of a range that lies before its newest record.
func (c *census) silence(newest, now, end int64) *silentJSON {
	if end <= newest {
		now = min(now, end)
	}
	return c.silent(c.marks, c.last, now)
}

// silent compares a silence with the gaps before it.
func (c *census) silent(marks []uint64, last, now int64) *silentJSON {
	var gaps []int64
	before := int64(-1)
	for i, word := range marks {
		for word != 0 {
			at := int64(i*64 + bits.TrailingZeros64(word))
			word &= word - 1
			if before >= 0 {
				gaps = append(gaps, at-before)
			}
			before = at
		}
	}
	if len(gaps)+1 < fewMarks {
		return nil
	}
	slices.Sort(gaps)
	usual := gaps[(len(gaps)-1)*99/100+min(1, (len(gaps)-1)*99%100)] * c.width // of few gaps the longest
	if silence := now - last; silence < silentGaps*usual || silence < shortestSilence {
		return nil
	}
	return &silentJSON{Since: stamp(last), UsualGapMS: usual / int64(time.Millisecond)}
}

func round(f float64) int64 { return int64(f + 0.5) }

// rounded makes integers of shares so that their sum is that of the shares.
func rounded(shares []float64) []int64 {
	out := make([]int64, len(shares))
	sum, given := 0.0, int64(0)
	for i, f := range shares {
		sum += f
		out[i] = round(sum) - given
		given += out[i]
	}
	return out
}
