// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package dissect

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/logboom/logboom/internal/grok"
)

// maxKeys bounds the keys of one pattern.
const maxKeys = 1000

// types are the words behind a key. Beats' ip stays a text.
var types = map[string]grok.Type{
	"string": grok.TypeString, "ip": grok.TypeString,
	"int": grok.TypeInt, "integer": grok.TypeInt, "long": grok.TypeInt,
	"float": grok.TypeFloat, "double": grok.TypeFloat,
	"bool": grok.TypeBool, "boolean": grok.TypeBool,
}

// key is one %{…} as it is written.
type key struct {
	at       int  // offset of its name in the expression
	modifier byte // one of ?+*&, 0 for none
	name     string
	typ      grok.Type
	order    int // of an appended key, 0 if it has none
	pad      bool
	before   string // the delimiter before it
}

type compiler struct {
	expr string
	keys []key
	p    *Pattern
}

// Compile compiles a dissect expression. A mistake in it is a *grok.Error.
func Compile(expr string) (*Pattern, error) {
	c := &compiler{expr: expr, p: &Pattern{source: expr}}
	if err := c.parse(); err != nil {
		return nil, err
	}
	if err := c.link(); err != nil {
		return nil, err
	}
	return c.p, nil
}

func (c *compiler) fail(at int, format string, args ...any) error {
	return &grok.Error{Msg: fmt.Sprintf(format, args...), Text: c.expr, Offset: at}
}

// parse splits the expression into keys and delimiters.
func (c *compiler) parse() error {
	at := strings.Index(c.expr, "%{")
	if at < 0 {
		return c.fail(0, "dissect expression must have a key %%{…}")
	}
	c.p.lead = c.expr[:at]
	before := c.p.lead
	for {
		end := strings.IndexByte(c.expr[at:], '}')
		if end < 0 {
			return c.fail(at, "%%{ is not closed")
		}
		end += at
		if len(c.keys) == maxKeys {
			return c.fail(at, "dissect expression may have at most %d keys", maxKeys)
		}
		k, err := c.key(at+len("%{"), end)
		if err != nil {
			return err
		}
		k.before = before
		c.keys = append(c.keys, k)
		next := strings.Index(c.expr[end:], "%{")
		if next < 0 {
			c.p.keys = append(c.p.keys, step{delim: c.expr[end+1:], pad: k.pad})
			return nil
		}
		next += end
		if before = c.expr[end+1 : next]; before == "" {
			return c.fail(next, "there must be a delimiter between two keys")
		}
		c.p.keys = append(c.p.keys, step{delim: before, pad: k.pad})
		at = next
	}
}

// key reads [modifier]name[:type][/order][->], which is expr[at:end].
func (c *compiler) key(at, end int) (k key, err error) {
	s := c.expr[at:end]
	if t, ok := strings.CutSuffix(s, "->"); ok {
		k.pad = true
		s = strings.TrimRight(t, " ")
	}
	if s != "" && strings.IndexByte("?+*&", s[0]) >= 0 {
		k.modifier, s = s[0], s[1:]
		at++
	}
	k.at = at
	if s != "" && strings.IndexByte("?+*&", s[0]) >= 0 {
		return k, c.fail(at, "a key may have one of the modifiers ?, +, * and &, not two")
	}
	if i := strings.LastIndexByte(s, '/'); i >= 0 && k.modifier == '+' {
		if k.order, err = strconv.Atoi(s[i+1:]); err != nil || k.order < 1 {
			return k, c.fail(at+i+1, "order of an appended key must be a number from 1 on, got %q", s[i+1:])
		}
		s = s[:i]
	}
	if i := strings.IndexAny(s, ":|"); i >= 0 {
		var ok bool
		if k.typ, ok = types[s[i+1:]]; !ok {
			return k, c.fail(at+i+1, "unknown type %q, known are %s", s[i+1:], strings.Join(grok.TypeNames(), ", "))
		}
		s = s[:i]
	}
	k.name = s
	switch {
	case s == "" && k.modifier == 0 && k.typ == grok.TypeString:
		k.modifier = '?'
	case s == "" && k.modifier != '?':
		return k, c.fail(at, "name of a key is empty")
	}
	return k, nil
}

// field returns the field of a key.
func (c *compiler) field(k *key) (*Field, error) {
	f := &Field{Name: k.name, Path: []string{k.name}, Type: k.typ}
	if strings.HasPrefix(k.name, "[") && strings.HasSuffix(k.name, "]") {
		f.Path = strings.Split(k.name[1:len(k.name)-1], "][")
	}
	if slices.Contains(f.Path, "") {
		return nil, c.fail(k.at, "name %q has an empty part", k.name)
	}
	return f, nil
}

// link makes fields and outputs of the keys.
func (c *compiler) link() error {
	var outputs []output
	joined := map[string]int{} // output of a name that is appended to
	for i := range c.keys {
		if k := &c.keys[i]; k.modifier == '+' {
			joined[k.name] = -1
		}
	}
	plain := true
	for i := range c.keys {
		k := &c.keys[i]
		switch k.modifier {
		case '?':
			continue
		case '*':
			if !slices.ContainsFunc(c.keys, func(o key) bool { return o.modifier == '&' && o.name == k.name }) {
				return c.fail(k.at, "%%{*%s} gives a name, but no %%{&%s} the value", k.name, k.name)
			}
			continue
		case '&':
			from := slices.IndexFunc(c.keys, func(o key) bool { return o.modifier != '&' && o.modifier != '+' && o.name == k.name })
			if from < 0 {
				return c.fail(k.at, "%%{&%s} needs a %%{*%s} or %%{?%s} that gives its name", k.name, k.name, k.name)
			}
			if k.typ != grok.TypeString {
				return c.fail(k.at, "a key whose name the text gives has no type")
			}
			outputs = append(outputs, output{key: from, parts: []part{{key: i}}})
			plain = false
			continue
		}
		before := k.before
		if i == 0 {
			before = " "
		}
		pt := part{key: i, before: before}
		to, several := joined[k.name]
		if several && to >= 0 {
			outputs[to].parts = append(outputs[to].parts, pt)
			plain = false
			continue
		}
		f, err := c.field(k)
		if err != nil {
			return err
		}
		c.addField(f)
		if several {
			joined[k.name] = len(outputs)
		}
		outputs = append(outputs, output{field: f, parts: []part{pt}})
	}
	for i := range outputs {
		slices.SortStableFunc(outputs[i].parts, func(a, b part) int { return c.keys[a.key].order - c.keys[b.key].order })
	}
	if !plain {
		c.p.outputs = outputs
		return nil
	}
	for _, o := range outputs {
		c.p.keys[o.parts[0].key].field = o.field
	}
	return nil
}

func (c *compiler) addField(f *Field) {
	f.Slot = c.p.slots
	for _, o := range c.p.fields {
		if slices.Equal(o.Path, f.Path) {
			f.Slot = o.Slot
		}
	}
	if f.Slot == c.p.slots {
		c.p.slots++
	}
	c.p.fields = append(c.p.fields, f)
}
