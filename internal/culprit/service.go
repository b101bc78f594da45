// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package culprit

import (
	"context"
	"slices"
	"strings"

	"github.com/logboom/logboom/internal/templates"
	"github.com/logboom/logboom/logql"
)

const (
	// maxFields bounds the fields of a service, maxValues the values that are told apart of one.
	maxFields = 500
	maxValues = 4096
	// idAfter is after how many records a field most of whose values are different is taken for an id, of which no new values are
	// remembered.
	idAfter = 256
	// maxNumbers bounds the numbers of a service that are told apart by what they are called.
	maxNumbers = 300
	// maxReadings bounds the numbers that are taken from one record: each of them takes memory of its own.
	maxReadings = 24
)

// source is where a field is from.
type source uint8

const (
	fromStream source = iota
	fromMetadata
	fromJSON
	fromLogfmt
	fromPair // key=value in the text
	fromWord // what follows a word in the text
)

// field is what is known of one name in one service.
type field struct {
	name    string
	from    source
	values  map[string]int32 // feature
	total   [2]int32
	dropped int32 // values of bad records that are not remembered
	id      bool
}

// feature is a value of a field.
type feature struct {
	f     *field
	value string
	n     [2]int32
}

// template is one of a service's lines.
type template struct {
	text  string
	n     [2]int32
	level string  // of most
	steps []int32 // records of the baseline by step
}

// reading is a number in a record.
type reading struct {
	rec  int32 // index in the service's records
	what int32 // index of its name
	v    float64
}

// service is what is found in the records of one.
type service struct {
	name      string
	recs      []*Record // in the order of time
	at        []int32   // of each of them, in the sample
	tmpl      []int32   // of each of them: index of its template, -1 if that is forgotten
	message   []string  // of each of them: what a human reads
	templates []template
	features  []feature
	found     []int32 // features of the records, one after the other
	begun     int     // where those of the record that is looked at begin
	readTo    int     // how many readings there may be with those of that record
	ends      []int32 // where those of each record end
	fields    map[fieldKey]*field
	numbers   []string // names
	units     []string
	numberOf  map[string]int32
	readings  []reading
	n         [2]int32
	steps     []int32 // records of the baseline by step

	scratch []finding
	parser  logql.FieldParser
}

type fieldKey struct {
	name string
	from source
}

// digest finds what the records of a service hold. When the context ends it stops half-way.
func (s *service) digest(ctx context.Context, p *Params) {
	n := len(s.recs)
	s.tmpl, s.message, s.ends = make([]int32, n), make([]string, n), make([]int32, n)
	s.fields, s.numberOf = map[fieldKey]*field{}, map[string]int32{}
	// Values are remembered of bad records alone, which come first, and spread: those whose values are all different show soon.
	spans, read := make([][2]int32, n), make([][2]int32, n)
	for _, side := range [2]Side{Bad, Baseline} {
		looked := 0
		for i := range spread(n) {
			if looked++; looked%1024 == 0 && ctx.Err() != nil {
				return
			}
			if r := s.recs[i]; r.Side == side {
				s.begun = len(s.found)
				from, fromRead := int32(s.begun), int32(len(s.readings))
				s.readTo = len(s.readings) + maxReadings
				s.look(i, r)
				spans[i], read[i] = [2]int32{from, int32(len(s.found))}, [2]int32{fromRead, int32(len(s.readings))}
			}
		}
	}
	ordered, readings := make([]int32, 0, len(s.found)), make([]reading, 0, len(s.readings))
	for i := range n {
		ordered = append(ordered, s.found[spans[i][0]:spans[i][1]]...)
		s.ends[i] = int32(len(ordered))
		readings = append(readings, s.readings[read[i][0]:read[i][1]]...)
	}
	s.found, s.readings = ordered, readings
	s.mine(p)
}

// spread yields 0 to n-1 in an order that is even from its beginning.
func spread(n int) func(func(int) bool) {
	step := max(n*618/1000, 1)
	for gcd(step, n) != 1 {
		step++
	}
	return func(yield func(int) bool) {
		for i, at := 0, 0; i < n; i, at = i+1, (at+step)%n {
			if !yield(at) {
				return
			}
		}
	}
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return max(a, 1)
}

// featuresOf returns those of a record.
func (s *service) featuresOf(i int32) []int32 {
	from := int32(0)
	if i > 0 {
		from = s.ends[i-1]
	}
	return s.found[from:s.ends[i]]
}

// look finds the fields and numbers of a record.
func (s *service) look(i int, r *Record) {
	for _, l := range r.Stream {
		if l.Name != serviceLabel {
			s.note(r.Side, l.Name, fromStream, l.Value)
		}
	}
	for _, l := range r.Metadata {
		if isField(l.Name) {
			s.value(i, r.Side, l.Name, fromMetadata, l.Value)
		}
	}
	text := r.Line
	parsed, from := r.parsed, fromJSON
	switch {
	case len(parsed) > 0:
		if !strings.HasPrefix(text, "{") {
			from = fromLogfmt
		}
	case strings.HasPrefix(text, "{"):
		parsed, _ = s.parser.Parse(nil, nil, text)
	case logql.IsLogfmt(text):
		parsed, _ = s.parser.Parse(nil, nil, text)
		from = fromLogfmt
	}
	if message := messageOf(parsed); message != "" {
		text = message
	}
	text = firstLine(text)
	if len(parsed) > 0 {
		text = r.own(text)
	}
	s.message[i] = text
	for _, l := range parsed {
		if isField(l.Name) && !isMessage(l.Name) {
			s.value(i, r.Side, l.Name, from, l.Value)
		}
	}
	if len(parsed) > 0 && messageOf(parsed) == "" {
		return
	}
	s.scratch = findings(s.scratch[:0], text)
	for _, f := range s.scratch {
		kind := fromWord
		if f.pair {
			kind = fromPair
		} else if strings.HasPrefix(f.key, unnamed) {
			if v, unit, ok := number(f.value); ok {
				s.number(i, f.key, kind, unit, v)
			}
			continue
		}
		s.value(i, r.Side, f.key, kind, f.value)
	}
}

// determine finds which values go with the template of a line: those are but another name for some templates.
func (s *service) determine(list []*candidate) {
	index := map[int32]int{}
	var values []*candidate
	for _, c := range list {
		if c.kind == KindValue && c.f != nil {
			index[c.feature] = len(values)
			values = append(values, c)
		}
	}
	if len(values) == 0 {
		return
	}
	total := make([]float64, len(s.templates))
	with := make([]float64, len(values)*len(total))
	for i := range s.recs {
		at := s.tmpl[i]
		if at < 0 {
			continue
		}
		total[at]++
		for _, f := range s.featuresOf(int32(i)) {
			if k, ok := index[f]; ok {
				with[k*len(total)+int(at)]++
			}
		}
	}
	for k, c := range values {
		loyal, sum := 0.0, 0.0
		for at, n := range with[k*len(total) : (k+1)*len(total)] {
			if n > 0 {
				loyal += n * n / total[at]
				sum += n
			}
		}
		c.determined = loyal > 0.9*sum
	}
}

// own returns a text that is the record's: what a parser found may be valid until the next line only.
func (r *Record) own(text string) string {
	if at := strings.Index(r.Line, text); at >= 0 {
		return r.Line[at : at+len(text)]
	}
	return strings.Clone(text)
}

// messageOf returns the message of a structured line.
func messageOf(parsed logql.Labels) string {
	for _, name := range [...]string{"message", "msg", "log", "event", "text", "body", "error", "err"} {
		for i := range parsed {
			if parsed[i].Name == name {
				return parsed[i].Value
			}
		}
	}
	return ""
}

func isMessage(name string) bool {
	switch name {
	case "message", "msg", "log", "text", "body", "stack", "stacktrace", "stack_trace", "exception_stacktrace", "error_stack":
		return true
	}
	return false
}

// isField reports whether values of a name may be a cause: not those that are another way to say the time, or an id of a request.
func isField(name string) bool {
	switch name {
	case "trace_id", "span_id", "traceid", "spanid", "severity_number", "observed_timestamp", "timestamp", "ts", "time", "log_record_uid":
		return false
	}
	return !strings.HasPrefix(name, "__")
}

// value takes a value of a field, and the number that it is.
func (s *service) value(i int, side Side, name string, from source, value string) {
	if value == "" {
		return
	}
	if c := value[0]; class[c] == isDigit || c == '-' {
		if v, unit, ok := number(value); ok {
			s.number(i, name, from, unit, v)
			if unit != "" || len(value) > 5 {
				return
			}
		}
	}
	s.note(side, name, from, value)
}

func (s *service) number(i int, name string, from source, unit string, v float64) {
	if len(s.readings) >= s.readTo {
		return
	}
	key := name
	if from == fromWord {
		key += " "
	}
	at, ok := s.numberOf[key]
	if !ok {
		if len(s.numbers) >= maxNumbers {
			return
		}
		at = int32(len(s.numbers))
		key = strings.Clone(key)
		s.numbers = append(s.numbers, key)
		s.units = append(s.units, unit)
		s.numberOf[key] = at
	}
	s.readings = append(s.readings, reading{int32(i), at, v})
}

// note counts a value of a field.
func (s *service) note(side Side, name string, from source, value string) {
	f := s.fields[fieldKey{name, from}]
	if f == nil {
		if side == Baseline || len(s.fields) >= maxFields {
			return
		}
		name = strings.Clone(name)
		f = &field{name: name, from: from, values: map[string]int32{}}
		s.fields[fieldKey{name, from}] = f
	}
	at, ok := f.values[value]
	if ok && slices.Contains(s.found[s.begun:], at) {
		return // the record says it once more
	}
	f.total[side]++
	if !ok {
		if side == Baseline || len(value) > maxShownBytes {
			return
		}
		if f.id || len(f.values) >= maxValues {
			f.dropped++
			return
		}
		if f.total[Bad] > idAfter && len(f.values) > int(f.total[Bad])/2 {
			f.id = true
			return
		}
		value = strings.Clone(value)
		at = int32(len(s.features))
		s.features = append(s.features, feature{f: f, value: value})
		f.values[value] = at
	}
	s.features[at].n[side]++
	s.found = append(s.found, at)
}

// mine finds the templates.
func (s *service) mine(p *Params) {
	m := templates.New(templates.Config{MaxTemplates: 2048, MaxBytes: 4 << 20, MaxExampleBytes: -1})
	ids := make([]uint64, len(s.recs))
	for i := range s.recs {
		ids[i], _ = m.Add(s.message[i])
	}
	texts := map[uint64]string{}
	m.Each(func(t templates.Template) bool {
		texts[t.ID] = t.Text
		return true
	})
	index := map[uint64]int32{}
	levels := []map[string]int32{}
	s.steps = make([]int32, p.Steps)
	for i, id := range ids {
		id = m.Resolve(id)
		at, ok := index[id]
		if !ok {
			text, known := texts[id]
			if !known {
				at = -1
			} else {
				at = int32(len(s.templates))
				s.templates = append(s.templates, template{text: text, steps: make([]int32, p.Steps)})
				levels = append(levels, map[string]int32{})
			}
			index[id] = at
		}
		s.tmpl[i] = at
		step := -1
		if s.recs[i].Side == Baseline {
			step = p.step(s.recs[i].Time)
		}
		if step >= 0 {
			s.steps[step]++
		}
		if at >= 0 {
			if step >= 0 {
				s.templates[at].steps[step]++
			}
			s.templates[at].n[s.recs[i].Side]++
			levels[at][s.recs[i].Metadata.Get(levelLabel)]++
		}
	}
	for i := range s.templates {
		s.templates[i].level = most(levels[i])
	}
}

// levelLabel is the metadata with the level.
const levelLabel = "detected_level"

func most(counts map[string]int32) (out string) {
	n := int32(0)
	for k, c := range counts {
		if c > n || c == n && k < out {
			out, n = k, c
		}
	}
	return out
}
