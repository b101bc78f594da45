// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logql

import (
	"slices"
	"strings"
	"unsafe"
)

const (
	labelError        = "__error__"
	labelErrorDetails = "__error_details__"
	extractedSuffix   = "_extracted"

	// labelPreserveError, if it has a value, lets lines with errors count.
	labelPreserveError = "__preserve_error__"

	// maxLabels bounds the labels of an entry: they are searched one by one, and a line may hold millions of fields.
	maxLabels = 2000
	// maxLabelNameBytes bounds the names that a parser makes of nested keys: without it a line of a megabyte can hold
	// thousands of names of half a megabyte each.
	maxLabelNameBytes = 2048
	// maxKeptText bounds the buffer that is kept from entry to entry for values with escapes.
	maxKeptText = 1 << 20
)

// Error values that stages put into __error__.
const (
	errJSON        = "JSONParserErr"
	errLogfmt      = "LogfmtParserErr"
	errTemplate    = "TemplateFormatErr"
	errLabelFilter = "LabelFilterErr"
	errSample      = "SampleExtractionErr"
	errLabels      = "TooManyLabelsErr" // ours
)

// category is where a label of an entry came from.
type category uint8

const (
	catStream category = iota
	catMetadata
	catParsed
)

type setLabel struct {
	Label
	cat   category
	found bool // by a parser, not made by a label_format or asked for as JSON
}

// labelSet holds the labels of one entry on its way through a pipeline. It is reused from entry to entry. Few
// labels (up to some tens) make linear search the fastest.
type labelSet struct {
	labels          []setLabel
	base            []Label // of the stream: parsers do not take their names even when they were dropped
	err, errDetails string

	wanted *wanted // what parsers need to extract; does not change
	all    bool    // they need to extract everything from this line

	made  []madeText  // by the templates of a label_format
	found []foundText // for the expressions of a parser

	jsonNames, logfmtNames *labelNames
	text                   []byte // of values that are not in the line as they are
}

func (s *labelSet) reset(e *Entry) {
	s.labels, s.base = s.labels[:0], s.base[:0]
	s.err, s.errDetails = "", ""
	if s.text = s.text[:0]; cap(s.text) > maxKeptText {
		s.text = nil
	}
	for _, l := range e.Stream {
		if l.Value == "" {
			continue // the same as absent
		}
		s.labels = append(s.labels, setLabel{Label: l, cat: catStream})
		s.base = append(s.base, l)
	}
	for _, l := range e.Metadata {
		if s.full() {
			break
		}
		if i := s.index(l.Name); i >= 0 {
			if s.labels[i].cat != catStream {
				continue
			}
			l.Name += extractedSuffix
			if s.index(l.Name) >= 0 {
				continue
			}
		}
		s.labels = append(s.labels, setLabel{Label: l, cat: catMetadata})
	}
}

func (s *labelSet) index(name string) int {
	for i := range s.labels {
		if s.labels[i].Name == name {
			return i
		}
	}
	return -1
}

func (s *labelSet) get(name string) (string, bool) {
	switch name {
	case labelError:
		return s.err, s.err != ""
	case labelErrorDetails:
		return s.errDetails, s.errDetails != ""
	}
	if i := s.index(name); i >= 0 {
		return s.labels[i].Value, true
	}
	return "", false
}

func (s *labelSet) value(name string) string {
	v, _ := s.get(name)
	return v
}

// set gives a label a value, whatever it was before.
func (s *labelSet) set(name, value string) {
	switch name {
	case labelError:
		s.err = value
		return
	case labelErrorDetails:
		s.errDetails = value
		return
	}
	s.put(setLabel{Label: Label{name, value}, cat: catParsed})
}

// put adds a label, or takes the place of the one of its name.
func (s *labelSet) put(l setLabel) {
	if i := s.index(l.Name); i >= 0 {
		s.labels[i] = l
		return
	}
	s.labels = append(s.labels, l)
}

func (s *labelSet) del(name string) {
	switch name {
	case labelError:
		s.err = ""
		return
	case labelErrorDetails:
		s.errDetails = ""
		return
	}
	if i := s.index(name); i >= 0 {
		s.labels = append(s.labels[:i], s.labels[i+1:]...)
	}
}

// full reports whether no label can be added, and then gives the entry an error: what is missing must not go unnoticed.
func (s *labelSet) full() bool {
	if len(s.labels) < maxLabels {
		return false
	}
	if s.err == "" {
		s.fail(errLabels, "more fields than an entry may have")
	}
	return true
}

// collides reports whether a label of the stream has the name, or structured metadata that is still there.
func (s *labelSet) collides(name string) bool {
	for i := range s.base {
		if s.base[i].Name == name {
			return true
		}
	}
	i := s.index(name)
	return i >= 0 && s.labels[i].cat == catMetadata
}

// extract adds what a parser found. A name that the entry came with gets a suffix; what an earlier field
// or stage has put under the name stays.
func (s *labelSet) extract(name, value string) {
	if s.full() {
		return
	}
	if len(name) > 0 && name[0] == '_' && (name == labelError || name == labelErrorDetails) {
		s.set(name, value)
		return
	}
	if s.collides(name) {
		name += extractedSuffix
	}
	if i := s.index(name); i >= 0 {
		if s.labels[i].cat == catParsed {
			return
		}
		s.labels[i] = setLabel{Label{name, value}, catParsed, true}
		return
	}
	s.labels = append(s.labels, setLabel{Label{name, value}, catParsed, true})
}

// overwrite is extract for expressions, whose last finding counts.
func (s *labelSet) overwrite(name, value string, found bool) {
	if s.full() {
		return
	}
	if s.collides(name) {
		name += extractedSuffix
	}
	if name == labelError || name == labelErrorDetails {
		s.set(name, value)
		return
	}
	s.put(setLabel{Label{name, value}, catParsed, found})
}

// missing says that a parser was asked for a label and did not find it: it is empty then, unless there is one of that name.
func (s *labelSet) missing(name string) {
	if s.index(name) < 0 && !s.collides(name) {
		s.overwrite(name, "", false)
	}
}

// hasFound reports whether a parser has found a label of the name, or of the one it has with a suffix.
func (s *labelSet) hasFound(name string) bool {
	if s.collides(name) {
		name += extractedSuffix
	}
	i := s.index(name)
	return i >= 0 && s.labels[i].found
}

// unescape decodes the inside of a JSON string. The result may be valid until the next entry only.
func (s *labelSet) unescape(raw string) string {
	if strings.IndexByte(raw, '\\') < 0 {
		return cleanUTF8(raw)
	}
	start := len(s.text)
	text, ok := appendUnescaped(s.text, raw)
	if s.text = text; !ok {
		s.text = s.text[:start]
		return ""
	}
	return cleanUTF8(s.since(start))
}

// since is the text from start on, without copying: what is written there is not changed before the next entry.
func (s *labelSet) since(start int) string {
	if start == len(s.text) {
		return ""
	}
	return unsafe.String(&s.text[start], len(s.text)-start)
}

func (s *labelSet) fail(err, details string) {
	s.err, s.errDetails = err, details
}

// appendSorted appends the labels to dst in the order of their names, errors included.
func (s *labelSet) appendSorted(dst Labels) Labels {
	for i := range s.labels {
		dst = append(dst, s.labels[i].Label)
	}
	if s.err != "" {
		dst = append(dst, Label{labelError, s.err})
	}
	if s.errDetails != "" {
		dst = append(dst, Label{labelErrorDetails, s.errDetails})
	}
	dst.Sort()
	return dst
}

// appendCategory appends the labels of one origin in the order of their names.
func (s *labelSet) appendCategory(dst Labels, cat category) Labels {
	for i := range s.labels {
		if s.labels[i].cat == cat {
			dst = append(dst, s.labels[i].Label)
		}
	}
	if cat == catParsed {
		if s.err != "" {
			dst = append(dst, Label{labelError, s.err})
		}
		if s.errDetails != "" {
			dst = append(dst, Label{labelErrorDetails, s.errDetails})
		}
	}
	dst.Sort()
	return dst
}

// appendGrouped appends the labels that a grouping leaves. One that is there and empty is not one that is missing.
func (s *labelSet) appendGrouped(dst Labels, g *Grouping) Labels {
	if !g.Without {
		for _, n := range g.Names { // sorted by the parser
			if v, ok := s.get(n); ok {
				dst = append(dst, Label{n, v})
			}
		}
		return dst
	}
	for i := range s.labels {
		if !slices.Contains(g.Names, s.labels[i].Name) {
			dst = append(dst, s.labels[i].Label)
		}
	}
	dst.Sort()
	return dst
}

// templateData fills m with every label by name.
func (s *labelSet) templateData(m map[string]string) {
	for i := range s.labels {
		m[s.labels[i].Name] = s.labels[i].Value
	}
	if s.err != "" {
		m[labelError] = s.err
	}
	if s.errDetails != "" {
		m[labelErrorDetails] = s.errDetails
	}
}

func (s *DropLabels) process(_ *lineState, ls *labelSet) bool {
	for _, p := range s.Picks {
		if p.Matcher != nil {
			v, ok := ls.get(p.Name)
			if !ok || !p.Matcher.Matches(v) {
				continue
			}
		}
		ls.del(p.Name)
	}
	return true
}

func (s *KeepLabels) process(_ *lineState, ls *labelSet) bool {
	kept := ls.labels[:0]
	for _, l := range ls.labels {
		keep := strings.HasPrefix(l.Name, "__")
		for _, p := range s.Picks {
			if p.Name == l.Name && (p.Matcher == nil || p.Matcher.Matches(l.Value)) {
				keep = true
				break
			}
		}
		if keep {
			kept = append(kept, l)
		}
	}
	ls.labels = kept
	return true
}
