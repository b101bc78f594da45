// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package textindex

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/klauspost/compress/zstd"
)

const (
	magic = "LBTI"
	// version of the layout.
	version = 1
	// wordBlock is about how long a block of the vocabulary is before compression, shapeBlock one of shapes.
	wordBlock  = 64 << 10
	shapeBlock = 1 << 20
)

// blockEntry is what the directory says of a block.
type blockEntry struct {
	bytes int
	raw   int // before compression
	sum   uint64
}

func (e *blockEntry) set(data []byte) { e.bytes, e.sum = len(data), sum64(data) }

// groupEntry is what the directory says of a row group.
type groupEntry struct {
	rows  int
	flags uint8
	keys  int // in the filter
	// hexLengths are the lengths of the hexadecimal tokens, a bit for each.
	hexLengths uint64
	fuse       fuse
	filter     blockEntry
	shapes     blockEntry // the shapes of the rows; raw is how many distinct ones there are
}

// encoder compresses.
type encoder struct {
	zstd *zstd.Encoder
	raw  []byte
	out  []byte
}

func (e *encoder) init() error {
	if e.zstd != nil {
		return nil
	}
	z, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBetterCompression), zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false),
		zstd.WithLowerEncoderMem(true), zstd.WithWindowSize(1<<20))
	if err != nil {
		return fmt.Errorf("make compressor: %w", err)
	}
	e.zstd = z
	return nil
}

// frame appends the length of compressed data, and the data.
func (e *encoder) frame(dst, raw []byte) []byte {
	e.out = e.zstd.EncodeAll(raw, e.out[:0])
	dst = binary.AppendUvarint(dst, uint64(len(e.out)))
	return append(dst, e.out...)
}

// endGroup keeps which shape each row has. Row i is a number: 0 is no shape, k the k-th of a list of shapes, the most
// frequent 254 first, so that few numbers are larger than a byte.
func (s *shapes) endGroup(e *encoder, g *groupEntry) {
	if len(s.counts) < len(s.list)+1 {
		s.counts = append(s.counts, make([]uint32, len(s.list)+1-len(s.counts))...)
	}
	var locals []uint32
	for _, r := range s.rows {
		if r > 0 && s.counts[r] == 0 {
			locals = append(locals, r)
		}
		s.counts[r]++
	}
	if s.counts[0] > 0 {
		g.flags |= flagLoose
	}
	s.counts[0] = 0
	slices.SortFunc(locals, func(a, b uint32) int { return cmp.Or(cmp.Compare(s.counts[b], s.counts[a]), cmp.Compare(a, b)) })
	// The others by their bytes, which will be their order in the object.
	if len(locals) > frequentShapes {
		slices.SortFunc(locals[frequentShapes:], func(a, b uint32) int { return bytes.Compare(s.shape(a-1), s.shape(b-1)) })
	}
	for i, l := range locals {
		s.counts[l] = uint32(i + 1)
	}
	group := groupShapes{locals: locals}
	plane := func(shift int) {
		raw := e.raw[:0]
		for _, r := range s.rows {
			raw = append(raw, byte(s.counts[r]>>shift))
		}
		e.raw = raw
		group.planes = e.frame(group.planes, raw)
	}
	if len(locals) > 0 {
		plane(0)
	}
	if len(locals) > 255 {
		plane(8)
	}
	for i, l := range locals {
		s.counts[l] = 0
		locals[i]--
	}
	s.groups = append(s.groups, group)
}

// frequentShapes is how many shapes of a row group come first in its list.
const frequentShapes = 254

// Finish appends the index, the directory last, and returns how long that is.
func (b *Builder) Finish(dst []byte) (_ []byte, directory int64, err error) {
	if b.err != nil {
		return dst, 0, b.err
	}
	dst = append(dst, b.data...)
	d := append(make([]byte, 0, 4096), magic...)
	d = append(d, version)
	d = binary.AppendUvarint(d, uint64(len(b.groups)))
	lists := b.shapes.lists(&b.codec)
	rows := 0
	for i := range b.groups {
		rows += b.groups[i].rows
		b.groups[i].shapes.set(lists[i])
		b.groups[i].shapes.raw = len(b.shapes.groups[i].locals)
		d = b.groups[i].append(d)
	}
	dst, d = b.words.finish(dst, d, &b.codec)
	dst, d = b.shapes.finish(dst, d, &b.codec)
	dst, d = b.codec.block(dst, d, b.placed.append(nil, &b.words, rows))
	for _, l := range lists {
		dst = append(dst, l...)
	}
	b.words.trim()
	b.shapes.trim()
	return append(dst, d...), int64(len(d)), nil
}

func (g *groupEntry) append(d []byte) []byte {
	d = binary.AppendUvarint(d, uint64(g.rows))
	d = append(d, g.flags)
	if g.flags&flagHex != 0 {
		d = binary.LittleEndian.AppendUint64(d, g.hexLengths)
	}
	d = binary.AppendUvarint(d, uint64(g.keys))
	d = binary.AppendUvarint(d, uint64(g.filter.bytes))
	if g.filter.bytes > 0 {
		d = append(d, byte(g.fuse.bits))
		d = binary.AppendUvarint(d, uint64(g.fuse.segment))
		d = binary.AppendUvarint(d, uint64(g.fuse.segments))
		d = binary.LittleEndian.AppendUint64(d, g.fuse.seed)
		d = binary.LittleEndian.AppendUint64(d, g.filter.sum)
	}
	d = binary.AppendUvarint(d, uint64(g.shapes.bytes))
	if g.shapes.bytes > 0 {
		d = binary.AppendUvarint(d, uint64(g.shapes.raw))
		d = binary.LittleEndian.AppendUint64(d, g.shapes.sum)
	}
	return d
}

func (e *blockEntry) append(d []byte) []byte {
	d = binary.AppendUvarint(d, uint64(e.bytes))
	d = binary.AppendUvarint(d, uint64(e.raw))
	return binary.LittleEndian.AppendUint64(d, e.sum)
}

// block appends a compressed block, and its entry to the directory.
func (e *encoder) block(dst, d, raw []byte) (_, _ []byte) {
	from := len(dst)
	dst = e.zstd.EncodeAll(raw, dst)
	var entry blockEntry
	entry.set(dst[from:])
	entry.raw = len(raw)
	return dst, entry.append(d)
}

// lists sorts the shapes, and returns which of them each row group has, and each row of it.
func (s *shapes) lists(e *encoder) [][]byte {
	s.order = s.order[:0]
	for i := range s.list {
		s.order = append(s.order, uint32(i))
	}
	slices.SortFunc(s.order, func(a, b uint32) int { return bytes.Compare(s.shape(a), s.shape(b)) })
	rank := make([]uint32, len(s.order))
	for i, o := range s.order {
		rank[o] = uint32(i)
	}
	result := make([][]byte, len(s.groups))
	for i := range s.groups {
		g := &s.groups[i]
		if len(g.locals) == 0 {
			continue
		}
		raw := e.raw[:0]
		last := uint32(0)
		for i, l := range g.locals {
			r := rank[l]
			if i < frequentShapes {
				raw = binary.AppendUvarint(raw, uint64(r))
			} else {
				raw = binary.AppendUvarint(raw, uint64(r-last))
				last = r
			}
		}
		e.raw = raw
		result[i] = append(e.frame(nil, raw), g.planes...)
	}
	return result
}

// finish appends the shapes, sorted, in blocks.
func (s *shapes) finish(dst, d []byte, e *encoder) (_, _ []byte) {
	var entries, text, shared, suffixes []byte
	blocks := 0
	for rest := s.order; len(rest) > 0; blocks++ {
		text, shared, suffixes = text[:0], shared[:0], suffixes[:0]
		last := []byte(nil)
		k := 0
		for ; k < len(rest) && len(text)+len(shared)+len(suffixes) < shapeBlock; k++ {
			shape := s.shape(rest[k])
			common := commonPrefix(last, shape)
			shared, suffixes = binary.AppendUvarint(shared, uint64(common)), binary.AppendUvarint(suffixes, uint64(len(shape)-common))
			text = append(text, shape[common:]...)
			last = shape
		}
		raw := append(append(append(e.raw[:0], shared...), suffixes...), text...)
		e.raw = raw
		entries = binary.AppendUvarint(entries, uint64(k))
		dst, entries = e.block(dst, entries, raw)
		rest = rest[k:]
	}
	d = binary.AppendUvarint(d, uint64(blocks))
	return dst, append(d, entries...)
}

func commonPrefix(a, b []byte) (n int) {
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}

// finish appends the vocabulary, sorted, in blocks.
func (w *words) finish(dst, d []byte, e *encoder) (_, _ []byte) {
	n := len(w.ends)
	groups := len(w.first)
	// The row groups of each word.
	starts := make([]uint32, n+1)
	for _, p := range w.posts {
		starts[p+1]++
	}
	order := make([]uint32, 0, n)
	for i := range n {
		if starts[i+1] > 0 { // else there was no room for its only row group
			order = append(order, uint32(i))
		}
		starts[i+1] += starts[i]
	}
	lists := make([]uint32, len(w.posts))
	at := slices.Clone(starts)
	for g := range groups {
		to := len(w.posts)
		if g+1 < groups {
			to = w.first[g+1]
		}
		for _, p := range w.posts[w.first[g]:to] {
			lists[at[p]] = uint32(g)
			at[p]++
		}
	}
	w.sort(order)

	var entries []byte
	blocks := 0
	var shared, suffixes, text, counts, posts []byte
	for rest := order; len(rest) > 0; blocks++ {
		shared, suffixes, text, counts, posts = shared[:0], suffixes[:0], text[:0], counts[:0], posts[:0]
		last := []byte(nil)
		k := 0
		lengths := uint64(0)
		for ; k < len(rest) && len(shared)+len(suffixes)+len(text)+len(counts)+len(posts) < wordBlock; k++ {
			word := w.word(rest[k])
			lengths |= lengthBit(len(word))
			common := commonPrefix(last, word)
			shared, suffixes = append(shared, byte(common)), append(suffixes, byte(len(word)-common))
			text = append(text, word[common:]...)
			counts, posts = appendPostings(counts, posts, lists[starts[rest[k]]:starts[rest[k]+1]], groups)
			last = word
		}
		raw := binary.AppendUvarint(e.raw[:0], uint64(k))
		raw = binary.AppendUvarint(raw, uint64(len(text)))
		for _, part := range [][]byte{shared, suffixes, text, counts, posts} {
			raw = append(raw, part...)
		}
		e.raw = raw
		first := w.word(rest[0])
		entries = binary.AppendUvarint(entries, uint64(len(first)))
		entries = append(entries, first...)
		entries = binary.LittleEndian.AppendUint64(entries, lengths)
		dst, entries = e.block(dst, entries, raw)
		rest = rest[k:]
	}
	d = binary.AppendUvarint(d, uint64(blocks))
	return dst, append(d, entries...)
}

// sort sorts words by their bytes, the first eight of each at once.
func (w *words) sort(order []uint32) {
	type entry struct {
		head uint64
		word uint32
	}
	list := make([]entry, len(order))
	for i, o := range order {
		var head [8]byte
		copy(head[:], w.word(o))
		list[i] = entry{binary.BigEndian.Uint64(head[:]), o}
	}
	slices.SortFunc(list, func(a, b entry) int {
		if a.head != b.head {
			return cmp.Compare(a.head, b.head)
		}
		return bytes.Compare(w.word(a.word), w.word(b.word))
	})
	for i := range list {
		order[i] = list[i].word
	}
}

// appendPostings appends the row groups of a word: how many, 0 being all, and which: the first and the gaps, or a bit for
// each row group where that is shorter.
func appendPostings(counts, posts []byte, list []uint32, groups int) (_, _ []byte) {
	if len(list) == groups {
		return append(counts, 0), posts
	}
	counts = binary.AppendUvarint(counts, uint64(len(list)))
	if len(list) >= bitmapBytes(groups) {
		from := len(posts)
		posts = append(posts, make([]byte, bitmapBytes(groups))...)
		for _, g := range list {
			posts[from+int(g>>3)] |= 1 << (g & 7)
		}
		return counts, posts
	}
	last := uint32(0)
	for i, g := range list {
		if i == 0 {
			posts = binary.AppendUvarint(posts, uint64(g))
		} else {
			posts = binary.AppendUvarint(posts, uint64(g-last-1))
		}
		last = g
	}
	return counts, posts
}

func bitmapBytes(groups int) int { return (groups + 7) / 8 }
