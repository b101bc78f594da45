// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package tailsample

// delivery is what goes to the next consumer at a time. Its slices are used again.
type delivery struct {
	items  []queued
	runs   []Run
	data   []byte
	frames []byte
	parts  []part
	order  map[*source]int // index of parts
}

// part is what a delivery has of a source.
type part struct {
	source  *source
	size    int
	records []piece
}

// piece is a record: a range of frames, and the item it is of.
type piece struct{ from, to, item int32 }

// compose builds the OTLP bytes of a delivery: the records of all its requests under their resources and scopes.
func (e *Engine) compose(d *delivery) []byte {
	d.frames, d.data, d.runs = d.frames[:0], d.data[:0], d.runs[:0]
	if d.order == nil {
		d.order = map[*source]int{}
	}
	clear(d.order)
	parts := d.parts[:0]
	for item := range d.items {
		from := len(d.frames)
		d.frames = e.arena.appendTo(d.frames, &d.items[item].chain)
		at, now := from, 0
		_ = eachFrame(d.frames[from:], func(number uint32) { // no error: these are our own bytes
			at += sourceBytes
			s := e.sourceByNumber(number)
			var known bool
			if now, known = d.order[s]; !known {
				now = len(parts)
				d.order[s] = now
				if now < cap(parts) {
					parts = parts[:now+1]
					parts[now] = part{source: s, records: parts[now].records[:0]}
				} else {
					parts = append(parts, part{source: s})
				}
			}
		}, func(record []byte) {
			p := &parts[now]
			p.records = append(p.records, piece{int32(at), int32(at + len(record)), int32(item)}) //nolint:gosec // MaxRequestBytes
			p.size += len(record)
			at += len(record)
		})
	}
	for i := range parts {
		p := &parts[i]
		d.data = appendRecords(d.data, p.source, p.size, func(dst []byte) []byte {
			for _, r := range p.records {
				dst = append(dst, d.frames[r.from:r.to]...)
				decision := d.items[r.item].decision
				if n := len(d.runs); n > 0 && d.runs[n-1].Decision == decision {
					d.runs[n-1].Records++
				} else {
					d.runs = append(d.runs, Run{Records: 1, Decision: decision})
				}
			}
			return dst
		})
	}
	d.parts = parts
	data := d.data
	if cap(d.data) > maxScratch { // of a giant request
		d.data, d.frames, d.parts = nil, nil, nil
	}
	return data
}

func (e *Engine) sourceByNumber(number uint32) *source {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.sources.byID[number]
}
