// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"unsafe"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// Restorer gives records back as pdata, exactly, as [Record.AppendTo] does, but many of them to a resource and scope.
// What it makes shares no memory with the records. The zero value is ready. It is not safe for concurrent use.
type Restorer struct {
	scopes map[string]*RestoredScope
	bytes  int // of the keys in scopes
	keys   map[string]string
	key    []byte
	arena  restoreArena
}

// RestoredScope is a scope with its resource, as records had them. Those of equal pointers are equal; equal ones have
// equal pointers most of the time.
type RestoredScope struct {
	// Resource is shared by the scopes of one resource, most of the time.
	Resource *RestoredResource

	logs plog.ScopeLogs // without records
}

// RestoredResource is the resource of a [RestoredScope].
type RestoredResource struct{ logs plog.ResourceLogs } // without scopes

// CopyTo sets the scope and its schema URL.
func (s *RestoredScope) CopyTo(to plog.ScopeLogs) {
	to.SetSchemaUrl(s.logs.SchemaUrl())
	s.logs.Scope().CopyTo(to.Scope())
}

// CopyTo sets the resource and its schema URL.
func (r *RestoredResource) CopyTo(to plog.ResourceLogs) {
	to.SetSchemaUrl(r.logs.SchemaUrl())
	r.logs.Resource().CopyTo(to.Resource())
}

const (
	// maxRestoredBytes bounds the identities of resources and scopes that a Restorer remembers; it forgets all beyond it.
	maxRestoredBytes = 8 << 20
	// maxRestoredKeys and maxRestoredKeyBytes bound the attributes' keys that are kept once for all records.
	maxRestoredKeys     = 10_000
	maxRestoredKeyBytes = 256
)

// Restore makes lr, which must be empty, the exact record, and returns its scope. An error says that the record's text
// is not what its types say; lr is as much of it as could be restored.
func (x *Restorer) Restore(r *Record, lr plog.LogRecord) (*RestoredScope, error) {
	if r.exact != nil {
		return x.restoreExact(r, lr)
	}
	if r.source == timeOwn {
		lr.SetTimestamp(pcommon.Timestamp(r.Timestamp))
	}
	lr.SetObservedTimestamp(pcommon.Timestamp(r.ObservedTimestamp))
	var traceID pcommon.TraceID
	var spanID pcommon.SpanID
	err := joinRare(decodeID(traceID[:], r.TraceID, "TraceId"), decodeID(spanID[:], r.SpanID, "SpanId"))
	lr.SetTraceID(traceID)
	lr.SetSpanID(spanID)
	lr.SetFlags(plog.LogRecordFlags(r.TraceFlags))
	lr.SetSeverityNumber(plog.SeverityNumber(r.SeverityNumber))
	lr.SetSeverityText(x.word(r.SeverityText))
	lr.SetEventName(x.word(r.EventName))
	err = joinRare(err, x.value(lr.Body(), r.Body, r.BodyType))
	err = joinRare(err, x.attributes(lr.Attributes(), r.LogAttributes))
	scope, scopeErr := x.scope(r)
	return scope, joinRare(err, scopeErr)
}

// joinRare is errors.Join, but without an allocation when there is none.
func joinRare(a, b error) error {
	if b == nil {
		return a
	}
	return errors.Join(a, b)
}

func (x *Restorer) value(v pcommon.Value, text string, t ValueType) error {
	if t == TypeString {
		v.SetStr(x.arena.copy(text))
		return nil
	}
	return parseText(v, strings.Clone(text), t)
}

func (x *Restorer) attributes(m pcommon.Map, attrs []Attribute) (err error) {
	m.EnsureCapacity(len(attrs))
	for i := range attrs {
		err = joinRare(err, x.value(m.PutEmpty(x.word(attrs[i].Key)), attrs[i].Value, attrs[i].Type))
	}
	return err
}

// word copies a text of which there are few.
func (x *Restorer) word(s string) string {
	if s == "" {
		return ""
	}
	if w, ok := x.keys[s]; ok {
		return w
	}
	if len(s) > maxRestoredKeyBytes {
		return x.arena.copy(s)
	}
	if x.keys == nil || len(x.keys) >= maxRestoredKeys {
		x.keys = map[string]string{}
	}
	s = strings.Clone(s)
	x.keys[s] = s
	return s
}

// scope finds or makes the scope of a record that has no exact form.
func (x *Restorer) scope(r *Record) (*RestoredScope, error) {
	x.key = append(x.key[:0], 't')
	key := appendIdentityText(x.key, r.ResourceSchemaURL)
	key = appendIdentityAttributes(key, r.ResourceAttributes)
	resourceEnd := len(key)
	key = appendIdentityText(key, r.ScopeSchemaURL)
	key = appendIdentityText(key, r.ScopeName)
	key = appendIdentityText(key, r.ScopeVersion)
	key = appendIdentityAttributes(key, r.ScopeAttributes)
	x.key = key
	if s := x.scopes[string(key)]; s != nil {
		return s, nil
	}
	var err error
	s := &RestoredScope{logs: plog.NewScopeLogs()}
	if have := x.scopes[string(key[:resourceEnd])]; have != nil {
		s.Resource = have.Resource
	} else {
		res := plog.NewResourceLogs()
		res.SetSchemaUrl(strings.Clone(r.ResourceSchemaURL))
		err = x.attributes(res.Resource().Attributes(), r.ResourceAttributes)
		s.Resource = &RestoredResource{res}
		if err == nil { // else the next record shall have the error, too
			x.remember(key[:resourceEnd], &RestoredScope{Resource: s.Resource})
		}
	}
	s.logs.SetSchemaUrl(strings.Clone(r.ScopeSchemaURL))
	s.logs.Scope().SetName(strings.Clone(r.ScopeName))
	s.logs.Scope().SetVersion(strings.Clone(r.ScopeVersion))
	err = joinRare(err, x.attributes(s.logs.Scope().Attributes(), r.ScopeAttributes))
	if err == nil {
		x.remember(key, s)
	}
	return s, err
}

func (x *Restorer) remember(key []byte, s *RestoredScope) {
	if x.scopes == nil || x.bytes+len(key) > maxRestoredBytes {
		x.scopes, x.bytes = map[string]*RestoredScope{}, 0
	}
	x.bytes += len(key)
	x.scopes[string(key)] = s
}

func (x *Restorer) restoreExact(r *Record, lr plog.LogRecord) (*RestoredScope, error) {
	one, err := (&plog.ProtoUnmarshaler{}).UnmarshalLogs(r.exact)
	if err != nil {
		return nil, fmt.Errorf("decode column Exact: %w", err)
	}
	if one.LogRecordCount() != 1 || one.ResourceLogs().Len() != 1 || one.ResourceLogs().At(0).ScopeLogs().Len() != 1 {
		return nil, fmt.Errorf("decode column Exact: %d records", one.LogRecordCount())
	}
	rl := one.ResourceLogs().At(0)
	sl := rl.ScopeLogs().At(0)
	sl.LogRecords().At(0).MoveTo(lr)
	sl.LogRecords().RemoveIf(func(plog.LogRecord) bool { return true })
	x.key = append(append(x.key[:0], 'x'), marshalLogs(one)...)
	if s := x.scopes[string(x.key)]; s != nil {
		return s, nil
	}
	s := &RestoredScope{Resource: &RestoredResource{plog.NewResourceLogs()}, logs: plog.NewScopeLogs()}
	sl.MoveTo(s.logs)
	rl.ScopeLogs().RemoveIf(func(plog.ScopeLogs) bool { return true })
	rl.MoveTo(s.Resource.logs)
	x.remember(x.key, s)
	return s, nil
}

// AppendIdentity appends bytes that tell the record from others of the same tenant and Timestamp, whatever objects they lie
// in: with a RecordUID service and uid, which readers show once, else all that the record holds.
func (r *Record) AppendIdentity(b []byte) []byte {
	if r.RecordUID != "" {
		b = append(b, 'u')
		b = appendIdentityText(b, r.ServiceName)
		return appendIdentityText(b, r.RecordUID)
	}
	b = append(b, 'r', byte(r.source), byte(r.BodyType))
	b = appendIdentityText(b, r.Body)
	b = appendIdentityText(b, r.TraceID)
	b = appendIdentityText(b, r.SpanID)
	b = binary.AppendVarint(b, r.ObservedTimestamp)
	b = binary.AppendUvarint(b, uint64(r.TraceFlags))
	b = binary.AppendVarint(b, int64(r.SeverityNumber))
	b = appendIdentityText(b, r.SeverityText)
	b = appendIdentityText(b, r.EventName)
	b = appendIdentityText(b, r.ResourceSchemaURL)
	b = appendIdentityAttributes(b, r.ResourceAttributes)
	b = appendIdentityText(b, r.ScopeSchemaURL)
	b = appendIdentityText(b, r.ScopeName)
	b = appendIdentityText(b, r.ScopeVersion)
	b = appendIdentityAttributes(b, r.ScopeAttributes)
	b = appendIdentityAttributes(b, r.LogAttributes)
	return append(b, r.exact...)
}

func appendIdentityText(b []byte, s string) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}

func appendIdentityAttributes(b []byte, attrs []Attribute) []byte {
	b = binary.AppendUvarint(b, uint64(len(attrs)))
	for i := range attrs {
		b = appendIdentityText(b, attrs[i].Key)
		b = append(b, byte(attrs[i].Type))
		b = appendIdentityText(b, attrs[i].Value)
	}
	return b
}

// restoreArena copies texts, many to an allocation.
type restoreArena struct{ free []byte }

func (a *restoreArena) copy(s string) string {
	const block, large = 64 << 10, 4 << 10
	if len(s) == 0 {
		return ""
	}
	if len(s) > cap(a.free)-len(a.free) {
		if len(s) > large {
			return strings.Clone(s)
		}
		a.free = make([]byte, 0, block)
	}
	from := len(a.free)
	a.free = append(a.free, s...)
	return unsafe.String(&a.free[from], len(s))
}
