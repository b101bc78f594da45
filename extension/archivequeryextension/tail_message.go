// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"encoding/binary"
	"slices"
	"strconv"

	"github.com/cespare/xxhash/v2"
)

// appendTail writes a message: lines in the order of time, those of one stream that follow each other together, and what
// was dropped before them.
func appendTail(b []byte, entries, dropped []tailEntry, categorize bool) []byte {
	b = append(b, `{"streams":[`...)
	for i := range entries {
		e := &entries[i]
		if i == 0 || !slices.Equal(e.labels, entries[i-1].labels) {
			if i > 0 {
				b = append(b, `]},`...)
			}
			b = append(b, `{"stream":`...)
			b = appendLabels(b, e.labels)
			b = append(b, `,"values":[`...)
		} else {
			b = append(b, ',')
		}
		b = append(b, `["`...)
		b = strconv.AppendInt(b, e.time, 10)
		b = append(b, `",`...)
		b = appendText(b, e.line)
		if categorize {
			b = append(b, ',')
			b = appendCategories(b, e.metadata, e.parsed)
		}
		b = append(b, ']')
	}
	if len(entries) > 0 {
		b = append(b, `]}`...)
	}
	b = append(b, ']')
	if len(dropped) > 0 {
		b = append(b, `,"dropped_entries":[`...)
		for i := range dropped {
			b = appendComma(b, i)
			b = append(b, `{"labels":`...)
			b = appendLabels(b, dropped[i].labels)
			b = append(b, `,"timestamp":"`...)
			b = strconv.AppendInt(b, dropped[i].time, 10)
			b = append(b, `"}`...)
		}
		b = append(b, ']')
	}
	if categorize {
		b = append(b, `,"encodingFlags":["`+categorizeLabels+`"]`...)
	}
	return append(b, '}')
}

const (
	// maxSentLines is how many lines are remembered that were sent before they were committed, in numbers of 64 bits.
	maxSentLines = 100_000
	// maxSentCommits is over how many commits they are.
	maxSentCommits = 8
)

// sentLines knows the lines that were sent and may come again, when they are committed with others that were not sent.
type sentLines struct {
	commits []map[uint64]uint32 // lines by hash, and how often; the last is of those behind the last commit
	lines   int
	gaps    int // commits until it knows all again
}

// complete reports whether every line that may come again is known.
func (m *sentLines) complete() bool { return m.gaps == 0 }

func (m *sentLines) remember(entries []tailEntry) {
	if len(m.commits) == 0 {
		m.rotate()
	}
	last := m.commits[len(m.commits)-1]
	for i := range entries {
		last[entries[i].hash()]++
		m.lines++
	}
	for m.lines > maxSentLines {
		m.forget()
		if len(m.commits) == 0 {
			m.gaps = 2
			return
		}
	}
}

// forget gives up the oldest.
func (m *sentLines) forget() {
	for _, n := range m.commits[0] {
		m.lines -= int(n)
	}
	m.commits = slices.Delete(m.commits, 0, 1)
}

// rotate takes note of a commit.
func (m *sentLines) rotate() {
	m.gaps = max(m.gaps-1, 0)
	m.commits = append(m.commits, map[uint64]uint32{})
	if len(m.commits) > maxSentCommits {
		m.forget()
	}
}

// without returns the lines that were not sent.
func (m *sentLines) without(entries []tailEntry) []tailEntry {
	return slices.DeleteFunc(entries, func(e tailEntry) bool {
		h := e.hash()
		for _, known := range m.commits {
			if n := known[h]; n > 0 {
				m.lines--
				if n == 1 {
					delete(known, h)
				} else {
					known[h] = n - 1
				}
				return true
			}
		}
		return false
	})
}

// hash is the same for the same line, whether its labels are categorized or not.
func (e *tailEntry) hash() uint64 {
	var d xxhash.Digest
	d.Reset()
	var n [8]byte
	text := func(s string) {
		binary.LittleEndian.PutUint64(n[:], uint64(len(s)))
		_, _ = d.Write(n[:])
		_, _ = d.WriteString(s)
	}
	binary.LittleEndian.PutUint64(n[:], uint64(e.time)) //nolint:gosec // its bits
	_, _ = d.Write(n[:])
	text(e.line)
	labels := e.labels
	if len(e.metadata)+len(e.parsed) > 0 {
		labels = slices.Concat(labels, e.metadata, e.parsed)
		labels.Sort()
	}
	for i := range labels {
		text(labels[i].Name)
		text(labels[i].Value)
	}
	return d.Sum64()
}
