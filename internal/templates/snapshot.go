// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package templates

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/cespare/xxhash/v2"
)

// snapshotVersion changes with the format and whenever lines are cut in another way: templates of other cuts are not met again.
const snapshotVersion = 1

// Errors of Restore.
var (
	ErrVersion = errors.New("snapshot of another version")
	ErrCorrupt = errors.New("snapshot is corrupt")
)

// AppendSnapshot appends what Restore needs to go on: templates, merged IDs and ordinals. The format is
//
//	version byte, then uvarints: lines, last ID, merged IDs, templates
//	a merged ID: ID, ID of the template it became part of                          (IDs ascending)
//	a template:  ID, count, first, last, credit, 1 if young, shape (8 bytes), parts, bytes of text, bytes of example
//	             each part: hash (4 bytes), kind (1 byte), end in the text; then text and example
//	xxHash64 of all before it (8 bytes)
//
// with numbers of fixed size in little-endian order. Templates stand in order of value: a smaller Miner takes the first that fit.
func (m *Miner) AppendSnapshot(dst []byte) []byte {
	begin := len(dst)
	dst = append(dst, snapshotVersion)
	for _, v := range []uint64{m.seq, m.nextID, uint64(len(m.forwards)), uint64(m.live)} {
		dst = binary.AppendUvarint(dst, v)
	}
	for _, f := range m.forwards {
		dst = binary.AppendUvarint(binary.AppendUvarint(dst, f.from), f.to)
	}
	for _, at := range m.byValue() {
		dst = m.templates[at].appendTo(dst)
	}
	return binary.LittleEndian.AppendUint64(dst, xxhash.Sum64(dst[begin:]))
}

// byValue returns the templates in the order in which they are kept: those off probation by credit, then the young, the latest seen first.
func (m *Miner) byValue() []uint16 {
	order := make([]uint16, 0, m.live)
	for i := range m.templates {
		if t := &m.templates[i]; t.id != 0 && !t.young {
			order = append(order, uint16(i))
		}
	}
	slices.SortFunc(order, func(a, b uint16) int {
		x, y := &m.templates[a], &m.templates[b]
		return cmp.Or(cmp.Compare(y.credit, x.credit), cmp.Compare(x.id, y.id))
	})
	for next := m.young.head; next != 0; next = m.templates[next-1].older {
		order = append(order, next-1)
	}
	return order
}

func (t *template) appendTo(dst []byte) []byte {
	young := uint64(0)
	if t.young {
		young = 1
	}
	for _, v := range []uint64{t.id, t.count, t.first, t.last, uint64(t.credit), young} {
		dst = binary.AppendUvarint(dst, v)
	}
	dst = binary.LittleEndian.AppendUint64(dst, t.shape)
	for _, v := range []int{len(t.parts), len(t.text) - int(t.example), int(t.example)} {
		dst = binary.AppendUvarint(dst, uint64(v))
	}
	for _, p := range t.parts {
		dst = binary.LittleEndian.AppendUint32(dst, p.hash)
		dst = binary.AppendUvarint(append(dst, byte(p.kind)), uint64(p.end))
	}
	return append(dst, t.text...)
}

// Restore returns a Miner that goes on where AppendSnapshot was called: with the same IDs and counts, as far as the templates fit the bounds of cfg.
// It returns ErrVersion or ErrCorrupt when data is no snapshot of this version; data may be any bytes.
func Restore(cfg Config, data []byte) (*Miner, error) {
	if len(data) == 0 {
		return nil, fmt.Errorf("read templates: %w", ErrCorrupt)
	}
	if data[0] != snapshotVersion {
		return nil, fmt.Errorf("read templates: version %d, want %d: %w", data[0], snapshotVersion, ErrVersion)
	}
	cut := len(data) - 8
	if cut < 1 || binary.LittleEndian.Uint64(data[cut:]) != xxhash.Sum64(data[:cut]) {
		return nil, fmt.Errorf("read templates: checksum: %w", ErrCorrupt)
	}
	m := New(cfg)
	if err := m.load(&reader{data: data[1:cut]}); err != nil {
		return nil, fmt.Errorf("read templates: %w", err)
	}
	return m, nil
}

// load reads everything between the version and the checksum.
func (m *Miner) load(r *reader) error {
	m.seq, m.nextID = r.atMost(1<<62), r.atMost(1<<62)
	forwards, templates := r.number(), r.number()
	before := uint64(0)
	for i := uint64(0); i < forwards && !r.bad; i++ {
		f := forward{from: r.number(), to: r.number()}
		if r.bad || f.from <= before || f.from > m.nextID || f.to > m.nextID {
			return ErrCorrupt
		}
		before = f.from
		if forwards-i <= uint64(m.maxForwards()) && m.roomForward() {
			m.forwards = append(m.forwards, f)
		}
	}
	ids := make(map[uint64]struct{})
	var young []uint16
	for i := uint64(0); i < templates && !r.bad; i++ {
		t, wasYoung := r.template(m.seq, m.nextID)
		if _, twice := ids[t.id]; r.bad || twice {
			return ErrCorrupt
		}
		ids[t.id] = struct{}{}
		if m.live >= int(m.cfg.templates) || m.Bytes()+t.bytes() > int(m.cfg.bytes) {
			continue // the rest is read for its errors
		}
		if at, ok := m.take(t); ok && (wasYoung || m.crowded()) {
			young = append(young, at)
		}
	}
	if r.bad || len(r.data) != 0 {
		return ErrCorrupt
	}
	for _, at := range slices.Backward(young) {
		m.join(at, &m.templates[at])
	}
	for m.Bytes() > int(m.cfg.bytes) && m.weakest(-1) {
	}
	return nil
}

// take adds a template that was read, if there is room for an entry.
func (m *Miner) take(t template) (uint16, bool) {
	if !m.room() {
		return 0, false
	}
	m.templates = append(m.templates, t)
	at := uint16(len(m.templates) - 1)
	m.held += t.bytes()
	m.live++
	m.link(at)
	return at, true
}

// reader takes a snapshot apart. After the first thing that is wrong it is bad and reads zeros.
type reader struct {
	data []byte
	bad  bool
}

func (r *reader) number() uint64 {
	v, n := binary.Uvarint(r.data)
	if n <= 0 {
		r.bad, r.data = true, nil
		return 0
	}
	r.data = r.data[n:]
	return v
}

// atMost reads a number that must not be greater than a bound.
func (r *reader) atMost(bound uint64) uint64 {
	v := r.number()
	if v > bound {
		r.bad, r.data = true, nil
		return 0
	}
	return v
}

func (r *reader) bytes(n int) []byte {
	if n > len(r.data) {
		r.bad, r.data = true, nil
		n = 0
	}
	b := r.data[:n]
	r.data = r.data[n:]
	return b
}

// maxText is what the text of a template takes at most: every byte a replaced one, and the marks for what varies.
const maxText = 3*maxScanBytes + len(wild)*(maxElems+1) + maxElems

func (r *reader) template(lines, lastID uint64) (t template, young bool) {
	t.id = r.atMost(lastID)
	t.count, t.first, t.last = r.atMost(lines), r.atMost(lines), r.atMost(lines)
	t.credit = uint32(r.atMost(maxCredit))
	young = r.atMost(1) == 1
	if b := r.bytes(8); len(b) == 8 {
		t.shape = binary.LittleEndian.Uint64(b)
	}
	parts, text, example := int(r.atMost(maxElems+1)), r.atMost(uint64(maxText)), r.atMost(3*maxMaxExampleBytes)
	if r.bad || t.id == 0 || t.first == 0 || t.first > t.last {
		r.bad = true
		return t, young
	}
	t.parts = make([]part, parts)
	from := uint64(0)
	for i := range t.parts {
		p := &t.parts[i]
		if b := r.bytes(5); len(b) == 5 {
			p.hash, p.kind = binary.LittleEndian.Uint32(b), kind(b[4])
		}
		end := r.atMost(text)
		if end < from || p.kind > kindRest {
			r.bad = true
		}
		p.end, from = uint16(end), end
	}
	t.text = string(r.bytes(int(text + example)))
	t.example = uint16(example)
	r.bad = r.bad || from != text || !t.valid()
	return t, young
}

// valid reports whether text, parts and example are UTF-8 each.
func (t *template) valid() bool {
	from := 0
	for _, p := range t.parts {
		if !utf8.ValidString(t.text[from:p.end]) {
			return false
		}
		from = int(p.end)
	}
	return utf8.ValidString(t.text[from:])
}
