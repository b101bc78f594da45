// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unsafe"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// BatchOptions say whose records a batch holds. The zero value means that there are no tenants.
type BatchOptions struct {
	// Tenant owns the records whose resource lacks TenantAttribute.
	Tenant string
	// TenantAttribute is the key of the resource attribute that names the tenant; empty: there is none. A name that is
	// not UTF-8 or longer than 256 bytes is cut and ends in a part of its SHA-256 instead.
	TenantAttribute string
}

// Batch is records in memory, ready for an [Encoder]: one array of fixed-size rows and one of texts, so that
// millions of records cost the garbage collector nothing. It never changes and shares no memory with what it was
// made of.
type Batch struct {
	arrival int64
	rows    []batchRow
	attrs   []batchAttribute // of all rows, in their order
	text    []byte           // of all rows; spans point into it
	words   []string         // texts that recur: keys, severities, event names, thresholds; words[0] is ""
	shared  []sharedText
	size    int64
	err     error // the batch cannot be encoded

	minTime, maxTime int64 // of the rows
	// wholeExact says that the exact spans are whole LogsData, with resource and scope.
	wholeExact bool
}

// batchRow is a record without what it shares with others.
type batchRow struct {
	timestamp, observed int64
	traceID             pcommon.TraceID
	spanID              pcommon.SpanID
	recordCount         int64
	body, uid           span
	exact               span   // the record alone as OTLP, where columns cannot tell it: see exact.go
	attrs, attrsEnd     uint32 // in Batch.attrs
	textSize            uint32 // of body, exact and attributes
	shared              uint32 // in Batch.shared
	severityText        uint32 // in Batch.words, as the next two
	eventName           uint32
	threshold           uint32
	flags               uint32
	severityNumber      int32
	bodyType            ValueType
	source              timeSource
}

// span is a part of Batch.text.
type span struct{ from, to uint32 }

type batchAttribute struct {
	value span
	key   uint32 // in Batch.words
	kind  ValueType
}

// sharedText is what the records of one ScopeLogs have in common.
type sharedText struct {
	service, tenant         string
	resourceSchemaURL       string
	scopeSchemaURL          string
	scopeName, scopeVersion string
	resource, scope         []Attribute
	textSize                int64
	exact                   bool   // can be told by the columns
	resourceOTLP, scopeOTLP []byte // where a record of it cannot: see exact.go
	resourceLogs            plog.ResourceLogs
	scopeLogs               plog.ScopeLogs
}

// maxBatchText bounds the text of a batch: spans are 32 bits wide.
const maxBatchText = math.MaxUint32

var errBatchTooLarge = errors.New("texts of the batch are larger than 4 GiB")

// NewBatch copies the records of ld, which arrived at that time.
func NewBatch(ld plog.Logs, arrival time.Time, opts BatchOptions) *Batch {
	b := &Batch{arrival: arrival.UnixNano(), rows: make([]batchRow, 0, ld.LogRecordCount()), words: []string{""}}
	x := extractors.Get().(*extractor)
	x.start(b)
	for _, rl := range ld.ResourceLogs().All() {
		resource := sharedOfResource(rl, opts)
		for _, sl := range rl.ScopeLogs().All() {
			x.shared = sharedOfScope(resource, sl)
			x.sharedIndex = uint32(len(b.shared))
			for _, lr := range sl.LogRecords().All() {
				x.record(lr)
			}
			x.shared.resourceLogs, x.shared.scopeLogs = plog.ResourceLogs{}, plog.ScopeLogs{}
			b.shared = append(b.shared, x.shared)
		}
	}
	x.finish()
	b.size = int64(unsafe.Sizeof(*b)) + int64(cap(b.text)) + int64(cap(b.rows))*int64(unsafe.Sizeof(batchRow{})) +
		int64(cap(b.attrs))*int64(unsafe.Sizeof(batchAttribute{}))
	for i := range b.shared {
		b.size += b.shared[i].memory()
	}
	for _, w := range b.words {
		b.size += int64(unsafe.Sizeof(w)) + int64(len(w))
	}
	return b
}

// Err is why the batch cannot be encoded, nil if it can.
func (b *Batch) Err() error { return b.err }

// Rows is how many records the batch holds.
func (b *Batch) Rows() int { return len(b.rows) }

// Size is the memory that the batch holds, in bytes.
func (b *Batch) Size() int64 { return b.size }

func (b *Batch) bytes(s span) []byte { return b.text[s.from:s.to] }

func sharedOfResource(rl plog.ResourceLogs, opts BatchOptions) sharedText {
	attrs, exact := textOfMap(rl.Resource().Attributes())
	s := sharedText{resource: attrs, exact: exact && rl.Resource().DroppedAttributesCount() == 0, tenant: opts.Tenant, resourceLogs: rl}
	s.resourceSchemaURL = s.own(rl.SchemaUrl())
	if a, ok := FindAttribute(attrs, "service.name"); ok {
		s.service = a.Value
	}
	if opts.TenantAttribute != "" {
		if v, ok := rl.Resource().Attributes().Get(opts.TenantAttribute); ok {
			if text, _, _ := appendText(nil, v); v.Type() == pcommon.ValueTypeStr && v.Str() != "" {
				s.tenant = boundTenant(v.Str())
			} else if len(text) > 0 {
				s.tenant = boundTenant(string(text))
			}
		}
	}
	return s
}

func sharedOfScope(s sharedText, sl plog.ScopeLogs) sharedText {
	attrs, exact := textOfMap(sl.Scope().Attributes())
	s.scope = attrs
	s.exact = s.exact && exact && sl.Scope().DroppedAttributesCount() == 0
	s.scopeSchemaURL = s.own(sl.SchemaUrl())
	s.scopeName = s.own(sl.Scope().Name())
	s.scopeVersion = s.own(sl.Scope().Version())
	s.scopeLogs = sl
	s.textSize = int64(len(s.resourceSchemaURL) + len(s.scopeSchemaURL) + len(s.scopeName) + len(s.scopeVersion))
	for _, attrs := range [][]Attribute{s.resource, s.scope} {
		for i := range attrs {
			s.textSize += int64(len(attrs[i].Key) + len(attrs[i].Value))
		}
	}
	return s
}

// memory is what it takes, in bytes.
func (s *sharedText) memory() int64 {
	const attribute = int64(unsafe.Sizeof(Attribute{}))
	return int64(unsafe.Sizeof(*s)) + s.textSize + int64(len(s.tenant)+len(s.service)+len(s.resourceOTLP)+len(s.scopeOTLP)) +
		attribute*int64(cap(s.resource)+cap(s.scope))
}

// own copies a text.
func (s *sharedText) own(text string) string {
	text, ok := validText(text)
	s.exact = s.exact && ok
	return strings.Clone(text)
}

// extractor fills a batch, in memory of its own until the sizes are known.
type extractor struct {
	batch       *Batch
	textBuffer  []byte
	attrBuffer  []batchAttribute
	words       map[string]uint32
	shared      sharedText
	sharedIndex uint32

	// keys are those of the last record's attributes, in its order, and order where each goes when sorted: the
	// next record often has the same.
	keys     []string
	keyWords []uint32
	order    []int
	sorted   []batchAttribute
}

// extractors keep their memory from batch to batch.
var extractors = sync.Pool{New: func() any { return &extractor{words: map[string]uint32{}} }}

// maxExtractorBytes is how much memory an extractor keeps of each kind.
const maxExtractorBytes = 16 << 20

func (x *extractor) start(b *Batch) {
	x.batch = b
	b.text, b.attrs = x.textBuffer[:0], x.attrBuffer[:0]
	x.words[""] = 0
}

// finish gives the batch arrays of the right size, and the extractor back.
func (x *extractor) finish() {
	b := x.batch
	x.textBuffer, x.attrBuffer = b.text, b.attrs
	b.text, b.attrs = slices.Clone(b.text), slices.Clone(b.attrs)
	if cap(x.textBuffer) > maxExtractorBytes || cap(x.attrBuffer)*int(unsafe.Sizeof(batchAttribute{})) > maxExtractorBytes {
		x.textBuffer, x.attrBuffer = nil, nil
	}
	clear(x.words)
	clear(x.keys)
	x.batch, x.shared, x.keys = nil, sharedText{}, x.keys[:0]
	extractors.Put(x)
}

func (x *extractor) record(lr plog.LogRecord) {
	b := x.batch
	if len(b.text) > maxBatchText/2 && b.err == nil {
		b.err = errBatchTooLarge // texts of one more record could reach beyond; nothing more is taken
	}
	if b.err != nil {
		return
	}
	exact := x.shared.exact
	r := batchRow{
		traceID: lr.TraceID(), spanID: lr.SpanID(), flags: uint32(lr.Flags()), severityNumber: int32(lr.SeverityNumber()),
		shared: x.sharedIndex, recordCount: 1,
	}
	from := len(b.text)
	r.timestamp, exact = columnTime(lr.Timestamp(), exact)
	r.observed, exact = columnTime(lr.ObservedTimestamp(), exact)
	if r.timestamp == 0 {
		r.timestamp, r.source = r.observed, timeObserved
		if r.timestamp == 0 {
			r.timestamp, r.source = b.arrival, timeArrival
		}
	}
	r.severityText, exact = x.word(lr.SeverityText(), exact)
	r.eventName, exact = x.word(lr.EventName(), exact)
	var ok bool
	r.body, r.bodyType, ok = x.text(lr.Body())
	exact = exact && ok
	r.attrs = uint32(len(b.attrs))
	exact = x.attributes(lr.Attributes()) && exact
	r.attrsEnd = uint32(len(b.attrs))
	keys := 0
	for i := r.attrs; i < r.attrsEnd; i++ {
		keys += len(b.words[b.attrs[i].key])
		x.meaning(&r, &b.attrs[i])
	}
	if !exact || lr.DroppedAttributesCount() != 0 {
		start := uint32(len(b.text))
		b.text = append(b.text, recordOTLP(lr)...)
		r.exact = span{start, uint32(len(b.text))}
		if x.shared.resourceOTLP == nil {
			x.shared.resourceOTLP, x.shared.scopeOTLP = resourceOTLP(x.shared.resourceLogs), scopeOTLP(x.shared.scopeLogs)
		}
	}
	if len(b.text) > maxBatchText { // spans of this record are wrong
		b.err = errBatchTooLarge
		return
	}
	r.textSize = uint32(len(b.text) - from + keys)
	if len(b.rows) == 0 {
		b.minTime, b.maxTime = r.timestamp, r.timestamp
	}
	b.minTime, b.maxTime = min(b.minTime, r.timestamp), max(b.maxTime, r.timestamp)
	b.rows = append(b.rows, r)
}

// meaning takes note of attributes that mean something to the archive.
func (x *extractor) meaning(r *batchRow, a *batchAttribute) {
	switch x.batch.words[a.key] {
	case AttributeRecordUID:
		r.uid = a.value
	case AttributeSamplingThreshold:
		r.threshold, _ = x.word(string(x.batch.bytes(a.value)), true)
	case AttributeRecordCount:
		if n, err := strconv.ParseInt(string(x.batch.bytes(a.value)), 10, 64); err == nil && n > 0 && (a.kind == TypeInt || a.kind == TypeString) {
			r.recordCount = n
		}
	}
}

// columnTime converts a time that may be too large for a column, which ends in the year 2262.
func columnTime(ts pcommon.Timestamp, exact bool) (int64, bool) {
	if ts > math.MaxInt64 {
		return math.MaxInt64, false
	}
	return int64(ts), exact
}

// word returns the index of a text that recurs.
func (x *extractor) word(s string, exact bool) (uint32, bool) {
	s, ok := validText(s)
	i, known := x.words[s]
	if !known {
		s = strings.Clone(s)
		i = uint32(len(x.batch.words))
		x.batch.words = append(x.batch.words, s)
		x.words[s] = i
	}
	return i, exact && ok
}

// text appends the text form of a value.
func (x *extractor) text(v pcommon.Value) (_ span, kind ValueType, exact bool) {
	b := x.batch
	from := uint32(len(b.text))
	b.text, kind, exact = appendText(b.text, v)
	return span{from, uint32(len(b.text))}, kind, exact
}

// attributes appends a record's attributes, sorted by key, and reports whether they can be told by the columns.
func (x *extractor) attributes(m pcommon.Map) (exact bool) {
	n := m.Len()
	if n == 0 {
		return true
	}
	exact = true
	b := x.batch
	first := len(b.attrs)
	i := 0
	same := len(x.keys) == n
	for k, v := range m.All() {
		if same && x.keys[i] != k {
			same = false
		}
		a := batchAttribute{}
		var ok bool
		if same {
			a.key = x.keyWords[i]
		} else {
			a.key, exact = x.word(k, exact)
		}
		a.value, a.kind, ok = x.text(v)
		exact = exact && ok
		b.attrs = append(b.attrs, a)
		i++
	}
	attrs := b.attrs[first:]
	if !same {
		x.learn(attrs, exact)
	}
	if len(x.order) == n { // else they were in order
		x.sorted = append(x.sorted[:0], attrs...)
		for j, to := range x.order {
			attrs[to] = x.sorted[j]
		}
	}
	for j := 1; j < n; j++ {
		if attrs[j].key == attrs[j-1].key { // a MAP column cannot hold a key twice: the last one shows
			b.attrs = append(b.attrs[:first], lastOfWord(attrs)...)
			x.keys = x.keys[:0]
			return false
		}
	}
	return exact
}

// learn remembers keys and their order; not those that are not valid text, which would then seem to be.
func (x *extractor) learn(attrs []batchAttribute, exact bool) {
	x.keys, x.keyWords, x.order = x.keys[:0], x.keyWords[:0], x.order[:0]
	index := make([]int, len(attrs))
	for i := range attrs {
		index[i] = i
		x.keys = append(x.keys, x.batch.words[attrs[i].key])
		x.keyWords = append(x.keyWords, attrs[i].key)
	}
	slices.SortStableFunc(index, func(a, b int) int { return strings.Compare(x.keys[a], x.keys[b]) })
	for range index {
		x.order = append(x.order, 0)
	}
	for to, i := range index {
		x.order[i] = to
	}
	if slices.IsSorted(x.order) {
		x.order = x.order[:0]
	}
	if !exact {
		defer func() { x.keys = x.keys[:0] }()
	}
}

// lastOfWord keeps the last of the attributes that share a key.
func lastOfWord(attrs []batchAttribute) []batchAttribute {
	n := 0
	for i, a := range attrs {
		if i+1 == len(attrs) || attrs[i+1].key != a.key {
			attrs[n] = a
			n++
		}
	}
	return attrs[:n]
}
