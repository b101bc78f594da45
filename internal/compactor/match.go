// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package compactor

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"github.com/logboom/logboom/archive"
)

// Match says which records an erasure is about: those for which all terms hold.
type Match struct {
	Terms []Term
}

// Term is one condition.
type Term struct {
	// Field is service_name, trace_id, span_id, body, or the key of an attribute of the record, its scope or its resource, in which
	// a dot and an underscore are the same.
	Field string
	// Value is what it must be; with Contains, of the body, what must be in it.
	Value    string
	Contains bool
}

// errMatch says what a predicate looks like.
var errMatch = errors.New(`a predicate is conditions with "and" or a comma between them: key="value", service_name="…", trace_id="…", span_id="…", body="…", body contains "…"`)

// ParseMatch reads a predicate such as
//
//	user_id="u-17" and service_name="cart", body contains "card"
//
// Values are quoted as in Go.
func ParseMatch(text string) (Match, error) {
	var m Match
	rest := strings.TrimSpace(text)
	for rest != "" {
		end := strings.IndexFunc(rest, func(r rune) bool { return !inKey(r) })
		if end <= 0 {
			return Match{}, fmt.Errorf("parse predicate at %q: %w", rest, errMatch)
		}
		term := Term{Field: rest[:end]}
		rest = strings.TrimLeft(rest[end:], " \t")
		if operator := rest[:len(rest)-len(strings.TrimLeft(rest, "=!~<>|"))]; operator != "=" && operator != "" {
			return Match{}, fmt.Errorf("parse predicate: operator %s after %s is not known, there are = and, for body, contains: %w", operator, term.Field, errMatch)
		}
		if after, ok := strings.CutPrefix(rest, "="); ok {
			rest = after
		} else if after, ok := strings.CutPrefix(rest, "contains"); ok && term.Field == "body" {
			rest, term.Contains = after, true
		} else {
			return Match{}, fmt.Errorf("parse predicate at %q: %w", rest, errMatch)
		}
		rest = strings.TrimLeft(rest, " \t")
		quoted, err := strconv.QuotedPrefix(rest)
		if err != nil {
			return Match{}, fmt.Errorf("parse predicate at %q: %w", rest, errMatch)
		}
		rest = strings.TrimLeft(rest[len(quoted):], " \t")
		if term.Value, err = strconv.Unquote(quoted); err != nil || term.Value == "" {
			return Match{}, fmt.Errorf("parse predicate: value of %s must not be empty: %w", term.Field, errMatch)
		}
		m.Terms = append(m.Terms, term)
		if rest == "" {
			break
		}
		after, ok := strings.CutPrefix(rest, ",")
		if !ok {
			if after, ok = strings.CutPrefix(rest, "and "); !ok {
				return Match{}, fmt.Errorf("parse predicate at %q: %w", rest, errMatch)
			}
		}
		if rest = strings.TrimSpace(after); rest == "" {
			return Match{}, fmt.Errorf("parse predicate: nothing follows %q: %w", text, errMatch)
		}
	}
	return m, m.Validate()
}

// keyMarks are what keys may have besides letters and digits.
const keyMarks = "._-/:@#$+[]"

func inKey(r rune) bool {
	return r != unicode.ReplacementChar && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune(keyMarks, r))
}

// Validate reports a match that would match everything.
func (m *Match) Validate() error {
	if len(m.Terms) == 0 {
		return fmt.Errorf("predicate is empty: %w", errMatch)
	}
	for _, t := range m.Terms {
		if strings.ContainsFunc(t.Field, func(r rune) bool { return !inKey(r) }) {
			return fmt.Errorf("condition on %q: a key has letters, digits and any of %s: %w", t.Field, keyMarks, errMatch)
		}
		if t.Field == "" || t.Value == "" || t.Contains && t.Field != "body" {
			return fmt.Errorf("condition on %q: %w", t.Field, errMatch)
		}
	}
	return nil
}

// String is the predicate as ParseMatch reads it.
func (m Match) String() string {
	var parts []string
	for _, t := range m.Terms {
		if t.Contains {
			parts = append(parts, t.Field+" contains "+strconv.Quote(t.Value))
		} else {
			parts = append(parts, t.Field+"="+strconv.Quote(t.Value))
		}
	}
	return strings.Join(parts, " and ")
}

// Fields names the fields without their values, for what must not repeat them.
func (m Match) Fields() string {
	var parts []string
	for _, t := range m.Terms {
		parts = append(parts, t.Field)
	}
	return strings.Join(parts, ", ")
}

// Record reports whether all terms hold for a record.
func (m *Match) Record(r *archive.Record) bool {
	for i := range m.Terms {
		if !m.Terms[i].holds(r) {
			return false
		}
	}
	return true
}

func (t *Term) holds(r *archive.Record) bool {
	switch t.Field {
	case "service_name":
		return r.ServiceName == t.Value
	case "trace_id":
		if r.TraceID == strings.ToLower(t.Value) {
			return true
		}
	case "span_id":
		if r.SpanID == strings.ToLower(t.Value) {
			return true
		}
	case "body":
		if t.Contains {
			return strings.Contains(r.Body, t.Value)
		}
		return r.Body == t.Value
	}
	for _, attributes := range [][]archive.Attribute{r.LogAttributes, r.ResourceAttributes, r.ScopeAttributes} {
		for i := range attributes {
			if attributes[i].Value == t.Value && sameKey(attributes[i].Key, t.Field) {
				return true
			}
		}
	}
	return false
}

// sameKey compares keys in which dots are written as underscores or not.
func sameKey(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		x, y := a[i], b[i]
		if x == '.' {
			x = '_'
		}
		if y == '.' {
			y = '_'
		}
		if x != y {
			return false
		}
	}
	return true
}

// request is a scan for the records, and for more where the index cannot tell.
func (m *Match) request() archive.ScanRequest {
	req := archive.All()
	for _, t := range m.Terms {
		switch {
		case t.Contains:
			req.Lines = append(req.Lines, archive.LineFilter{Kind: archive.LineContains, Text: t.Value})
		case t.Field == "body":
			req.Lines = append(req.Lines, archive.LineFilter{Kind: archive.LineContains, Text: t.Value})
		case t.Field == "service_name":
			req.Service = func(service string) bool { return service == t.Value }
		case (t.Field == "trace_id" || t.Field == "span_id") && strings.ToLower(t.Value) != t.Value:
			// The column has it in small letters, an attribute of that name may have it as it is: no filter says so.
		default:
			req.Values = append(req.Values, archive.ValueFilter{Value: t.Value})
		}
	}
	return req
}

// values are what must not be found any more.
func (m *Match) values() (list []string) {
	for _, t := range m.Terms {
		if t.Field != "service_name" {
			list = append(list, t.Value)
		}
	}
	return list
}

// mentions reports whether a value is anywhere in body or attributes of a record.
func mentions(r *archive.Record, value string) bool {
	if strings.Contains(r.Body, value) {
		return true
	}
	for _, attributes := range [][]archive.Attribute{r.LogAttributes, r.ResourceAttributes, r.ScopeAttributes} {
		for i := range attributes {
			if strings.Contains(attributes[i].Value, value) {
				return true
			}
		}
	}
	return false
}
