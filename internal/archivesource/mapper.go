// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivesource

import (
	"strconv"
	"strings"
	"sync"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/logql"
)

const (
	labelServiceName = "service_name"
	unknownService   = "unknown_service"

	// LabelLevel is the structured metadata with the level in lower case: trace, debug, info, warn, error,
	// fatal or unknown.
	LabelLevel = "detected_level"

	// maxCachedStreams bounds the cache of resources; it is emptied when full.
	maxCachedStreams = 20_000
	// maxCachedStreamBytes is the longest identity of a resource that is kept: 20,000 of 4 KiB are 80 MB, and their
	// labels as much again.
	maxCachedStreamBytes = 4 << 10
	// maxCachedNames bounds the cache of label names, of maxCachedNameBytes each.
	maxCachedNames     = 50_000
	maxCachedNameBytes = 256
)

// Mapper turns archive records into LogQL entries. Safe for concurrent use.
type Mapper struct {
	isStreamLabel map[string]bool
	streamKeys    map[string][]string // by label name, but for service_name: the resource attributes that it may come from

	mu      sync.RWMutex
	streams map[string]*stream
	names   map[string]string
}

// stream is what the records of one resource have in common.
type stream struct {
	labels   logql.Labels
	metadata logql.Labels // of the other resource attributes
}

// NewMapper makes a mapper with the resource attributes that become stream labels.
func NewMapper(streamLabels []string) *Mapper {
	m := &Mapper{
		isStreamLabel: map[string]bool{"service.name": true}, streamKeys: map[string][]string{},
		streams: map[string]*stream{}, names: map[string]string{},
	}
	for _, n := range streamLabels {
		if m.isStreamLabel[n] {
			continue
		}
		m.isStreamLabel[n] = true
		if name := m.labelName(n); name != labelServiceName {
			m.streamKeys[name] = append(m.streamKeys[name], n)
		}
	}
	return m
}

// labelName is the label name of an attribute key.
func (m *Mapper) labelName(key string) string {
	m.mu.RLock()
	n, ok := m.names[key]
	m.mu.RUnlock()
	if ok {
		return n
	}
	key = strings.Clone(key)
	n = logql.SanitizeLabelName(key)
	if n == "" {
		n = "_"
	}
	if len(key) > maxCachedNameBytes {
		return n
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.names) >= maxCachedNames {
		clear(m.names)
	}
	m.names[key] = n
	return n
}

// stream returns the stream of a resource; key is its identity.
func (m *Mapper) stream(key []byte, r *archive.Record) *stream {
	m.mu.RLock()
	s := m.streams[string(key)]
	m.mu.RUnlock()
	if s != nil {
		return s
	}
	s = &stream{}
	for _, a := range r.ResourceAttributes {
		name := m.labelName(a.Key)
		l := logql.Label{Name: name, Value: strings.Clone(a.Value)}
		switch {
		case !m.isStreamLabel[a.Key]:
			s.metadata = append(s.metadata, l)
		case a.Value != "" && s.labels.Get(name) == "" && name != labelServiceName:
			s.labels = append(s.labels, l)
		}
	}
	service := strings.Clone(r.ServiceName)
	if service == "" {
		service = unknownService
	}
	s.labels = append(s.labels, logql.Label{Name: labelServiceName, Value: service})
	s.labels.Sort()
	if len(key) > maxCachedStreamBytes {
		return s
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if have := m.streams[string(key)]; have != nil {
		return have
	}
	if len(m.streams) >= maxCachedStreams {
		clear(m.streams)
	}
	m.streams[string(key)] = s
	return s
}

// converter converts the records of one selection, one after the other.
type converter struct {
	m          *Mapper
	req        *logql.SelectRequest
	unweighted bool

	// What is wanted of all that is no attribute.
	level, severityText, severityNumber, traceID, spanID, flags, eventName, scopeName, scopeVersion bool
	attributes                                                                                      bool // some
	keys                                                                                            [keySlots]key

	last           *stream
	lastOK         bool
	lastService    string
	lastAttributes []archive.Attribute
	lastMetadata   logql.Labels // what is wanted of that of the stream
	lastKey        []byte
	meta           logql.Labels
}

// keySlots is how many keys of attributes a converter remembers.
const keySlots = 128

// key is what a converter knows of a key of attributes.
type key struct {
	key, name string
	wanted    bool
}

func (m *Mapper) converter(req *logql.SelectRequest) *converter {
	c := &converter{m: m, req: req, attributes: req.Labels == nil || len(req.Labels) > 0}
	c.level, c.severityText, c.severityNumber = req.Needs(LabelLevel), req.Needs("severity_text"), req.Needs("severity_number")
	c.traceID, c.spanID, c.flags = req.Needs("trace_id"), req.Needs("span_id"), req.Needs("flags")
	c.eventName, c.scopeName, c.scopeVersion = req.Needs("event_name"), req.Needs("scope_name"), req.Needs("scope_version")
	return c
}

// streamOf finds the stream of a record; most records have that of the one before.
func (c *converter) streamOf(r *archive.Record) *stream {
	if c.last != nil && r.ServiceName == c.lastService && sameAttributes(r.ResourceAttributes, c.lastAttributes) {
		return c.last
	}
	c.lastKey = append(c.lastKey[:0], r.ServiceName...)
	for i := range r.ResourceAttributes {
		a := &r.ResourceAttributes[i]
		c.lastKey = append(c.lastKey, 0xff)
		c.lastKey = append(c.lastKey, a.Key...)
		c.lastKey = append(c.lastKey, 0xfe)
		c.lastKey = append(c.lastKey, a.Value...)
	}
	c.last = c.m.stream(c.lastKey, r)
	c.lastOK = logql.MatchStream(c.last.labels, c.req.Matchers)
	c.lastService = strings.Clone(r.ServiceName)
	c.lastAttributes = c.lastAttributes[:0]
	for _, a := range r.ResourceAttributes {
		c.lastAttributes = append(c.lastAttributes, archive.Attribute{Key: strings.Clone(a.Key), Value: strings.Clone(a.Value)})
	}
	c.lastMetadata = c.lastMetadata[:0]
	for _, l := range c.last.metadata {
		if l.Value != "" && c.req.Needs(l.Name) {
			c.lastMetadata = append(c.lastMetadata, l)
		}
	}
	return c.last
}

// sameAttributes compares all but the types, which labels do not have.
func sameAttributes(a, b []archive.Attribute) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].Key != b[i].Key || a[i].Value != b[i].Value {
			return false
		}
	}
	return true
}

// convert fills e, which shares memory with r; false says that the stream does not match.
func (c *converter) convert(r *archive.Record, e *logql.Entry) bool {
	s := c.streamOf(r)
	if !c.lastOK {
		return false
	}
	e.Timestamp, e.Line, e.Stream = r.Timestamp, r.Body, s.labels
	if e.Weight = 1; !c.unweighted {
		e.Weight = r.Weight()
	}
	c.meta = c.meta[:0]
	if c.level {
		c.add(LabelLevel, Level(r))
	}
	c.addAttributes(r.LogAttributes)
	c.meta = append(c.meta, c.lastMetadata...)
	if c.severityText {
		c.add("severity_text", r.SeverityText)
	}
	if c.severityNumber && r.SeverityNumber != 0 {
		c.add("severity_number", strconv.Itoa(int(r.SeverityNumber)))
	}
	if c.traceID {
		c.add("trace_id", r.TraceID)
	}
	if c.spanID {
		c.add("span_id", r.SpanID)
	}
	if c.flags && r.TraceFlags != 0 {
		c.add("flags", strconv.FormatUint(uint64(r.TraceFlags), 10))
	}
	if c.eventName {
		c.add("event_name", r.EventName)
	}
	if c.scopeName {
		c.add("scope_name", r.ScopeName)
	}
	if c.scopeVersion {
		c.add("scope_version", r.ScopeVersion)
	}
	c.addAttributes(r.ScopeAttributes)
	e.Metadata = c.meta
	return true
}

func (c *converter) add(name, value string) {
	if value != "" {
		c.meta = append(c.meta, logql.Label{Name: name, Value: value})
	}
}

func (c *converter) addAttributes(attributes []archive.Attribute) {
	if !c.attributes {
		return
	}
	for i := range attributes {
		a := &attributes[i]
		if k := c.keyOf(a.Key); k.wanted {
			c.add(k.name, a.Value)
		}
	}
}

// keyOf looks a key up; those of one record are mostly those of the one before.
func (c *converter) keyOf(text string) key {
	slot := len(text)
	if slot > 0 {
		slot = slot*7 + int(text[0]) + 31*int(text[len(text)-1]) + 11*int(text[len(text)/2])
	}
	k := &c.keys[slot%keySlots]
	if k.key == text && k.name != "" {
		return *k
	}
	name := c.m.labelName(text)
	found := key{key: text, name: name, wanted: c.req.Needs(name)}
	if len(text) <= maxCachedNameBytes {
		*k = found
		k.key = strings.Clone(text)
	}
	return found
}

var levelsByNumber = [...]string{"trace", "debug", "info", "warn", "error", "fatal"}

// Level is the level of a record by its severity number; without one by its severity text; unknown otherwise.
func Level(r *archive.Record) string { return levelOf(r.SeverityNumber, r.SeverityText) }

func levelOf(number int32, text string) string {
	if number >= 1 && number <= 24 {
		return levelsByNumber[(number-1)/4]
	}
	return levelOfText(text)
}

func levelOfText(s string) string {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "trace", "trc":
		return "trace"
	case "debug", "dbg":
		return "debug"
	case "info", "inf", "information", "notice":
		return "info"
	case "warn", "wrn", "warning":
		return "warn"
	case "error", "err", "eror":
		return "error"
	case "critical", "crit":
		return "critical"
	case "fatal", "emerg", "emergency", "alert", "panic":
		return "fatal"
	}
	return "unknown"
}
