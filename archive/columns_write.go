// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/logboom/logboom/archive/internal/parquetfile"
)

// columnWriter writes row groups column by column. It visits each row once, to take the columns apart, and keeps
// its memory from row group to row group.
type columnWriter struct {
	batches     []*Batch
	names       *names
	promoted    promotedKeys
	repeated    map[rowRef]struct{}
	compression Compression
	counter     *counter
	resources   *resourceCounter
	rawBytes    int64

	// The services of the object, in the order of their coming; the counter's indices are theirs.
	services   []string
	serviceIDs map[string]int32
	serviceOf  []int32 // by index into names.sharedTexts: 1 + index into services, 0: not seen
	resourceOf []int32 // likewise: 1 + the number of its resource

	// The columns of the row group, before encoding.
	times, observed                   []int64
	flags, severities, counts         []int64
	severityTexts, events, thresholds []uint32 // indices into names.wordTexts
	shared                            []uint32 // indices into names.sharedTexts
	bodies, uids                      []byte   // in plain encoding
	exact, oneExact                   []byte   // likewise, without NULLs; and one of them
	exactLevels                       []uint8
	bodyTypes, sources                []uint8 // index into their texts, 0 is NULL
	traces, spans                     hexColumn
	attributes                        attributeColumns

	// Scratch of one column.
	chunk   parquetfile.Chunk
	data    []byte
	indices []uint32
	levels  []uint8
	dict    dictionary
	table   []uint32
	numbers map[int64]uint32
}

// start begins an object.
func (c *columnWriter) start(promoted promotedKeys, compression Compression) {
	c.promoted, c.compression = promoted, compression
	c.counter, c.resources, c.rawBytes = newCounter(), newResourceCounter(writerResources), 0
	c.services, c.serviceIDs = nil, map[string]int32{}
}

// use says where the rows to come are from. The rows in repeated come after one of the same service, time and uid.
func (c *columnWriter) use(batches []*Batch, n *names, repeated map[rowRef]struct{}) {
	c.batches, c.names, c.repeated = batches, n, repeated
	c.serviceOf = append(c.serviceOf[:0], make([]int32, len(n.sharedTexts))...)
	c.resourceOf = append(c.resourceOf[:0], make([]int32, len(n.sharedTexts))...)
	c.promoted.use(n)
	c.attributes.use(n, c.promoted)
}

// result returns the counts of the object and the length of its texts.
func (c *columnWriter) result() (*Counts, int64) {
	return c.counter.counts(c.sortServices()), c.rawBytes
}

// forget lets go of what is not scratch.
func (c *columnWriter) forget() {
	c.batches, c.names, c.repeated, c.counter, c.resources = nil, nil, nil, nil, nil
	c.services, c.serviceIDs = nil, nil
	c.promoted = promotedKeys{}
	c.dict.reset()
	c.attributes.forget()
}

// write appends the rows as a row group to the file.
func (c *columnWriter) write(file *parquetfile.Writer, rows []rowRef) error {
	c.gather(rows)
	w := chunkWriter{file: file, columnWriter: c}
	w.times(c.times, false)
	w.texts(c.sources, sourceTexts)
	w.times(c.observed, true)
	w.hex(&c.traces, true)
	w.hex(&c.spans, c.compression != CompressionDefault)
	w.ints(c.flags, 4)
	w.words(c.severityTexts)
	w.ints(c.severities, 4)
	w.sharedText(func(s *sharedText) string { return s.service }, true)
	w.plain(c.bodies, len(rows), nil)
	w.texts(c.bodyTypes, typeTexts)
	w.sharedText(func(s *sharedText) string { return s.resourceSchemaURL }, false)
	w.sharedMap(func(s *sharedText) []Attribute { return s.resource })
	w.sharedText(func(s *sharedText) string { return s.scopeSchemaURL }, false)
	w.sharedText(func(s *sharedText) string { return s.scopeName }, false)
	w.sharedText(func(s *sharedText) string { return s.scopeVersion }, false)
	w.sharedMap(func(s *sharedText) []Attribute { return s.scope })
	w.attributeMap(&c.attributes)
	w.words(c.events)
	w.plain(c.uids, len(rows), nil)
	w.words(c.thresholds)
	w.ints(c.counts, 8)
	w.plain(c.exact, len(rows), c.exactLevels)
	for i := range c.promoted.columns {
		w.promotedColumn(&c.promoted.columns[i])
	}
	return w.err
}

// gather takes the rows apart.
func (c *columnWriter) gather(rows []rowRef) {
	c.times, c.observed = c.times[:0], c.observed[:0]
	c.flags, c.severities, c.counts = c.flags[:0], c.severities[:0], c.counts[:0]
	c.severityTexts, c.events, c.thresholds, c.shared = c.severityTexts[:0], c.events[:0], c.thresholds[:0], c.shared[:0]
	c.bodies, c.uids, c.exact, c.exactLevels = c.bodies[:0], c.uids[:0], c.exact[:0], c.exactLevels[:0]
	c.bodyTypes, c.sources = c.bodyTypes[:0], c.sources[:0]
	c.traces.reset()
	c.spans.reset()
	c.attributes.reset()
	n := c.names
	for _, ref := range rows {
		b := c.batches[ref.batch]
		r := &b.rows[ref.row]
		words := n.words[ref.batch]
		shared := n.shared[ref.batch][r.shared]
		text := n.sharedTexts[shared]
		threshold := words[r.threshold]

		c.times = append(c.times, r.timestamp)
		c.observed = append(c.observed, r.observed)
		c.flags = append(c.flags, int64(int32(r.flags)))
		c.severities = append(c.severities, int64(r.severityNumber))
		c.counts = append(c.counts, r.recordCount)
		c.severityTexts = append(c.severityTexts, words[r.severityText])
		c.events = append(c.events, words[r.eventName])
		c.thresholds = append(c.thresholds, threshold)
		c.shared = append(c.shared, shared)
		c.bodies = parquetfile.AppendString(c.bodies, b.bytes(r.body))
		c.uids = parquetfile.AppendString(c.uids, b.bytes(r.uid))
		if r.exact.from != r.exact.to {
			if b.wholeExact {
				c.oneExact = append(c.oneExact[:0], b.bytes(r.exact)...)
			} else {
				c.oneExact = appendExact(c.oneExact[:0], text.resourceOTLP, text.scopeOTLP, b.bytes(r.exact))
			}
			c.exact = parquetfile.AppendString(c.exact, c.oneExact)
			c.exactLevels = append(c.exactLevels, 1)
		} else {
			c.exactLevels = append(c.exactLevels, 0)
		}
		c.bodyTypes = append(c.bodyTypes, uint8(r.bodyType))
		c.sources = append(c.sources, uint8(r.source))
		c.traces.add(r.traceID[:], !r.traceID.IsEmpty())
		c.spans.add(r.spanID[:], !r.spanID.IsEmpty())
		c.attributes.add(b, words, r)

		c.rawBytes += int64(r.textSize) + text.textSize
		uid := r.uid.from != r.uid.to
		repeat := false
		if uid && c.repeated != nil {
			_, repeat = c.repeated[ref]
		}
		bodyBytes, weight := int64(r.body.to-r.body.from), weightOf(n.wordTexts[threshold], r.recordCount)
		c.counter.add(c.service(shared), r.severityNumber, r.timestamp, bodyBytes, weight, uid, repeat)
		c.resources.add(c.resource(shared), r.severityNumber, r.timestamp, bodyBytes, weight)
		if words[r.severityText] != 0 {
			c.counter.addText(r.severityNumber)
		}
	}
}

// service returns the counter's index of the service of a shared text. Where the services are more than counts may have
// cells, they are not told apart any more.
func (c *columnWriter) service(shared uint32) int32 {
	if id := c.serviceOf[shared]; id > 0 {
		return id - 1
	}
	name := c.names.sharedTexts[shared].service
	id, ok := c.serviceIDs[name]
	if !ok && len(c.services) <= maxCounts {
		id = int32(len(c.services))
		c.services = append(c.services, strings.Clone(name))
		c.serviceIDs[c.services[id]] = id
	}
	c.serviceOf[shared] = id + 1
	return id
}

// resource returns the number of the resource of a shared text.
func (c *columnWriter) resource(shared uint32) int32 {
	if id := c.resourceOf[shared]; id > 0 {
		return id - 1
	}
	text := c.names.sharedTexts[shared]
	id := c.resources.resource(text.service, text.resource)
	c.resourceOf[shared] = id + 1
	return id
}

// sortServices returns the services of the object in order, and makes the counter's indices theirs.
func (c *columnWriter) sortServices() []string {
	sorted := slices.Sorted(slices.Values(c.services))
	to := make([]int32, len(c.services))
	for i, name := range c.services {
		at, _ := slices.BinarySearch(sorted, name)
		to[i] = int32(at)
	}
	for _, cell := range c.counter.cells {
		cell.Service = to[cell.Service]
	}
	return sorted
}

// hexColumn is a column of ids in hexadecimal, behind each other.
type hexColumn struct {
	text    []byte
	offsets []uint32
}

func (h *hexColumn) reset() { h.text, h.offsets = h.text[:0], append(h.offsets[:0], 0) }

func (h *hexColumn) add(id []byte, present bool) {
	if present {
		h.text = hex.AppendEncode(h.text, id)
	}
	h.offsets = append(h.offsets, uint32(len(h.text)))
}

// dictionary is the distinct values of a column, in the order of their coming.
type dictionary struct {
	index    map[string]uint32
	data     []byte // in plain encoding
	min, max string
}

func (d *dictionary) reset() {
	if d.index == nil || len(d.index) > 1<<16 {
		d.index = map[string]uint32{}
	} else {
		clear(d.index)
	}
	d.data, d.min, d.max = d.data[:0], "", ""
}

// of returns the index of a value.
func (d *dictionary) of(value []byte) uint32 {
	i, ok := d.index[string(value)]
	if !ok {
		s := string(value)
		i = uint32(len(d.index))
		d.index[s] = i
		d.data = parquetfile.AppendString(d.data, value)
		if i == 0 {
			d.min, d.max = s, s
		}
		d.min, d.max = min(d.min, s), max(d.max, s)
	}
	return i
}

// maxBoundBytes is how long a text may be to stand in the footer.
const maxBoundBytes = 64

// bounds returns the least and the greatest value, unless they are long.
func (d *dictionary) bounds() (lo, hi []byte) {
	if len(d.index) == 0 || len(d.min) > maxBoundBytes || len(d.max) > maxBoundBytes {
		return nil, nil
	}
	return []byte(d.min), []byte(d.max)
}

func appendInt(b []byte, v int64, width int) []byte {
	if width == 4 {
		return binary.LittleEndian.AppendUint32(b, uint32(v))
	}
	return binary.LittleEndian.AppendUint64(b, uint64(v))
}

var (
	sourceTexts = []string{"", sourceObserved, sourceArrival} // by timeSource
	typeTexts   = []string{"", "i", "d", "b", "x", "m", "a", "e"}
)
