// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"unsafe"

	"github.com/cespare/xxhash/v2"
	"github.com/klauspost/compress/zstd"
)

// ResourcesMeta says where in its object the block of resources lies, which is one frame of zstd.
type ResourcesMeta struct {
	Offset   int64  `json:"offset"`
	Bytes    int64  `json:"bytes"`
	RawBytes int64  `json:"raw_bytes"` // decompressed
	Sum      string `json:"xxh64"`     // 16 hex digits, of the block as it is stored
}

const (
	resourcesMagic = "LBRS\x01" // with the version

	resourcesWeighted = 1 // flag: weights follow

	// maxResourceBlock bounds what a reader takes for the size of a block of resources, decompressed.
	maxResourceBlock = 32 << 20
	// maxBlockAttributes bounds the attributes of all resources in a block that a reader takes, which are larger in memory. No
	// writer of ours has more.
	maxBlockAttributes = maxResourceBytes + maxResources
)

// check reports a block that cannot lie in that object.
func (x *ResourcesMeta) check(o *ObjectMeta) error {
	if x.Offset < 0 || x.Bytes <= 0 || x.Bytes > maxResourceBlock || x.RawBytes <= 0 || x.RawBytes > maxResourceBlock || x.Offset > o.Bytes-o.TailBytes-x.Bytes {
		return fmt.Errorf("block of resources of %d bytes (%d decompressed) at offset %d", x.Bytes, x.RawBytes, x.Offset)
	}
	return nil
}

// append appends the block, not compressed.
func (c *ResourceCounts) append(b []byte) []byte {
	text := func(s string) {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	b = append(b, resourcesMagic...)
	b = binary.AppendUvarint(b, uint64(len(c.Resources)))
	for i := range c.Resources {
		r := &c.Resources[i]
		text(r.Service)
		b = binary.AppendUvarint(b, uint64(len(r.Attributes)))
		for j := range r.Attributes {
			text(r.Attributes[j].Key)
			text(r.Attributes[j].Value)
		}
	}
	start, weighted := int64(math.MaxInt64), byte(0)
	for i := range c.Cells {
		cell := &c.Cells[i]
		start = min(start, cell.Minute)
		if cell.Weight != float64(cell.Rows) || cell.WeightedBytes != float64(cell.Bytes) {
			weighted = resourcesWeighted
		}
	}
	b = append(b, weighted)
	b = binary.AppendUvarint(b, uint64(c.Minutes))
	b = binary.AppendVarint(b, start)
	b = binary.AppendUvarint(b, uint64(len(c.Cells)))
	last := int32(0)
	for i := range c.Cells {
		b = binary.AppendUvarint(b, uint64(c.Cells[i].Resource-last))
		last = c.Cells[i].Resource
	}
	for i := range c.Cells {
		b = binary.AppendUvarint(b, uint64(c.Cells[i].Minute-start))
	}
	for i := range c.Cells {
		b = binary.AppendVarint(b, int64(c.Cells[i].SeverityNumber))
	}
	for i := range c.Cells {
		b = binary.AppendUvarint(b, uint64(c.Cells[i].Rows))
	}
	for i := range c.Cells {
		b = binary.AppendUvarint(b, uint64(c.Cells[i].Bytes))
	}
	if weighted != 0 {
		for i := range c.Cells {
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(c.Cells[i].Weight))
		}
		for i := range c.Cells {
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(c.Cells[i].WeightedBytes))
		}
	}
	return b
}

var (
	errResources        = errors.New("block of resources is damaged")
	errResourcesVersion = errors.New("block of resources is of a later version")
)

// resourceDecoder takes a block apart; after an error everything is 0.
type resourceDecoder struct {
	rest []byte
	err  error
}

func (d *resourceDecoder) fail() { d.rest, d.err = nil, errResources }

func (d *resourceDecoder) number() uint64 {
	v, n := binary.Uvarint(d.rest)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

func (d *resourceDecoder) signed() int64 {
	v, n := binary.Varint(d.rest)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

// length is a number of things that take a byte each at least.
func (d *resourceDecoder) length() int {
	n := d.number()
	if n > uint64(len(d.rest)) {
		d.fail()
		return 0
	}
	return int(n)
}

// text shares the block's memory.
func (d *resourceDecoder) text() string {
	n := d.length()
	b := d.rest[:n]
	d.rest = d.rest[n:]
	return unsafe.String(unsafe.SliceData(b), n)
}

func (d *resourceDecoder) float() float64 {
	if len(d.rest) < 8 {
		d.fail()
		return 0
	}
	v := binary.LittleEndian.Uint64(d.rest)
	d.rest = d.rest[8:]
	return math.Float64frombits(v)
}

// parseResources reads a block that is decompressed, which the result keeps, of an object.
func parseResources(b []byte, meta *ObjectMeta) (*ResourceCounts, error) {
	switch n := len(resourcesMagic); {
	case len(b) < n || string(b[:n-1]) != resourcesMagic[:n-1]:
		return nil, errResources
	case b[n-1] != resourcesMagic[n-1]:
		return nil, errResourcesVersion
	}
	d := &resourceDecoder{rest: b[len(resourcesMagic):]}
	c := &ResourceCounts{MinTime: meta.MinTime, MaxTime: meta.MaxTime, Bytes: true}
	n := d.length()
	if n > maxOwnResources {
		return nil, errResources
	}
	total := 0
	c.Resources = make([]Resource, 0, min(n, maxResources))
	for range n {
		r := Resource{Service: d.text()}
		if m := d.length(); m > 0 {
			if total += m; total > maxBlockAttributes {
				return nil, errResources
			}
			r.Attributes = make([]Attribute, 0, min(m, 64))
			for range m {
				if d.err != nil {
					break
				}
				r.Attributes = append(r.Attributes, Attribute{Key: d.text(), Value: d.text()})
			}
		}
		if d.err != nil {
			return nil, d.err
		}
		c.Resources = append(c.Resources, r)
	}
	if len(d.rest) == 0 {
		return nil, errResources
	}
	weighted := d.rest[0]&resourcesWeighted != 0
	d.rest = d.rest[1:]
	minutes, start := d.number(), d.signed()
	if minutes > 60 {
		return nil, errResources
	}
	c.Minutes = int64(minutes)
	if n = d.length(); n > maxOwnResourceCells {
		return nil, errResources
	}
	c.Cells = make([]ResourceCell, n)
	resource := uint64(0)
	for i := range c.Cells {
		if resource += d.number(); resource >= uint64(len(c.Resources)) {
			return nil, errResources
		}
		c.Cells[i].Resource = int32(resource)
	}
	for i := range c.Cells {
		c.Cells[i].Minute = start + int64(d.number())
	}
	for i := range c.Cells {
		c.Cells[i].SeverityNumber = int32(d.signed())
	}
	for i := range c.Cells {
		c.Cells[i].Rows = int64(d.number())
	}
	for i := range c.Cells {
		c.Cells[i].Bytes = int64(d.number())
	}
	for i := range c.Cells {
		cell := &c.Cells[i]
		cell.Weight, cell.WeightedBytes = float64(cell.Rows), float64(cell.Bytes)
	}
	if weighted {
		for i := range c.Cells {
			c.Cells[i].Weight = d.float()
		}
		for i := range c.Cells {
			c.Cells[i].WeightedBytes = d.float()
		}
	}
	if d.err != nil {
		return nil, d.err
	}
	if err := c.check(meta.Rows); err != nil {
		return nil, fmt.Errorf("block of resources: %w", err)
	}
	return c, nil
}

// decodeResources reads the block of an object as it is stored.
func decodeResources(b []byte, meta *ObjectMeta) (*ResourceCounts, error) {
	at := meta.Resources
	if sum := fmt.Sprintf("%016x", xxhash.Sum64(b)); sum != at.Sum {
		return nil, fmt.Errorf("checksum of the block of resources is %s, want %s", sum, at.Sum)
	}
	z, err := decompressor()
	if err != nil {
		return nil, err
	}
	raw, err := z.DecodeAll(b, make([]byte, 0, at.RawBytes))
	if err != nil || int64(len(raw)) != at.RawBytes {
		return nil, errResources
	}
	return parseResources(raw, meta)
}

// writeResources appends the block to the object's file, and says where it is; nil: there is none.
func (w *objectWriter) writeResources(z *zstd.Encoder) (*ResourcesMeta, error) {
	counts := w.columns.resources.counts()
	if counts == nil {
		return nil, nil
	}
	raw := counts.append(nil)
	meta := &ResourcesMeta{Offset: w.file.Len(), RawBytes: int64(len(raw))}
	if err := w.file.Append(func(file []byte) ([]byte, error) { return z.EncodeAll(raw, file), nil }); err != nil {
		return nil, fmt.Errorf("write resources: %w", err)
	}
	meta.Bytes = w.file.Len() - meta.Offset
	meta.Sum = fmt.Sprintf("%016x", xxhash.Sum64(w.file.Bytes(meta.Offset, meta.Bytes)))
	return meta, nil
}
