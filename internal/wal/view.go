// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package wal

import (
	"fmt"
	"hash/crc32"
	"os"
	"slices"
	"sync"
)

// View is what the log held durably at one moment, for whoever wants to look at it while it goes on. It does not hinder
// the writer: Remove leaves the file of a segment that a view may read, until the view is released.
type View struct {
	// Segments are in the order of their entries.
	Segments []SegmentView

	log  *Log
	once sync.Once
}

// SegmentView is a segment of a view.
type SegmentView struct {
	// First and Last are the numbers of its first and last durable entry.
	First, Last uint64
	// Records and Weight are those of these entries.
	Records, Weight int64
	// Attached is what is attached to the entries, if it is in memory: then to all of them. Else they must be read.
	Attached []Attached
	// MinTime and MaxTime are the bounds of Info.MinTime and MaxTime; 0, 0: they are not known.
	MinTime, MaxTime int64

	segment *Segment
	end     int64
	pinned  bool
}

// View returns what is durable now: every entry whose Append has returned, unless it was removed. The caller releases it.
func (l *Log) View() *View {
	v := &View{log: l}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range append(slices.Clip(l.full), l.active) {
		if s == nil || s.durable.last == 0 {
			continue
		}
		d := s.durable
		sv := SegmentView{First: s.First, Last: d.last, Records: d.records, Weight: d.weight, segment: s, end: d.bytes}
		if s.timesKnown {
			sv.MinTime, sv.MaxTime = s.minTime, s.maxTime
		}
		if s.released {
			s.pins++
			sv.pinned = true
		} else {
			sv.Attached = s.attached[:attachedUpTo(s.attached, d.last)]
		}
		v.Segments = append(v.Segments, sv)
	}
	return v
}

// attachedUpTo is how many of the entries have a number of at most last.
func attachedUpTo(attached []Attached, last uint64) int {
	i, _ := slices.BinarySearchFunc(attached, last+1, func(a Attached, n uint64) int {
		if a.Number < n {
			return -1
		}
		return 1
	})
	return i
}

// Read calls visit with the entries of a segment, which must not be in memory. Damage is an error, once what can be read
// was visited; nothing is set aside.
func (v *View) Read(s *SegmentView, visit func(Entry) error) error {
	file, err := v.log.fs.Open(s.segment.path, os.O_RDONLY, 0)
	if err != nil {
		return err
	}
	defer file.Close()
	var bad int64
	p := parser{from: s.First, to: s.Last + 1, seed: crc32.Checksum(v.log.id[:], castagnoli), visit: visit}
	p.damaged = func(_, n int64) error {
		bad += n
		return nil
	}
	if err := p.parse(file, int64(headerBytes), s.end); err != nil {
		return err
	}
	if bad > 0 {
		return fmt.Errorf("read %s: %d bytes are no entries", s.segment.path, bad)
	}
	return nil
}

// SetTimes keeps what Read found out about the times of a segment, as those of Info.
func (v *View) SetTimes(s *SegmentView, minTime, maxTime int64) {
	v.log.mu.Lock()
	defer v.log.mu.Unlock()
	if seg := s.segment; seg.durable.last == s.Last && seg.end.last == s.Last && seg != v.log.active {
		seg.minTime, seg.maxTime, seg.timesKnown = minTime, maxTime, true
	}
}

// Release ends the use of the view.
func (v *View) Release() {
	v.once.Do(func() {
		var doomed []*Segment
		v.log.mu.Lock()
		for i := range v.Segments {
			s := v.Segments[i].segment
			if !v.Segments[i].pinned {
				continue
			}
			if s.pins--; s.pins == 0 && s.doomed {
				doomed = append(doomed, s)
			}
		}
		v.log.mu.Unlock()
		for _, s := range doomed {
			_ = v.log.forget(s) // else the next Open does, which knows that it is done
		}
	})
}

// doom reports whether a view may read the segment's file, which then goes with the last of them.
func (l *Log) doom(s *Segment) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	s.doomed = s.pins > 0
	return s.doomed
}

// widen takes note of the times of an entry; end is that of the segment before it. l.mu is held.
func (s *Segment) widen(info Info) {
	first := s.First == 0
	switch {
	case info.MinTime == 0 && info.MaxTime == 0:
		s.timesKnown = false
	case first:
		s.minTime, s.maxTime, s.timesKnown = info.MinTime, info.MaxTime, true
	default:
		s.minTime, s.maxTime = min(s.minTime, info.MinTime), max(s.maxTime, info.MaxTime)
	}
}
