// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package spikeguardprocessor

import (
	"math"
	"time"
	"unicode/utf8"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/logboom/logboom/internal/severity"
	"github.com/logboom/logboom/internal/spike"
	"github.com/logboom/logboom/internal/weight"
)

// unknownValue stands for an attribute of the key that a record does not have.
const unknownValue = "unknown"

// batch is what is known of a batch of records. It is used again.
type batch struct {
	names   []string       // of the sources
	index   map[string]int // in names
	items   []spike.Item   // in the order of the records
	over    []overCount    // by source
	lasts   []*last        // to be kept if the batch is taken
	formers []former       // of what has a weight now, in the order of the records
	marked  []int          // items that were not marked before
	writer  weight.Writer

	truncated int64
	name      []byte          // scratch
	resource  []pcommon.Value // of the key: what the resource has
	record    []pcommon.Value // and the record
	sizer     plog.ProtoMarshaler
}

type overCount struct{ items, bytes int64 }

func newBatch(keys int) *batch {
	return &batch{index: map[string]int{}, resource: make([]pcommon.Value, keys), record: make([]pcommon.Value, keys)}
}

// reset lets go of the records.
func (b *batch) reset() {
	clear(b.names)
	clear(b.index)
	clear(b.items)
	clear(b.lasts)
	clear(b.formers)
	clear(b.resource)
	clear(b.record)
	b.names, b.items, b.over, b.lasts, b.formers = b.names[:0], b.items[:0], b.over[:0], b.lasts[:0], b.formers[:0]
	b.marked = b.marked[:0]
	b.truncated, b.writer.Inconsistent = 0, 0
}

// reader makes an item of each record.
type reader struct {
	key      []string
	severity *severity.Reader
	// maxBodyBytes shortens bodies beyond it, if it is not 0; dry only counts them.
	maxBodyBytes int
	dry          bool
}

func (r *reader) read(b *batch, ld plog.Logs) {
	now := int64(0)
	rls := ld.ResourceLogs()
	for i := range rls.Len() {
		rl := rls.At(i)
		res := rl.Resource().Attributes()
		for k, name := range r.key {
			b.resource[k] = find(res, name)
		}
		ofResource := -1 // the source of records that have nothing of the key themselves
		sls := rl.ScopeLogs()
		for j := range sls.Len() {
			lrs := sls.At(j).LogRecords()
			for k := range lrs.Len() {
				lr := lrs.At(k)
				if r.maxBodyBytes > 0 && r.truncate(lr) {
					b.truncated++
				}
				source := ofResource
				if own := r.own(b, lr.Attributes()); own || source < 0 {
					source = b.source()
					if !own {
						ofResource = source
					}
				}
				at := lr.Timestamp()
				if at == 0 {
					at = lr.ObservedTimestamp()
				}
				if at == 0 || at > math.MaxInt64 {
					if now == 0 {
						now = time.Now().UnixNano()
					}
					at = pcommon.Timestamp(now) //nolint:gosec // since 1970
				}
				b.items = append(b.items, spike.Item{
					Source:   source,
					Bytes:    b.sizer.LogRecordSize(lr),
					Severity: r.severityOf(lr),
					Text:     text(lr),
					Time:     int64(at), //nolint:gosec // bounded above
					TraceID:  lr.TraceID(),
				})
			}
		}
	}
}

// own looks for the key in a record, and tells whether anything of it is there. What is not is the resource's.
func (r *reader) own(b *batch, attrs pcommon.Map) (own bool) {
	for k, name := range r.key {
		v := find(attrs, name)
		if v != (pcommon.Value{}) {
			own = true
		} else {
			v = b.resource[k]
		}
		b.record[k] = v
	}
	return own
}

// find returns the zero Value if there is no such attribute.
func find(m pcommon.Map, name string) pcommon.Value {
	if v, ok := m.Get(name); ok {
		return v
	}
	return pcommon.Value{}
}

// source is the index of the source of the record that was looked at last.
func (b *batch) source() int {
	b.name = b.name[:0]
	for i, v := range b.record {
		if i > 0 {
			b.name = append(b.name, '/')
		}
		s := ""
		if v != (pcommon.Value{}) {
			if v.Type() == pcommon.ValueTypeStr {
				s = v.Str()
			} else {
				s = v.AsString()
			}
		}
		if s == "" {
			s = unknownValue
		}
		b.name = append(b.name, s[:min(len(s), spike.MaxNameBytes+1)]...)
	}
	if end := spike.MaxNameBytes; len(b.name) > end {
		for back := 0; back < utf8.UTFMax-1 && !utf8.RuneStart(b.name[end]); back++ {
			end--
		}
		b.name = b.name[:end]
	}
	if i, ok := b.index[string(b.name)]; ok {
		return i
	}
	name := string(b.name)
	b.index[name] = len(b.names)
	b.names = append(b.names, name)
	b.over = append(b.over, overCount{})
	return len(b.names) - 1
}

func (r *reader) severityOf(lr plog.LogRecord) uint8 {
	number := lr.SeverityNumber()
	if number == 0 {
		s := lr.SeverityText()
		if s == "" {
			return 0
		}
		_, n, _ := r.severity.Read(s, severity.NumberingLevel)
		return uint8(n)
	}
	if number < 0 || number > plog.SeverityNumberFatal4 {
		return 0
	}
	return uint8(number)
}

// messageKeys are the entries of a structured body that say what happened.
var messageKeys = [...]string{"message", "msg", "log", "event", "error"}

// text is what tells records apart: the body; of one with structure its message, or else its first text; or else the event's name.
func text(lr plog.LogRecord) string {
	body := lr.Body()
	switch body.Type() {
	case pcommon.ValueTypeStr:
		if s := body.Str(); s != "" {
			return s
		}
	case pcommon.ValueTypeMap:
		m := body.Map()
		for _, key := range messageKeys {
			if v, ok := m.Get(key); ok && v.Type() == pcommon.ValueTypeStr {
				return v.Str()
			}
		}
		if name := lr.EventName(); name != "" {
			return name
		}
		for _, v := range m.All() {
			if v.Type() == pcommon.ValueTypeStr {
				return v.Str()
			}
		}
	}
	return lr.EventName()
}
