// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logql

import (
	"errors"
	"fmt"
	"strings"
)

// pattern is a parsed `<name> text <_>` expression: literals and captures in turn.
type pattern struct{ parts []patternPart }

type patternPart struct {
	capture bool
	text    string // of a literal, or the capture's name ("_" is unnamed)
}

func parsePattern(s string) (*pattern, error) {
	p := &pattern{}
	lit := func(t string) {
		if n := len(p.parts); n > 0 && !p.parts[n-1].capture {
			p.parts[n-1].text += t
		} else {
			p.parts = append(p.parts, patternPart{text: t})
		}
	}
	for s != "" {
		i := strings.IndexByte(s, '<')
		if i < 0 {
			lit(s)
			break
		}
		if i > 0 {
			lit(s[:i])
		}
		s = s[i:]
		end := strings.IndexByte(s, '>')
		if end > 0 && isLabelName(s[1:end]) {
			if n := len(p.parts); n > 0 && p.parts[n-1].capture {
				return nil, errors.New("pattern: found consecutive capture without literal between them")
			}
			p.parts = append(p.parts, patternPart{capture: true, text: s[1:end]})
			s = s[end+1:]
			continue
		}
		lit("<")
		s = s[1:]
	}
	return p, nil
}

// checkParser checks a pattern that extracts labels.
func (p *pattern) checkParser() error {
	seen := map[string]bool{}
	for _, part := range p.parts {
		if !part.capture || part.text == "_" {
			continue
		}
		if seen[part.text] {
			return fmt.Errorf("pattern: duplicate capture name (%s)", part.text)
		}
		seen[part.text] = true
	}
	if len(seen) == 0 {
		return errors.New("pattern: at least one capture is required")
	}
	return nil
}

// checkFilter checks a pattern that filters lines.
func (p *pattern) checkFilter() error {
	for _, part := range p.parts {
		if part.capture && part.text != "_" {
			return fmt.Errorf("pattern: named captures are not allowed, got <%s>", part.text)
		}
	}
	return nil
}

// matchLine reports whether the line has the pattern's shape: each literal is looked for where it first occurs behind the one
// in front of it, captures match one character or more, and only a capture may stand for what is left at the end. What is in
// front of the first literal does not matter.
func (p *pattern) matchLine(line string) bool {
	if len(p.parts) == 0 {
		return line == ""
	}
	if line == "" {
		return false
	}
	pending := false // a capture waits for the literal that ends it
	for _, part := range p.parts {
		if part.capture {
			pending = true
			continue
		}
		at := strings.Index(line, part.text)
		if at < 0 || pending && at == 0 {
			return false
		}
		line = line[at+len(part.text):]
		pending = false
	}
	return pending == (line != "")
}

func (s *PatternParser) process(st *lineState, ls *labelSet) bool {
	line := st.line
	if line == "" {
		return true
	}
	parts := s.p.parts
	// A literal in front must be found; the rest of the line is then matched as far as it goes.
	for i := 0; i < len(parts); i++ {
		if !parts[i].capture {
			at := strings.Index(line, parts[i].text)
			if at < 0 || at > 0 && i > 0 {
				return true
			}
			if i == 0 && at > 0 {
				return true
			}
			line = line[at+len(parts[i].text):]
			continue
		}
		value, rest := line, ""
		last := i+1 >= len(parts)
		if !last {
			at := strings.Index(line, parts[i+1].text)
			if at < 0 {
				// The line ends inside this capture: it gets what there is.
				if parts[i].text != "_" && ls.wanted.has(parts[i].text) {
					ls.extract(parts[i].text, value)
				}
				return true
			}
			value, rest = line[:at], line[at:]
		}
		if parts[i].text != "_" && ls.wanted.has(parts[i].text) {
			ls.extract(parts[i].text, value)
		}
		line = rest
	}
	return true
}

// Literals returns texts that every line holds which has the operand's shape, if it is a pattern.
func (o LineOperand) Literals() []string {
	p, err := parsePattern(o.Text)
	if err != nil || o.IP {
		return nil
	}
	var out []string
	for _, part := range p.parts {
		if !part.capture && part.text != "" {
			out = append(out, part.text)
		}
	}
	return out
}
