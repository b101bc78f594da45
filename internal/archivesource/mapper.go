// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivesource

import (
	"slices"
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
	all        bool
	unweighted bool
	needs      map[string]bool
	last       *stream
	lastOK     bool
	lastKey    []byte
	key        []byte
	meta       logql.Labels
}

func (m *Mapper) converter(req *logql.SelectRequest) *converter {
	c := &converter{m: m, req: req, all: req.Labels == nil, needs: map[string]bool{}}
	for _, n := range req.Labels {
		c.needs[n] = true
	}
	return c
}

// streamOf finds the stream of a record; most records have that of the one before.
func (c *converter) streamOf(r *archive.Record) *stream {
	key := c.key[:0]
	key = append(key, r.ServiceName...)
	for i := range r.ResourceAttributes {
		a := &r.ResourceAttributes[i]
		key = append(key, 0xff)
		key = append(key, a.Key...)
		key = append(key, 0xfe)
		key = append(key, a.Value...)
	}
	c.key = key
	if c.last != nil && slices.Equal(key, c.lastKey) {
		return c.last
	}
	c.last = c.m.stream(key, r)
	c.lastOK = logql.MatchStream(c.last.labels, c.req.Matchers)
	c.lastKey = append(c.lastKey[:0], key...)
	return c.last
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
	c.add(LabelLevel, Level(r))
	for _, a := range r.LogAttributes {
		c.addAttribute(a)
	}
	for _, l := range s.metadata {
		c.add(l.Name, l.Value)
	}
	c.add("severity_text", r.SeverityText)
	if r.SeverityNumber != 0 && c.wants("severity_number") {
		c.meta = append(c.meta, logql.Label{Name: "severity_number", Value: strconv.Itoa(int(r.SeverityNumber))})
	}
	c.add("trace_id", r.TraceID)
	c.add("span_id", r.SpanID)
	if r.TraceFlags != 0 && c.wants("flags") {
		c.meta = append(c.meta, logql.Label{Name: "flags", Value: strconv.FormatUint(uint64(r.TraceFlags), 10)})
	}
	c.add("event_name", r.EventName)
	c.add("scope_name", r.ScopeName)
	c.add("scope_version", r.ScopeVersion)
	for _, a := range r.ScopeAttributes {
		c.addAttribute(a)
	}
	e.Metadata = c.meta
	return true
}

func (c *converter) wants(name string) bool { return c.all || c.needs[name] }

func (c *converter) add(name, value string) {
	if value != "" && c.wants(name) {
		c.meta = append(c.meta, logql.Label{Name: name, Value: value})
	}
}

func (c *converter) addAttribute(a archive.Attribute) {
	if !c.all && len(c.needs) == 0 {
		return
	}
	c.add(c.m.labelName(a.Key), a.Value)
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
