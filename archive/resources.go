// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
	"unsafe"
)

const (
	// maxResources, maxResourceCells and maxResourceBytes (of keys and values) bound the block of resources that a writer
	// gives an object. An object with more has none: who asks for its resources reads its rows.
	maxResources     = 4096
	maxResourceCells = 16 << 10
	maxResourceBytes = 4 << 20
	// maxOwnResources and the like bound what a reader makes of the rows of one object: less than 64 MiB, and for two objects at a
	// time the quarter of a query's memory that is not in its budget.
	maxOwnResources     = 64 << 10
	maxOwnResourceCells = 96 << 10
	maxOwnResourceBytes = 16 << 20
)

// Resource is what the records of one resource have in common.
type Resource struct {
	Service string
	// Attributes are those of the resource, the keys unique and sorted by their bytes, the values in their text form: their
	// types are not known.
	Attributes []Attribute
}

// compare orders resources by service, then key by key.
func (r *Resource) compare(s *Resource) int {
	if c := strings.Compare(r.Service, s.Service); c != 0 {
		return c
	}
	return slices.CompareFunc(r.Attributes, s.Attributes, func(a, b Attribute) int {
		return cmp.Or(strings.Compare(a.Key, b.Key), strings.Compare(a.Value, b.Value))
	})
}

func (r *Resource) textBytes() (n int) {
	n = len(r.Service)
	for i := range r.Attributes {
		n += len(r.Attributes[i].Key) + len(r.Attributes[i].Value)
	}
	return n
}

// ResourceCounts are the rows of an object, or of what is not committed yet, by resource, severity and time. They are
// shared: they must not be changed.
type ResourceCounts struct {
	// Minutes is the width of a cell: 1, 60, or 0 when all of the object's time is one cell.
	Minutes int64
	// MinTime and MaxTime bound the rows' times, both included, in nanoseconds since the Unix epoch.
	MinTime, MaxTime int64
	// Resources are distinct, in order.
	Resources []Resource
	// Cells are in the order of resource, minute, severity; none is empty.
	Cells []ResourceCell
	// Bytes says that the cells know their bytes.
	Bytes bool
}

// ResourceCell counts the rows of one resource and severity in one stretch of time.
type ResourceCell struct {
	Resource       int32 // index into Resources
	SeverityNumber int32
	// Minute is what the cell comes behind, in minutes since the Unix epoch: its last moment belongs to it, its first does not, as
	// in windows of LogQL. 0 when ResourceCounts.Minutes is 0.
	Minute int64
	Rows   int64
	Bytes  int64 // of the bodies' text
	// Weight and WeightedBytes are the sums of each row's [Record.Weight], and of that times its bytes.
	Weight, WeightedBytes float64
}

// Times are the times that the rows of a cell may have, both included.
func (c *ResourceCounts) Times(cell *ResourceCell) (from, to int64) {
	if c.Minutes == 0 {
		return c.MinTime, c.MaxTime
	}
	width := c.Minutes * int64(time.Minute)
	if cell.Minute > math.MaxInt64/int64(time.Minute)-c.Minutes || cell.Minute < math.MinInt64/int64(time.Minute) {
		return c.MinTime, c.MaxTime
	}
	from = cell.Minute * int64(time.Minute)
	return max(from+1, c.MinTime), min(from+width, c.MaxTime)
}

// memory is about what the counts take, in bytes.
func (c *ResourceCounts) memory() int64 {
	n := int64(unsafe.Sizeof(*c)) + int64(cap(c.Cells))*int64(unsafe.Sizeof(ResourceCell{})) + int64(cap(c.Resources))*int64(unsafe.Sizeof(Resource{}))
	for i := range c.Resources {
		r := &c.Resources[i]
		n += int64(r.textBytes()) + int64(cap(r.Attributes))*int64(unsafe.Sizeof(Attribute{}))
	}
	return n
}

// check reports counts that cannot be those of rows of that number and times.
func (c *ResourceCounts) check(rows int64) error {
	if c.Minutes != 0 && c.Minutes != 1 && c.Minutes != 60 {
		return fmt.Errorf("cells of %d minutes", c.Minutes)
	}
	used := make([]bool, len(c.Resources))
	for i := range c.Cells {
		cell := &c.Cells[i]
		if cell.Resource < 0 || int(cell.Resource) >= len(used) || cell.Rows <= 0 || cell.Rows > rows || cell.Bytes < 0 ||
			!isSum(cell.Weight) || !isSum(cell.WeightedBytes) {
			return errors.New("a cell has impossible numbers")
		}
		if from, to := c.Times(cell); from > to {
			return errors.New("a cell lies outside of the object's time")
		}
		rows -= cell.Rows
		used[cell.Resource] = true
	}
	if rows != 0 || slices.Contains(used, false) {
		return errors.New("cells do not add up to the rows")
	}
	return nil
}

// isSum reports whether a number can be a sum of weights: not NaN, and finite.
func isSum(f float64) bool { return f >= 0 && f <= math.MaxFloat64 }

// same reports whether two counts are equal but for the rounding of weights.
func (c *ResourceCounts) same(d *ResourceCounts) bool {
	near := func(a, b float64) bool { return math.Abs(a-b) <= 1e-6*math.Abs(a) }
	return c.Minutes == d.Minutes && c.MinTime == d.MinTime && c.MaxTime == d.MaxTime &&
		slices.EqualFunc(c.Resources, d.Resources, func(a, b Resource) bool { return a.compare(&b) == 0 }) &&
		slices.EqualFunc(c.Cells, d.Cells, func(a, b ResourceCell) bool {
			ok := near(a.Weight, b.Weight) && near(a.WeightedBytes, b.WeightedBytes)
			a.Weight, a.WeightedBytes, b.Weight, b.WeightedBytes = 0, 0, 0, 0
			return ok && a == b
		})
}
