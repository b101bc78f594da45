// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logformat

import (
	"fmt"
	"slices"
	"strings"

	"github.com/logboom/logboom/internal/grok"
)

// Options are the bounds of a Recogniser.
type Options struct {
	MaxSources int // sources remembered at once, about 8 bytes each; 0 for none
	MaxSteps   int // of the backtracking engine, see grok.WithMaxSteps; 0 for its default
}

// Recogniser tells the format of lines. It is safe for concurrent use.
type Recogniser struct {
	formats  []Format
	patterns []*grok.Pattern // nil for JSON and logfmt
	outlines [][]outline     // of each format
	first    [256][]uint8    // the formats whose lines may begin with a byte, in their order
	iso      [256][]uint8    // those of them whose lines may begin with an ISO time
	has      []uint8         // of each format, which of the different texts its lines must have
	after    [][]uint8       // of each format, the formats that are tried before it when it is remembered
	memory   *memory         // nil for none
}

// tableBytes bounds what one format's automaton grows to: some 70 MiB for all of them, whatever the lines. They need a tenth.
const tableBytes = 512 << 10

// NewRecogniser compiles the formats with the definitions of a library (grok.LibraryECS or LibraryLegacy decide the names
// of fields; with LibraryNone they are those of ECS). Definitions of users do not change formats.
func NewRecogniser(library string, opts Options) (*Recogniser, error) {
	if library == grok.LibraryNone {
		library = grok.LibraryECS
	}
	set, err := grok.NewSet(library)
	if err != nil {
		return nil, err
	}
	compileOpts := []grok.Option{grok.WithTableBytes(tableBytes)}
	if opts.MaxSteps > 0 {
		compileOpts = append(compileOpts, grok.WithMaxSteps(opts.MaxSteps))
	}
	r := &Recogniser{formats: Formats(), memory: newMemory(opts.MaxSources)}
	r.patterns = make([]*grok.Pattern, len(r.formats))
	r.outlines = make([][]outline, len(r.formats))
	r.after = make([][]uint8, len(r.formats))
	for i := range r.formats {
		f := &r.formats[i]
		if f.Kind == Grok {
			if r.patterns[i], err = set.Compile(f.Expression, compileOpts...); err != nil {
				return nil, fmt.Errorf("compile format %s: %w", f.Name, err)
			}
		}
		r.outlines[i] = outlines(f.shape)
		for j := range r.formats[:i] {
			if slices.Contains(f.after, r.formats[j].Name) {
				r.after[i] = append(r.after[i], uint8(j)) //nolint:gosec // there are fewer than 255 formats
			}
		}
		r.file(uint8(i)) //nolint:gosec // there are fewer than 255 formats
	}
	return r, nil
}

// file puts a format where its lines are looked for.
func (r *Recogniser) file(f uint8) {
	for c := range r.first {
		for _, o := range r.outlines[f] {
			if o.begins(byte(c)) {
				r.first[c] = append(r.first[c], f)
				break
			}
		}
		for _, o := range r.outlines[f] {
			if o.begins(byte(c)) && o.mayBeginISO() {
				r.iso[c] = append(r.iso[c], f)
				break
			}
		}
	}
	has := slices.IndexFunc(r.formats, func(o Format) bool { return o.has == r.formats[f].has })
	r.has = append(r.has, uint8(has)) //nolint:gosec // the first format with that text, of fewer than 255
}

// Formats returns the formats; Match answers with an index into them.
func (r *Recogniser) Formats() []Format { return r.formats }

// Pattern returns the pattern of a format, nil for JSON and logfmt.
func (r *Recogniser) Pattern(format int) *grok.Pattern { return r.patterns[format] }

// Match returns the index of the format that text has, -1 if none, and appends what it captured to dst. Of JSON and logfmt
// nothing is captured, and JSON is only looked at from outside ({ at its begin, } at its end): the caller parses the Payload, and
// what then does not parse has no format. source stands for where the text comes from, such as a hash of the resource: what its last
// texts had is tried first. White space at the end of text belongs to no capture. The error is grok.ErrSteps if a pattern gave up
// before one matched.
func (r *Recogniser) Match(source uint64, text string, dst []grok.Capture) (format int, captures []grok.Capture, err error) {
	text = strings.TrimRight(text, " \t\r\n")
	if text == "" {
		return -1, dst, nil
	}
	m := matching{r: r, text: text, captures: dst}
	known, _ := r.memory.recall(source)
	for _, f := range known {
		if f == noFormat || r.formats[f].general {
			continue
		}
		for _, other := range r.after[f] {
			if m.try(other) {
				r.memory.learn(source, other)
				return int(other), m.captures, m.err
			}
		}
		if m.try(f) {
			return int(f), m.captures, m.err
		}
	}
	candidates := r.first[text[0]]
	if m.times.end(text, 0) > 0 {
		candidates = r.iso[text[0]]
	}
	for _, f := range candidates {
		if m.try(f) {
			r.memory.learn(source, f)
			return int(f), m.captures, m.err
		}
	}
	return -1, dst, m.err
}

// matching is one text on its way through the formats.
type matching struct {
	r        *Recogniser
	text     string
	times    isoTimes
	has      [noFormat]int8 // whether the text has what formats must have, by Recogniser.has: 0 not looked yet, 1 yes, -1 no
	captures []grok.Capture // of the format that matched behind those that were there
	err      error          // of a pattern that gave up
}

// hasText reports whether the text has what lines of the format must have.
func (m *matching) hasText(f uint8) bool {
	text := m.r.formats[f].has
	if text == "" {
		return true
	}
	known := &m.has[m.r.has[f]]
	if *known == 0 {
		*known = -1
		if strings.Contains(m.text, text) {
			*known = 1
		}
	}
	return *known > 0
}

// try matches one format.
func (m *matching) try(f uint8) bool {
	r, fits := m.r, false
	for _, o := range r.outlines[f] {
		if fits = o.fits(m.text, &m.times); fits {
			break
		}
	}
	if !fits || !m.hasText(f) {
		return false
	}
	switch r.formats[f].Kind {
	case JSON:
		return looksLikeJSON(Payload(m.text))
	case Logfmt:
		return isLogfmt(Payload(m.text))
	}
	captures, ok, err := r.patterns[f].Match(m.text, m.captures)
	if ok {
		m.captures = captures
	} else if err != nil {
		m.err = err
	}
	return ok
}
