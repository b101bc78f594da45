// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"

	"github.com/logboom/logboom/internal/grok"
)

// grokExplain is an explanation as the output has it. from, to and offset are bytes of the line.
type grokExplain struct {
	Pattern string         `json:"pattern,omitempty"` // which of several it is about
	Pieces  []explainPiece `json:"pieces"`
	Stop    *explainStop   `json:"stop,omitempty"`
	Partial bool           `json:"partial,omitempty"`
}

type explainPiece struct {
	Piece string   `json:"piece"`
	Path  []string `json:"path,omitempty"`
	From  int      `json:"from"`
	To    int      `json:"to"`
	Text  string   `json:"text"`
}

type explainStop struct {
	Offset   int      `json:"offset"`
	Expected string   `json:"expected"`
	Path     []string `json:"path,omitempty"`
}

// explainLine explains the parser that matches a line, or the one whose best attempt got furthest, also as text for people.
func explainLine(parsers []lineParser, text string) (*grokExplain, string) {
	var best *grok.Explanation
	var name string
	for _, p := range parsers {
		e := p.explain(text)
		if e != nil && (best == nil || e.Matched || further(e, best)) {
			best, name = e, p.name()
		}
		if best != nil && best.Matched {
			break
		}
		if _, ok, _ := p.match(text); ok { // a parser that has nothing to tell
			return nil, ""
		}
	}
	if best == nil {
		return nil, ""
	}
	out := &grokExplain{Pieces: make([]explainPiece, 0, len(best.Pieces)), Partial: best.Partial}
	var human strings.Builder
	if len(parsers) > 1 {
		out.Pattern = name
		human.WriteString(name + ": ")
	}
	for _, p := range best.Pieces {
		out.Pieces = append(out.Pieces, explainPiece{Piece: p.Source, Path: p.Path, From: p.From, To: p.To, Text: text[p.From:p.To]})
	}
	if best.Stop != nil {
		out.Stop = &explainStop{best.Stop.Offset, best.Stop.Expected, best.Stop.Path}
	}
	human.WriteString(best.Render(text))
	return out, human.String()
}

// further reports whether the attempt of a got further in the text than that of b.
func further(a, b *grok.Explanation) bool {
	return a.Stop != nil && (b.Stop == nil || a.Stop.Offset > b.Stop.Offset)
}
