// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"
)

// maxCounts bounds the cells that a commit record carries per object. More distinct services than that in a flush
// is a sign of an id in service.name; readers then read the object instead.
const maxCounts = 4096

// Counts are the rows of an object by service, severity and time: enough to answer many a query unread.
type Counts struct {
	// Minutes is the width of a cell: 1, 60, or 0 when all of the object's time is one cell.
	Minutes int64
	// Services are the distinct services, in order.
	Services []string
	// Cells are in the order of service, minute, severity; none is empty.
	Cells []CountCell
	// Unnumbered is how many rows have a SeverityText and no SeverityNumber from 1 to 24, so that the level is in the text
	// alone; -1: not known.
	Unnumbered int64
}

// CountCell counts the rows of one service and severity in one stretch of time.
type CountCell struct {
	Service        int32 // index into Services
	SeverityNumber int32
	// Minute is where the cell begins, in minutes since the Unix epoch; 0 when Counts.Minutes is 0.
	Minute int64
	Rows   int64
	// Bytes is the length of the bodies' text.
	Bytes int64
	// Weight is how many records the rows stand for: the sum of [Record.Weight].
	Weight float64
	// UIDs is how many rows carry a RecordUid. The same record may then be in another object, too, if that has
	// a cell of the same service and time with UIDs.
	UIDs int64
	// Repeats is how many rows come after a row of this object with the same service, time and uid.
	Repeats int64
}

// Start is the first moment of a cell, in nanoseconds since the Unix epoch.
func (c *CountCell) Start() int64 { return c.Minute * int64(time.Minute) }

// RowsOf counts the rows of the services that keep accepts.
func (c *Counts) RowsOf(keep func(string) bool) (rows int64) {
	last, kept := int32(-1), true
	for i := range c.Cells {
		cell := &c.Cells[i]
		if keep != nil && cell.Service != last {
			last, kept = cell.Service, keep(c.Services[cell.Service])
		}
		if kept {
			rows += cell.Rows
		}
	}
	return rows
}

// total returns the counts without the time.
func (c *Counts) total() *Counts {
	if c == nil || c.Minutes == 0 {
		return c
	}
	t := counter{cells: make(map[cellKey]*CountCell, len(c.Cells)/2+1)}
	for i := range c.Cells {
		cell := c.Cells[i]
		cell.Minute = 0
		t.merge(cellKey{service: cell.Service, severity: cell.SeverityNumber}, &cell)
	}
	t.unnumbered = c.Unnumbered
	return t.counts(c.Services)
}

// countsJSON is the form of Counts in a log record; a cell is an array of numbers.
type countsJSON struct {
	Minutes    int64      `json:"minutes"`
	Start      int64      `json:"start"` // added to the minute of every cell
	Services   []string   `json:"services"`
	Unnumbered *int64     `json:"unnumbered"`
	Raw        []cellJSON `json:"cells"`
}

// cellJSON is [service, severity_number, minute, rows, bytes, weight, uids, repeats].
type cellJSON [8]json.Number

// MarshalJSON writes the form that FORMAT.md describes.
func (c *Counts) MarshalJSON() ([]byte, error) {
	start := int64(math.MaxInt64)
	for i := range c.Cells {
		start = min(start, c.Cells[i].Minute)
	}
	if len(c.Cells) == 0 {
		start = 0
	}
	b := fmt.Appendf(nil, `{"minutes":%d,"start":%d,"services":`, c.Minutes, start)
	services, err := json.Marshal(c.Services)
	if err != nil {
		return nil, err
	}
	b = append(b, services...)
	if c.Unnumbered >= 0 {
		b = fmt.Appendf(b, `,"unnumbered":%d`, c.Unnumbered)
	}
	b = append(b, `,"cells":[`...)
	for i := range c.Cells {
		if i > 0 {
			b = append(b, ',')
		}
		cell := &c.Cells[i]
		b = append(b, '[')
		for _, n := range []int64{int64(cell.Service), int64(cell.SeverityNumber), cell.Minute - start, cell.Rows, cell.Bytes} {
			b = append(strconv.AppendInt(b, n, 10), ',')
		}
		b = append(strconv.AppendFloat(b, cell.Weight, 'f', -1, 64), ',')
		b = append(strconv.AppendInt(b, cell.UIDs, 10), ',')
		b = append(strconv.AppendInt(b, cell.Repeats, 10), ']')
	}
	return append(b, "]}"...), nil
}

// UnmarshalJSON reads what MarshalJSON writes.
func (c *Counts) UnmarshalJSON(b []byte) error {
	var j countsJSON
	if err := json.Unmarshal(b, &j); err != nil {
		return err
	}
	*c = Counts{Minutes: j.Minutes, Services: j.Services, Cells: make([]CountCell, 0, len(j.Raw)), Unnumbered: -1}
	if j.Unnumbered != nil {
		c.Unnumbered = max(*j.Unnumbered, -1)
	}
	for _, raw := range j.Raw {
		var n [8]int64
		var errs []error
		for i, text := range raw {
			if i == 5 {
				continue
			}
			v, err := strconv.ParseInt(string(text), 10, 64)
			n[i], errs = v, append(errs, err)
		}
		weight, err := strconv.ParseFloat(string(raw[5]), 64)
		if err := errors.Join(append(errs, err)...); err != nil {
			return errors.New("counts: a cell is not an array of eight numbers")
		}
		if n[0] < 0 || n[0] >= int64(len(j.Services)) || n[1] != int64(int32(n[1])) {
			return errors.New("counts: a cell has no such service or severity")
		}
		if n[3] <= 0 || n[4] < 0 || weight < 0 || n[6] < 0 || n[6] > n[3] || n[7] < 0 || n[7] > n[6] {
			return errors.New("counts: a cell has impossible numbers")
		}
		c.Cells = append(c.Cells, CountCell{
			Service: int32(n[0]), SeverityNumber: int32(n[1]), Minute: j.Start + n[2],
			Rows: n[3], Bytes: n[4], Weight: weight, UIDs: n[6], Repeats: n[7],
		})
	}
	return nil
}

// check reports counts that cannot be those of an object with that many rows.
func (c *Counts) check(rows int64) error {
	if c.Minutes != 0 && c.Minutes != 1 && c.Minutes != 60 {
		return fmt.Errorf("counts by %d minutes", c.Minutes)
	}
	unnumbered := c.Unnumbered
	for i := range c.Cells {
		cell := &c.Cells[i]
		rows -= cell.Rows
		if !numbered(cell.SeverityNumber) {
			unnumbered -= cell.Rows
		}
	}
	if rows != 0 || unnumbered > 0 {
		return errors.New("counts do not add up to its rows")
	}
	return nil
}

// same reports whether two counts are equal but for the rounding of weights.
func (c *Counts) same(d *Counts) bool {
	if c.Unnumbered >= 0 && d.Unnumbered >= 0 && c.Unnumbered != d.Unnumbered {
		return false
	}
	return c.Minutes == d.Minutes && slices.Equal(c.Services, d.Services) && slices.EqualFunc(c.Cells, d.Cells, func(a, b CountCell) bool {
		near := math.Abs(a.Weight-b.Weight) <= 1e-6*math.Abs(a.Weight)
		a.Weight, b.Weight = 0, 0
		return near && a == b
	})
}

type cellKey struct {
	service, severity int32
	minute            int64
}

// counter makes Counts. It widens the cells when there are too many.
type counter struct {
	minutes int64
	cells   map[cellKey]*CountCell
	last    *CountCell // of the key that follows
	lastKey cellKey
	over    bool

	unnumbered int64
}

func newCounter() *counter { return &counter{minutes: 1, cells: map[cellKey]*CountCell{}} }

// add counts a row; service is an index into the services.
func (c *counter) add(service, severity int32, timestamp, bytes int64, weight float64, uid, repeat bool) {
	key := cellKey{service, severity, c.minute(floorMinute(timestamp))}
	if c.last == nil || key != c.lastKey {
		cell := c.cells[key]
		if cell == nil {
			if c.over {
				return
			}
			cell = &CountCell{Service: service, SeverityNumber: severity, Minute: key.minute}
			c.cells[key] = cell
		}
		c.last, c.lastKey = cell, key
	}
	cell := c.last
	cell.Rows++
	cell.Bytes += bytes
	cell.Weight += weight
	if uid {
		cell.UIDs++
	}
	if repeat {
		cell.Repeats++
	}
	for len(c.cells) > maxCounts && !c.over {
		c.widen()
	}
}

// addText counts a row whose SeverityText is not empty.
func (c *counter) addText(severity int32) {
	if !numbered(severity) {
		c.unnumbered++
	}
}

// minute returns the minute at which the cell of a minute begins.
func (c *counter) minute(m int64) int64 {
	if c.minutes == 0 {
		return 0
	}
	r := m % c.minutes
	if r < 0 {
		r += c.minutes
	}
	return m - r
}

func (c *counter) widen() {
	switch c.minutes {
	case 1:
		c.minutes = 60
	case 60:
		c.minutes = 0
	default:
		c.over = true
		return
	}
	old := c.cells
	c.cells, c.last = make(map[cellKey]*CountCell, len(old)), nil
	for key, cell := range old {
		key.minute = c.minute(key.minute)
		cell.Minute = key.minute
		c.merge(key, cell)
	}
}

// merge adds a cell, which becomes the counter's.
func (c *counter) merge(key cellKey, cell *CountCell) {
	sum := c.cells[key]
	if sum == nil {
		c.cells[key] = cell
		return
	}
	sum.Rows += cell.Rows
	sum.Bytes += cell.Bytes
	sum.Weight += cell.Weight
	sum.UIDs += cell.UIDs
	sum.Repeats += cell.Repeats
}

// counts returns the result; nil when there are too many cells.
func (c *counter) counts(services []string) *Counts {
	if c.over {
		return nil
	}
	cells := make([]CountCell, 0, len(c.cells))
	for _, cell := range c.cells {
		cells = append(cells, *cell)
	}
	slices.SortFunc(cells, func(a, b CountCell) int {
		return cmp.Or(cmp.Compare(a.Service, b.Service), cmp.Compare(a.Minute, b.Minute), cmp.Compare(a.SeverityNumber, b.SeverityNumber))
	})
	return &Counts{Minutes: c.minutes, Services: services, Cells: cells, Unnumbered: c.unnumbered}
}

func floorMinute(ns int64) int64 {
	m := ns / int64(time.Minute)
	if ns%int64(time.Minute) < 0 {
		m--
	}
	return m
}

// weightOf is how many records one stands for: those that a sampler dropped beside it, times those that it
// summarises. The threshold is a fraction of 2^56 in hexadecimal, trailing zeros left out; one that is none is not
// believed.
func weightOf(threshold string, count int64) float64 {
	w := float64(max(count, 1))
	if threshold == "" || len(threshold) > 14 {
		return w
	}
	v, err := strconv.ParseUint(threshold, 16, 64)
	if err != nil {
		return w
	}
	const whole = 1 << 56
	return w * whole / float64(whole-v<<(56-4*len(threshold)))
}

// Weight is how many records this one stands for: 1, unless a sampler dropped others or it is a summary.
func (r *Record) Weight() float64 { return weightOf(r.SamplingThreshold, int64(r.RecordCount)) }
