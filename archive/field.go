// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"fmt"
	"slices"
	"strings"
)

// fieldKind is a field, or a family of fields, that values can be compared in.
type fieldKind uint8

const (
	fieldTraceID fieldKind = iota
	fieldSpanID
	fieldEventName
	fieldLogAttribute
	fieldResourceAttribute
	fieldScopeAttribute
	fieldAny
)

// valueFilter is a value filter, taken apart.
type valueFilter struct {
	kind       fieldKind
	key, value string // key: of an attribute
}

// compileValues takes value filters apart.
func compileValues(values []ValueFilter) ([]valueFilter, error) {
	compiled := make([]valueFilter, 0, len(values))
	for _, v := range values {
		f := valueFilter{value: v.Value}
		switch v.Field {
		case "":
			f.kind = fieldAny
		case "TraceId":
			f.kind = fieldTraceID
		case "SpanId":
			f.kind = fieldSpanID
		case "EventName":
			f.kind = fieldEventName
		default:
			family, key, ok := strings.Cut(v.Field, ".")
			f.key = key
			switch {
			case ok && family == "LogAttributes":
				f.kind = fieldLogAttribute
			case ok && family == "ResourceAttributes":
				f.kind = fieldResourceAttribute
			case ok && family == "ScopeAttributes":
				f.kind = fieldScopeAttribute
			default:
				return nil, fmt.Errorf("compile value filter: field %q is not TraceId, SpanId, EventName, LogAttributes.<key>, "+
					"ResourceAttributes.<key> or ScopeAttributes.<key>", v.Field)
			}
		}
		compiled = append(compiled, f)
	}
	return compiled, nil
}

// matches reports whether a whole record passes.
func (f *valueFilter) matches(r *Record) bool {
	find := func(attrs []Attribute) bool {
		a, _ := FindAttribute(attrs, f.key)
		return a.Value == f.value
	}
	switch f.kind {
	case fieldTraceID:
		return r.TraceID == f.value
	case fieldSpanID:
		return r.SpanID == f.value
	case fieldEventName:
		return r.EventName == f.value
	case fieldLogAttribute:
		return find(r.LogAttributes)
	case fieldResourceAttribute:
		return find(r.ResourceAttributes)
	case fieldAny:
		return r.TraceID == f.value || r.SpanID == f.value || r.EventName == f.value ||
			hasValue(r.LogAttributes, f.value) || hasValue(r.ResourceAttributes, f.value) || hasValue(r.ScopeAttributes, f.value)
	default:
		return find(r.ScopeAttributes)
	}
}

func hasValue(attrs []Attribute, value string) bool {
	return slices.ContainsFunc(attrs, func(a Attribute) bool { return a.Value == value })
}
