// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// reference parses %{NAME}, %{NAME:field}, %{NAME:field:type}, each also with =REGEX to define NAME on the spot. What
// follows after a blank is ignored, as Logstash does; what looks like a part of a reference gone wrong is a mistake.
func (p *parser) reference() *node {
	at := p.pos
	p.pos += len("%{")
	nameAt := p.pos
	name := p.take(isNameByte)
	if name == "" {
		p.fail(at, "%%{ must be followed by the name of a pattern (write %%\\{ for the text itself)")
	}
	var f *Field
	if p.accept(":") {
		fieldAt := p.pos
		spec := p.take(isFieldByte)
		if spec == "" {
			p.fail(fieldAt, "field name is empty")
		}
		if p.has("?]}") { // Logstash's own files have [name?] and [name]?
			spec += "]"
		}
		f = p.field(spec, fieldAt)
	}
	if p.accept("=") {
		p.define(at, name)
	} else {
		p.ignored(at)
	}
	p.pos++ // the closing brace
	end := p.pos
	if f == nil && p.b.opts.allCaptures {
		f = &Field{Name: name, Path: []string{name}, implicit: true}
	}
	var n *node
	if f == nil {
		n = p.expand(nameAt, name)
	} else {
		g := p.b.groups
		p.b.groups++
		idx := p.b.addField(f)
		n = p.capture(&node{op: opCapture, field: idx, group: g, subs: []*node{p.expand(nameAt, name)}})
	}
	p.pos = end
	p.mark(n, at, name)
	return n
}

// ignored passes over what stands between a reference and its closing brace.
func (p *parser) ignored(at int) {
	i := strings.IndexByte(p.src[p.pos:], '}')
	if i < 0 {
		p.fail(at, "%%{ is not closed")
	}
	rest := p.src[p.pos : p.pos+i]
	words := strings.TrimLeft(rest, " \t")
	switch {
	case rest == "", rest == "?", rest == "?]":
	case strings.Contains(rest, "%{"):
		p.fail(at, "%%{ is not closed before the next one")
	case words == rest:
		p.fail(p.pos, "unexpected %q in a reference, which is %%{NAME}, %%{NAME:field} or %%{NAME:field:type}", firstRune(rest))
	case strings.HasPrefix(words, ":") || strings.HasPrefix(words, "="):
		p.fail(p.pos, "blank within a reference, which is %%{NAME}, %%{NAME:field} or %%{NAME:field:type}")
	}
	p.pos += i
}

func firstRune(s string) string {
	_, n := utf8.DecodeRuneInString(s)
	return s[:n]
}

// isReference reports whether a whole reference begins here.
func (p *parser) isReference() bool {
	rest := strings.TrimPrefix(p.src[p.pos:], "%{")
	i := strings.IndexByte(rest, '}')
	return i > 0 && isNameByte(rest[0])
}

// define takes the text up to the brace that closes the reference as the definition of name, for this pattern alone.
func (p *parser) define(at int, name string) {
	start, depth := p.pos, 0
	for ; p.pos < len(p.src); p.pos++ {
		switch p.src[p.pos] {
		case '\\':
			p.pos++
		case '{':
			depth++
		case '}':
			if depth == 0 {
				if p.b.local == nil {
					p.b.local = map[string]string{}
				}
				p.b.local[name] = p.src[start:p.pos]
				return
			}
			depth--
		}
	}
	p.fail(at, "%%{ is not closed")
}

// expand returns the definition of name, parsed with the options of this place, as if its text stood here in a group.
func (p *parser) expand(at int, name string) *node {
	b := p.b
	src, ok := b.local[name]
	if !ok {
		src, ok = b.set.defs[name]
	}
	if !ok {
		p.fail(at, "unknown pattern %q%s", name, b.suggest(name))
	}
	if slices.Contains(b.path, name) {
		p.fail(at, "pattern %s refers to itself: %s > %s", name, strings.Join(b.path, " > "), name)
	}
	p.enter(at)
	b.path = append(b.path, name)
	n := b.parse(&source{name: name, text: src}, p.flags)
	b.path = b.path[:len(b.path)-1]
	b.depth--
	return n
}

func (p *parser) take(ok func(byte) bool) string {
	start := p.pos
	for p.more() && ok(p.src[p.pos]) {
		p.pos++
	}
	return p.src[start:p.pos]
}

func isNameByte(c byte) bool {
	return c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

func isFieldByte(c byte) bool {
	return isNameByte(c) || strings.IndexByte("@[]^`\\:.-", c) >= 0
}

// field parses name, [nested][name], each also with :type.
func (p *parser) field(spec string, at int) *Field {
	name, typ, typed := strings.Cut(spec, ":")
	f := &Field{Name: name}
	if typed {
		var ok bool
		if f.Type, ok = typeByName(typ); !ok {
			p.fail(at+len(name)+1, "unknown type %q, known are %s", typ, strings.Join(TypeNames(), ", "))
		}
	}
	if name == "" {
		p.fail(at, "field name is empty")
	}
	if !strings.ContainsAny(name, "[]") {
		f.Path = []string{name}
		return f
	}
	for rest := name; rest != ""; {
		here := at + len(name) - len(rest)
		end := strings.IndexByte(rest, ']')
		switch {
		case rest[0] != '[':
			p.fail(here, "field %q must be a name or [nested][name]", name)
		case end < 0 || strings.IndexByte(rest[1:end], '[') >= 0:
			p.fail(here, "field %q has a [ that is not closed", name)
		case end == 1:
			p.fail(here, "field %q has an empty part", name)
		}
		f.Path = append(f.Path, rest[1:end])
		rest = rest[end+1:]
	}
	return f
}

func (b *builder) addField(f *Field) int {
	b.fields = append(b.fields, f)
	return len(b.fields) - 1
}
