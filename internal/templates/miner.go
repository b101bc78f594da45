// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package templates

import (
	"errors"
	"fmt"
	"unsafe"
)

// Config bounds a Miner. The zero value of a field stands for its default.
type Config struct {
	// MaxTemplates is the number of templates that are kept. Default 1024, at least 16, at most 32768.
	MaxTemplates int
	// MaxBytes is the memory that a Miner takes, all in all. Default 1 MiB, at least 64 KiB, at most 1 GiB.
	MaxBytes int
	// MaxExampleBytes is what is kept of a template's first line. Default 160, at most 2048; negative: nothing.
	MaxExampleBytes int
}

// The limits of Config.
const (
	defaultMaxTemplates    = 1024
	minMaxTemplates        = 16
	maxMaxTemplates        = 32768
	defaultMaxBytes        = 1 << 20
	minMaxBytes            = 64 << 10
	maxMaxBytes            = 1 << 30
	defaultMaxExampleBytes = 160
	maxMaxExampleBytes     = maxScanBytes
)

// Validate reports every value that is out of its bounds.
func (c Config) Validate() error {
	var errs []error
	if c.MaxTemplates != 0 && (c.MaxTemplates < minMaxTemplates || c.MaxTemplates > maxMaxTemplates) {
		errs = append(errs, fmt.Errorf("MaxTemplates must be 0 or from %d to %d, got %d", minMaxTemplates, maxMaxTemplates, c.MaxTemplates))
	}
	if c.MaxBytes != 0 && (c.MaxBytes < minMaxBytes || c.MaxBytes > maxMaxBytes) {
		errs = append(errs, fmt.Errorf("MaxBytes must be 0 or from %d to %d, got %d", minMaxBytes, maxMaxBytes, c.MaxBytes))
	}
	if c.MaxExampleBytes > maxMaxExampleBytes {
		errs = append(errs, fmt.Errorf("MaxExampleBytes must be at most %d, got %d", maxMaxExampleBytes, c.MaxExampleBytes))
	}
	return errors.Join(errs...)
}

// Template is what is known of one template.
type Template struct {
	// ID is the template's for as long as it is kept. IDs begin at 1 and are not used twice.
	ID uint64
	// Text is the template, with <*> for what varies and … for what is beyond the part of a line that is looked at. Valid UTF-8.
	Text string
	// Count is the number of lines, First and Last the ordinals of the first and of the last of them: the first line of a Miner is 1.
	Count, First, Last uint64
	// Example begins as the template's first line begins. Valid UTF-8.
	Example string
}

// Miner clusters the lines of one stream. Not safe for concurrent use.
type Miner struct {
	seq       uint64
	nextID    uint64
	templates []template
	known     known     // line hash -> template: answers nearly all lines
	shapes    []uint16  // shape -> first template of its chain, as index + 1
	forwards  []forward // IDs of templates that became part of another, by ID
	young     list      // templates on probation, the latest seen first
	free      uint16    // first of the unused entries of templates, as index + 1
	live      int
	held      int // bytes of what the templates hold
	heldYoung int // of it, what the young hold
	hand      int // where the search for the weakest goes on
	cfg       limits
}

// limits is a Config with its defaults, small.
type limits struct {
	templates, example uint16
	bytes              uint32
}

// New returns a Miner. Values of cfg beyond their bounds are taken as the bound. A Miner without lines holds nothing but itself.
func New(cfg Config) *Miner {
	m := &Miner{}
	m.init(cfg)
	return m
}

func (m *Miner) init(cfg Config) {
	m.cfg = limits{
		templates: uint16(bounded(cfg.MaxTemplates, defaultMaxTemplates, minMaxTemplates, maxMaxTemplates)),
		bytes:     uint32(bounded(cfg.MaxBytes, defaultMaxBytes, minMaxBytes, maxMaxBytes)),
	}
	if cfg.MaxExampleBytes >= 0 {
		m.cfg.example = uint16(bounded(cfg.MaxExampleBytes, defaultMaxExampleBytes, 1, maxMaxExampleBytes))
	}
}

func bounded(v, standard, low, high int) int {
	if v == 0 {
		return standard
	}
	return min(max(v, low), high)
}

// Add counts a line and returns the ID of its template, and how many lines that has, this one included: 1 says that the template is new.
// Of the line, the first 2 KiB and there the first 64 elements are looked at. Nothing of the line is kept but a copy of what Template returns.
func (m *Miner) Add(line string) (id, count uint64) {
	var s scan
	s.run(line)
	hash, shape := s.sums()
	m.seq++
	at, ok := m.known.find(hash, m.templates)
	if ok {
		t := &m.templates[at]
		m.seen(at, t)
		return t.id, t.count
	}
	at = m.place(&s, shape, line)
	t := &m.templates[at]
	m.seen(at, t)
	if m.known.full() && len(m.known.entries) < m.live*knownPerTemplate && m.mayGrow(m.known.bytes()) {
		m.known.grow()
	}
	m.known.put(hash, at, t.generation)
	m.shrink(at)
	return t.id, t.count
}

// seen counts a line of a template.
func (m *Miner) seen(at uint16, t *template) {
	t.count++
	t.last = m.seq
	if t.credit < maxCredit {
		t.credit++
	}
	if t.young {
		m.recall(at, t)
	}
}

// Template returns the template of an ID that Add returned: also when it became part of another since. It reports false for one
// that is forgotten. It takes time linear in the number of templates.
func (m *Miner) Template(id uint64) (Template, bool) {
	id = m.resolve(id)
	for i := range m.templates {
		if t := &m.templates[i]; t.id == id && id != 0 {
			return t.export(), true
		}
	}
	return Template{}, false
}

// Resolve returns the ID under which the template of an ID is known now: another one when the template became part of another. An ID that is
// not known is returned as it is.
func (m *Miner) Resolve(id uint64) uint64 { return m.resolve(id) }

// Each calls f with every template, in no particular order, until f returns false. f must not use the Miner.
func (m *Miner) Each(f func(Template) bool) {
	for i := range m.templates {
		if t := &m.templates[i]; t.id != 0 && !f(t.export()) {
			return
		}
	}
}

// Len returns the number of templates.
func (m *Miner) Len() int { return m.live }

// Lines returns the number of lines added, which is the ordinal of the last.
func (m *Miner) Lines() uint64 { return m.seq }

// Bytes returns the memory that the Miner takes, itself included.
func (m *Miner) Bytes() int { return m.tables() + m.held }

// tables returns the memory of everything but the texts of templates.
func (m *Miner) tables() int {
	return int(unsafe.Sizeof(*m)) + m.known.bytes() +
		cap(m.templates)*int(unsafe.Sizeof(template{})) +
		cap(m.shapes)*int(unsafe.Sizeof(uint16(0))) +
		cap(m.forwards)*int(unsafe.Sizeof(forward{}))
}

// mayGrow reports whether the tables may take some more bytes: they have half of the memory.
func (m *Miner) mayGrow(by int) bool { return m.tables()+by <= int(m.cfg.bytes)/2 }
