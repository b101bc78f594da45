// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grokprocessor

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottllog"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/ottlfuncs"
)

// attributeSelector wants an attribute to have a value.
type attributeSelector struct {
	key   string
	value glob
}

func newAttributeSelectors(want map[string]string) []attributeSelector {
	var out []attributeSelector
	for _, key := range slices.Sorted(maps.Keys(want)) {
		out = append(out, attributeSelector{key: key, value: newGlob(want[key])})
	}
	return out
}

// selects reports whether attrs has all that is wanted.
func selects(want []attributeSelector, attrs pcommon.Map) bool {
	for i := range want {
		v, ok := attrs.Get(want[i].key)
		if !ok || !want[i].value.match(v.AsString()) {
			return false
		}
	}
	return true
}

// glob is a text in which * stands for any text, also none.
type glob struct {
	head, tail string
	middle     []string // what stands between stars
	stars      bool
}

func newGlob(s string) glob {
	parts := strings.Split(s, "*")
	g := glob{head: parts[0], stars: len(parts) > 1}
	if g.stars {
		g.tail = parts[len(parts)-1]
		for _, p := range parts[1 : len(parts)-1] {
			if p != "" {
				g.middle = append(g.middle, p)
			}
		}
	}
	return g
}

func (g *glob) match(s string) bool {
	if !g.stars {
		return s == g.head
	}
	if len(s) < len(g.head)+len(g.tail) || !strings.HasPrefix(s, g.head) || !strings.HasSuffix(s, g.tail) {
		return false
	}
	s = s[len(g.head) : len(s)-len(g.tail)]
	for _, part := range g.middle {
		i := strings.Index(s, part)
		if i < 0 {
			return false
		}
		s = s[i+len(part):]
	}
	return true
}

type condition = ottl.Condition[*ottllog.TransformContext]

// parseConditions takes paths with the context's name (log.body) and without (body).
func parseConditions(set component.TelemetrySettings, conditions []string) ([]*condition, error) {
	if len(conditions) == 0 {
		return nil, nil
	}
	funcs := ottlfuncs.StandardConverters[*ottllog.TransformContext]()
	named, err := ottllog.NewParser(funcs, set, ottllog.EnablePathContextNames())
	if err != nil {
		return nil, err
	}
	plain, err := ottllog.NewParser(funcs, set)
	if err != nil {
		return nil, err
	}
	out := make([]*condition, 0, len(conditions))
	var errs []error
	for _, c := range conditions {
		cond, err := plain.ParseCondition(c)
		if err != nil {
			var namedErr error
			if cond, namedErr = named.ParseCondition(c); namedErr != nil {
				if strings.Contains(c, "log.") {
					err = namedErr
				}
				errs = append(errs, err)
				continue
			}
		}
		out = append(out, cond)
	}
	return out, errors.Join(errs...)
}

// anyHolds reports whether any condition holds. One that fails does not hold; the last such error is returned beside the answer.
func anyHolds(ctx context.Context, conditions []*condition, tCtx *ottllog.TransformContext) (bool, error) {
	var last error
	for _, c := range conditions {
		ok, err := c.Eval(ctx, tCtx)
		if err != nil {
			last = err
			continue
		}
		if ok {
			return true, last
		}
	}
	return false, last
}

// source is where a rule finds its text: the body, or one attribute.
type source struct{ attribute string }

// text returns what is to be parsed if it is a text of at most maxBytes. ok is false if the record has no text there.
func (s source) text(lr plog.LogRecord, maxBytes int) (text string, o outcome, ok bool) {
	v := lr.Body()
	if s.attribute != "" {
		if v, ok = lr.Attributes().Get(s.attribute); !ok {
			return "", 0, false
		}
	}
	switch v.Type() {
	case pcommon.ValueTypeStr:
		text = v.Str()
	case pcommon.ValueTypeBytes:
		if v.Bytes().Len() > maxBytes {
			return "", outcomeTooLarge, true
		}
		text = string(v.Bytes().AsRaw())
	default: // structured already, or empty
		return "", 0, false
	}
	if len(text) > maxBytes {
		return "", outcomeTooLarge, true
	}
	if !utf8.ValidString(text) { // much quicker than ToValidUTF8 where there is nothing to do
		text = strings.ToValidUTF8(text, "\uFFFD")
	}
	return text, outcomeParsed, true
}
