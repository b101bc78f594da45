// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"cmp"
	"encoding/binary"
	"math"
	"slices"
	"strings"
)

// resourceLimits bound what a resourceCounter holds.
type resourceLimits struct{ resources, cells, bytes int }

var (
	writerResources = resourceLimits{maxResources, maxResourceCells, maxResourceBytes}
	ownResources    = resourceLimits{maxOwnResources, maxOwnResourceCells, maxOwnResourceBytes}
)

// resourceCounter makes ResourceCounts. It widens the cells when there are too many, and gives up at last.
type resourceCounter struct {
	limits  resourceLimits
	minutes int64

	ids       map[string]int32
	resources []Resource
	bytes     int // of their texts

	cells    map[resourceKey]*ResourceCell
	last     *ResourceCell // of the key that follows
	lastKey  resourceKey
	over     bool
	min, max int64
	key      []byte
}

type resourceKey struct {
	resource, severity int32
	minute             int64
}

func newResourceCounter(limits resourceLimits) *resourceCounter {
	return &resourceCounter{
		limits: limits, minutes: 1, ids: map[string]int32{}, cells: map[resourceKey]*ResourceCell{},
		min: math.MaxInt64, max: math.MinInt64,
	}
}

// resource returns the number of a resource, whose texts are copied when it is new.
func (c *resourceCounter) resource(service string, attributes []Attribute) int32 {
	if c.over {
		return 0
	}
	key := c.key[:0]
	text := func(s string) {
		key = binary.AppendUvarint(key, uint64(len(s)))
		key = append(key, s...)
	}
	text(service)
	for i := range attributes {
		text(attributes[i].Key)
		text(attributes[i].Value)
	}
	c.key = key
	id, ok := c.ids[string(key)]
	if ok {
		return id
	}
	r := Resource{Service: strings.Clone(service)}
	if len(attributes) > 0 {
		r.Attributes = make([]Attribute, len(attributes))
	}
	for i := range attributes {
		r.Attributes[i] = Attribute{Key: strings.Clone(attributes[i].Key), Value: strings.Clone(attributes[i].Value)}
	}
	if c.bytes += r.textBytes(); len(c.resources) == c.limits.resources || c.bytes > c.limits.bytes {
		c.giveUp()
		return 0
	}
	id = int32(len(c.resources))
	c.resources = append(c.resources, r)
	c.ids[string(key)] = id
	return id
}

func (c *resourceCounter) giveUp() {
	c.over, c.last = true, nil
	c.ids, c.resources, c.cells = nil, nil, nil
}

// add counts a row of a resource.
func (c *resourceCounter) add(resource, severity int32, timestamp, bytes int64, weight float64) {
	if c.over {
		return
	}
	c.min, c.max = min(c.min, timestamp), max(c.max, timestamp)
	key := resourceKey{resource, severity, startOfCell(floorMinute(max(timestamp, math.MinInt64+1)-1), c.minutes)}
	if c.last == nil || key != c.lastKey {
		cell := c.cells[key]
		if cell == nil {
			cell = &ResourceCell{Resource: resource, SeverityNumber: severity, Minute: key.minute}
			c.cells[key] = cell
		}
		c.last, c.lastKey = cell, key
	}
	cell := c.last
	cell.Rows++
	cell.Bytes += bytes
	cell.Weight += weight
	cell.WeightedBytes += weight * float64(bytes)
	for len(c.cells) > c.limits.cells && !c.over {
		c.widen()
	}
}

// startOfCell is the minute at which a cell of that width begins.
func startOfCell(minute, minutes int64) int64 {
	if minutes == 0 {
		return 0
	}
	r := minute % minutes
	if r < 0 {
		r += minutes
	}
	return minute - r
}

func (c *resourceCounter) widen() {
	switch c.minutes {
	case 1:
		c.minutes = 60
	case 60:
		c.minutes = 0
	default:
		c.giveUp()
		return
	}
	old := c.cells
	c.cells, c.last = make(map[resourceKey]*ResourceCell, len(old)/8), nil
	for key, cell := range old {
		key.minute = startOfCell(key.minute, c.minutes)
		cell.Minute = key.minute
		sum := c.cells[key]
		if sum == nil {
			c.cells[key] = cell
			continue
		}
		sum.Rows += cell.Rows
		sum.Bytes += cell.Bytes
		sum.Weight += cell.Weight
		sum.WeightedBytes += cell.WeightedBytes
	}
}

// counts returns the result; nil when there is too much to tell, or nothing.
func (c *resourceCounter) counts() *ResourceCounts {
	if c.over || len(c.cells) == 0 {
		return nil
	}
	order := make([]int32, len(c.resources))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int { return c.resources[a].compare(&c.resources[b]) })
	r := &ResourceCounts{
		Minutes: c.minutes, MinTime: c.min, MaxTime: c.max, Bytes: true,
		Resources: make([]Resource, len(order)), Cells: make([]ResourceCell, 0, len(c.cells)),
	}
	to := make([]int32, len(order))
	for i, from := range order {
		r.Resources[i], to[from] = c.resources[from], int32(i)
	}
	for _, cell := range c.cells {
		own := *cell
		own.Resource = to[cell.Resource]
		r.Cells = append(r.Cells, own)
	}
	slices.SortFunc(r.Cells, func(a, b ResourceCell) int {
		return cmp.Or(cmp.Compare(a.Resource, b.Resource), cmp.Compare(a.Minute, b.Minute), cmp.Compare(a.SeverityNumber, b.SeverityNumber))
	})
	return r
}
