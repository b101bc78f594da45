// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

import (
	"slices"
	"strings"
)

// reference parses %{NAME}, %{NAME:field}, %{NAME:field:type}, each also with =REGEX to define NAME on the spot.
// Other text before the closing brace is ignored, as Logstash does.
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
		f = p.field(spec, fieldAt)
	}
	if p.accept("=") {
		p.define(at, name)
	} else {
		i := strings.IndexByte(p.src[p.pos:], '}')
		if i < 0 {
			p.fail(at, "%%{ is not closed")
		}
		p.pos += i
	}
	p.pos++ // the closing brace
	if f == nil && p.b.opts.allCaptures {
		f = &Field{Name: name, Path: []string{name}, implicit: true}
	}
	if f == nil {
		return p.expand(nameAt, name)
	}
	g := p.b.groups
	p.b.groups++
	idx := p.b.addField(f)
	return &node{op: opCapture, field: idx, group: g, subs: []*node{p.expand(nameAt, name)}}
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

// expand returns the definition of name, parsed.
func (p *parser) expand(at int, name string) *node {
	b := p.b
	src, ok := b.local[name]
	if !ok {
		src, ok = b.set.defs[name]
	}
	if !ok {
		if near := b.set.near(name); near != "" {
			p.fail(at, "unknown pattern %q, there is %q", name, near)
		}
		p.fail(at, "unknown pattern %q", name)
	}
	if slices.Contains(b.path, name) {
		p.fail(at, "pattern %s refers to itself: %s > %s", name, strings.Join(b.path, " > "), name)
	}
	p.enter(at)
	b.path = append(b.path, name)
	n := b.parseText(src)
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
	if !strings.HasPrefix(name, "[") {
		if name == "" {
			p.fail(at, "field name is empty")
		}
		f.Path = []string{name}
		return f
	}
	for part := range strings.SplitSeq(strings.TrimSuffix(name[1:], "]"), "][") {
		if part == "" {
			p.fail(at, "field %q has an empty part", name)
		}
		f.Path = append(f.Path, part)
	}
	return f
}

func (b *builder) addField(f *Field) int {
	b.fields = append(b.fields, f)
	return len(b.fields) - 1
}
