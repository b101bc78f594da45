// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"encoding/hex"
	"unsafe"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// record makes r the record of row i. It shares the memory of the batch, but for its ids.
func (b *Batch) record(i int, r *Record) {
	row := &b.rows[i]
	shared := &b.shared[row.shared]
	*r = Record{
		Timestamp: row.timestamp, ObservedTimestamp: row.observed, TraceFlags: row.flags,
		SeverityText: b.words[row.severityText], SeverityNumber: row.severityNumber, ServiceName: shared.service,
		Body: b.string(row.body), BodyType: row.bodyType, EventName: b.words[row.eventName],
		ResourceSchemaURL: shared.resourceSchemaURL, ScopeSchemaURL: shared.scopeSchemaURL,
		ScopeName: shared.scopeName, ScopeVersion: shared.scopeVersion,
		ResourceAttributes: shared.resource, ScopeAttributes: shared.scope,
		RecordUID: b.string(row.uid), SamplingThreshold: b.words[row.threshold], RecordCount: uint64(row.recordCount), source: row.source,
	}
	if row.traceID != (pcommon.TraceID{}) {
		r.TraceID = hex.EncodeToString(row.traceID[:])
	}
	if row.spanID != (pcommon.SpanID{}) {
		r.SpanID = hex.EncodeToString(row.spanID[:])
	}
	if row.exact.from != row.exact.to {
		if b.wholeExact {
			r.exact = b.bytes(row.exact)
		} else {
			r.exact = appendExact(nil, shared.resourceOTLP, shared.scopeOTLP, b.bytes(row.exact))
		}
	}
	if row.attrs != row.attrsEnd {
		r.LogAttributes = make([]Attribute, 0, row.attrsEnd-row.attrs+2)
		for _, a := range b.attrs[row.attrs:row.attrsEnd] {
			r.LogAttributes = append(r.LogAttributes, Attribute{Key: b.words[a.key], Value: b.string(a.value), Type: a.kind})
		}
	}
	r.restorePromoted()
}

func (b *Batch) string(s span) string {
	if s.from == s.to {
		return ""
	}
	return unsafe.String(&b.text[s.from], int(s.to-s.from))
}
