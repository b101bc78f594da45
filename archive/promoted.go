// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"cmp"
	"encoding/binary"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/parquet-go/parquet-go/format"

	"github.com/logboom/logboom/archive/internal/parquetfile"
)

const (
	// maxPromoted bounds the promoted columns of an object: each costs a page and some of the footer.
	maxPromoted = 32
	// promotedSample is how many rows of an object are looked at to choose them.
	promotedSample = 4096
	// promotedShare is the share of these rows, one in so many, that must have the key.
	promotedShare = 10
	// promotedTexts is how many distinct texts they may hold; more would cost much and help little, since a text
	// that is nearly unique is for an index to find.
	promotedTexts = 256
	// maxPromotedKey bounds the length of a key.
	maxPromotedKey = 128
	// maxNumberDictionary bounds the dictionary of a column of numbers.
	maxNumberDictionary = 4096
)

// promotedKeys are the attributes that an object repeats as typed columns of their own.
type promotedKeys struct {
	columns []promotedColumn
	byWord  []uint8 // by index of names.wordTexts: 1 + the column of this log attribute
}

// promotedColumn is one of them, with its values in the row group.
type promotedColumn struct {
	key      string
	resource bool // of the resource, else of the record
	kind     ValueType

	levels  []uint8
	numbers []int64 // ints; doubles as their bits
	truths  []bool
	texts   dictionary
	indices []uint32 // into texts
}

func (p *promotedKeys) fields() []parquetfile.Field {
	list := make([]parquetfile.Field, 0, len(p.columns))
	for i := range p.columns {
		c := &p.columns[i]
		f := parquetfile.Field{Name: "LogAttributes." + c.key, Optional: true}
		if c.resource {
			f.Name = "ResourceAttributes." + c.key
		}
		switch c.kind {
		case TypeInt:
			f.Kind = parquetfile.Int64
		case TypeDouble:
			f.Kind = parquetfile.Double
		case TypeBool:
			f.Kind = parquetfile.Boolean
		default:
			f.Kind = parquetfile.String
		}
		list = append(list, f)
	}
	return list
}

// log returns the column of a log attribute, or nil.
func (p *promotedKeys) log(word uint32) *promotedColumn {
	if i := p.byWord[word]; i > 0 {
		return &p.columns[i-1]
	}
	return nil
}

// keyStats are what a sample of rows says of a key.
type keyStats struct {
	key      string
	resource bool
	rows     int
	kind     ValueType
	mixed    bool
	texts    map[string]struct{}
}

func (s *keyStats) add(value string, kind ValueType) {
	if s.rows == 0 {
		s.kind = kind
	}
	s.rows++
	s.mixed = s.mixed || kind != s.kind
	if kind == TypeString && len(s.texts) <= promotedTexts {
		if s.texts == nil {
			s.texts = map[string]struct{}{}
		}
		s.texts[value] = struct{}{}
	}
}

// choosePromoted looks at a sample of the rows for keys that are dense, of one kind, and either typed or of few
// values.
func choosePromoted(batches []*Batch, rows []rowRef, n *names) promotedKeys {
	logs := map[uint32]*keyStats{}
	resources := map[string]*keyStats{}
	step := max(1, len(rows)/promotedSample)
	sampled := 0
	for i := 0; i < len(rows); i += step {
		sampled++
		b := batches[rows[i].batch]
		r := &b.rows[rows[i].row]
		for j := r.attrs; j < r.attrsEnd; j++ {
			a := &b.attrs[j]
			word := n.words[rows[i].batch][a.key]
			s := logs[word]
			if s == nil {
				s = &keyStats{key: n.wordTexts[word]}
				logs[word] = s
			}
			s.add(string(b.bytes(a.value)), a.kind)
		}
		for _, a := range n.sharedTexts[n.shared[rows[i].batch][r.shared]].resource {
			s := resources[a.Key]
			if s == nil {
				s = &keyStats{key: a.Key, resource: true}
				resources[a.Key] = s
			}
			s.add(a.Value, a.Type)
		}
	}
	var chosen []*keyStats
	for _, s := range logs {
		chosen = append(chosen, s)
	}
	for _, s := range resources {
		chosen = append(chosen, s)
	}
	chosen = slices.DeleteFunc(chosen, func(s *keyStats) bool { return !s.promotable(sampled) })
	slices.SortFunc(chosen, func(a, b *keyStats) int {
		return cmp.Or(-cmp.Compare(a.rows, b.rows), strings.Compare(a.key, b.key), compareBool(a.resource, b.resource))
	})
	var p promotedKeys
	taken := map[string]struct{}{}
	for _, s := range chosen {
		// Many readers do not tell capitals from small letters in names of columns.
		name := strconv.FormatBool(s.resource) + strings.ToLower(s.key)
		if _, ok := taken[name]; !ok && len(p.columns) < maxPromoted {
			taken[name] = struct{}{}
			p.columns = append(p.columns, promotedColumn{key: s.key, resource: s.resource, kind: s.kind})
		}
	}
	slices.SortFunc(p.columns, func(a, b promotedColumn) int {
		return cmp.Or(compareBool(a.resource, b.resource), strings.Compare(a.key, b.key))
	})
	return p
}

// use makes byWord that of n.
func (p *promotedKeys) use(n *names) {
	p.byWord = append(p.byWord[:0], make([]uint8, len(n.wordTexts))...)
	columns := map[string]uint8{}
	for i := range p.columns {
		if !p.columns[i].resource {
			columns[p.columns[i].key] = uint8(i + 1)
		}
	}
	for word, text := range n.wordTexts {
		p.byWord[word] = columns[text]
	}
}

func (s *keyStats) promotable(sampled int) bool {
	switch {
	case s.mixed || s.rows*promotedShare < sampled || !isPromotableKey(s.key):
		return false
	case s.resource && s.key == "service.name",
		!s.resource && (s.key == AttributeRecordUID || s.key == AttributeSamplingThreshold || s.key == AttributeRecordCount):
		return false // has a column of its own in every object
	}
	switch s.kind {
	case TypeInt, TypeDouble, TypeBool:
		return true
	case TypeString:
		return len(s.texts) <= promotedTexts
	}
	return false
}

// isPromotableKey keeps names of columns plain.
func isPromotableKey(key string) bool {
	if key == "" || len(key) > maxPromotedKey {
		return false
	}
	for _, c := range []byte(key) {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '_' || c == '-') {
			return false
		}
	}
	return true
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// reset begins a row group.
func (c *promotedColumn) reset() {
	c.levels, c.numbers, c.truths, c.indices = c.levels[:0], c.numbers[:0], c.truths[:0], c.indices[:0]
	c.texts.reset()
}

// set gives a row of the row group its value, if that is of the column's kind; rows come in order.
func (c *promotedColumn) set(row int, value []byte, kind ValueType) {
	if kind != c.kind {
		return
	}
	switch kind {
	case TypeInt:
		n, err := strconv.ParseInt(string(value), 10, 64)
		if err != nil {
			return
		}
		c.numbers = append(c.numbers, n)
	case TypeDouble:
		f, err := strconv.ParseFloat(string(value), 64)
		if err != nil {
			return
		}
		c.numbers = append(c.numbers, int64(math.Float64bits(f)))
	case TypeBool:
		c.truths = append(c.truths, string(value) == "true")
	default:
		c.indices = append(c.indices, c.texts.of(value))
	}
	c.pad(row)
	c.levels = append(c.levels, 1)
}

// pad makes the rows before row NULL that have no value.
func (c *promotedColumn) pad(row int) {
	for len(c.levels) < row {
		c.levels = append(c.levels, 0)
	}
}

// promotedColumn writes one.
func (w *chunkWriter) promotedColumn(c *promotedColumn) {
	if c.resource {
		for row, s := range w.shared {
			if a, ok := FindAttribute(w.names.sharedTexts[s].resource, c.key); ok {
				c.set(row, []byte(a.Value), a.Type)
			}
		}
	}
	c.pad(len(w.shared))
	w.chunk.Definition, w.chunk.Values = c.levels, len(c.levels)
	switch c.kind {
	case TypeInt, TypeDouble:
		w.chunk.Nulls = len(c.levels) - len(c.numbers)
		w.chunk.Min, w.chunk.Max = c.bounds()
		w.numberColumn(c.numbers)
	case TypeBool:
		w.chunk.Nulls = len(c.levels) - len(c.truths)
		w.data = parquetfile.AppendBooleans(w.data[:0], c.truths)
		w.chunk.Data, w.chunk.Encoding = w.data, format.Plain
		w.put()
	default:
		w.chunk.Nulls = len(c.levels) - len(c.indices)
		w.chunk.Min, w.chunk.Max = c.texts.bounds()
		w.values(&c.texts, c.indices)
	}
}

// numberColumn puts numbers of eight bytes, as indices into a dictionary where few are distinct.
func (w *chunkWriter) numberColumn(values []int64) {
	clear(w.numbers)
	w.indices = w.indices[:0]
	w.dict.data = w.dict.data[:0]
	for _, v := range values {
		i, ok := w.numbers[v]
		if !ok {
			if len(w.numbers) == maxNumberDictionary {
				break
			}
			i = uint32(len(w.numbers))
			w.numbers[v] = i
			w.dict.data = binary.LittleEndian.AppendUint64(w.dict.data, uint64(v))
		}
		w.indices = append(w.indices, i)
	}
	w.data = w.data[:0]
	if len(w.indices) == len(values) {
		w.chunk.Encoding, w.chunk.Dictionary, w.chunk.DictionaryValues = format.RLEDictionary, w.dict.data, len(w.numbers)
		w.data = parquetfile.AppendIndices(w.data, w.indices, len(w.numbers))
	} else {
		w.chunk.Encoding = format.Plain
		for _, v := range values {
			w.data = binary.LittleEndian.AppendUint64(w.data, uint64(v))
		}
	}
	w.chunk.Data = w.data
	w.put()
}

// bounds returns the least and the greatest number, unless there is none or one is not a number. Zeros are signed as
// Parquet wants them: a least one is -0, a greatest one +0.
func (c *promotedColumn) bounds() (lo, hi []byte) {
	if len(c.numbers) == 0 {
		return nil, nil
	}
	if c.kind == TypeInt {
		return appendInt(nil, slices.Min(c.numbers), 8), appendInt(nil, slices.Max(c.numbers), 8)
	}
	least, greatest := math.Inf(1), math.Inf(-1)
	for _, n := range c.numbers {
		f := math.Float64frombits(uint64(n))
		if math.IsNaN(f) {
			return nil, nil
		}
		least, greatest = min(least, f), max(greatest, f)
	}
	if least == 0 {
		least = math.Copysign(0, -1)
	}
	if greatest == 0 {
		greatest = 0
	}
	return binary.LittleEndian.AppendUint64(nil, math.Float64bits(least)), binary.LittleEndian.AppendUint64(nil, math.Float64bits(greatest))
}
