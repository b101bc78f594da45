// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logformat

import (
	"fmt"
	"strings"

	"github.com/logboom/logboom/internal/grok"
)

// Options are the bounds of a Recogniser.
type Options struct {
	MaxSources int // sources remembered at once, 8 bytes each; 0 for none
	MaxSteps   int // of the backtracking engine, see grok.WithMaxSteps; 0 for its default
}

// Recogniser tells the format of lines. It is safe for concurrent use.
type Recogniser struct {
	formats  []Format
	patterns []*grok.Pattern // nil for JSON and logfmt
}

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
	var compileOpts []grok.Option
	if opts.MaxSteps > 0 {
		compileOpts = append(compileOpts, grok.WithMaxSteps(opts.MaxSteps))
	}
	r := &Recogniser{formats: Formats(), patterns: make([]*grok.Pattern, len(formats))}
	for i := range r.formats {
		if r.formats[i].Kind != Grok {
			continue
		}
		if r.patterns[i], err = set.Compile(r.formats[i].Expression, compileOpts...); err != nil {
			return nil, fmt.Errorf("compile format %s: %w", r.formats[i].Name, err)
		}
	}
	return r, nil
}

// Formats returns the formats; Match answers with an index into them.
func (r *Recogniser) Formats() []Format { return r.formats }

// Pattern returns the pattern of a format, nil for JSON and logfmt.
func (r *Recogniser) Pattern(format int) *grok.Pattern { return r.patterns[format] }

// Match returns the index of the format that text has, -1 if none, and appends what it captured to dst. Of JSON and logfmt
// nothing is captured, and JSON is only looked at from outside ({ at its begin, } at its end): the caller parses, and what then does not
// parse has no format. source stands for where the text comes from, such as a hash of the resource. Line ends at the end of
// text belong to no capture. The error is grok.ErrSteps if a pattern gave up before one matched.
func (r *Recogniser) Match(source uint64, text string, dst []grok.Capture) (format int, captures []grok.Capture, err error) {
	text = strings.TrimRight(text, "\r\n")
	for i, p := range r.patterns {
		if p == nil {
			if r.formats[i].Kind == JSON && looksLikeJSON(text) || r.formats[i].Kind == Logfmt && isLogfmt(text) {
				return i, dst, err
			}
			continue
		}
		captures, ok, e := p.Match(text, dst)
		if ok {
			return i, captures, err
		}
		if e != nil {
			err = e
		}
	}
	return -1, dst, err
}
