// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// wantRows are the rows that FORMAT.md prescribes for records that arrived at the corpus' arrival. Nothing here is the
// archive package's: it is the format, written a second time.
func wantRows(ld plog.Logs, yield func(tenant string, r *row)) {
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, lr := range sl.LogRecords().All() {
				tenant := ""
				if v, ok := rl.Resource().Attributes().Get(tenantAttribute); ok {
					tenant = v.Str()
				}
				yield(tenant, wantRow(rl, sl, lr))
			}
		}
	}
}

func wantRow(rl plog.ResourceLogs, sl plog.ScopeLogs, lr plog.LogRecord) *row {
	w := &rowWriter{}
	r := &w.row
	own, observed := w.time(lr.Timestamp()), w.time(lr.ObservedTimestamp())
	switch {
	case own != 0:
		r.Timestamp = own
	case observed != 0:
		r.Timestamp, r.TimestampSource = observed, some("observed")
	default:
		r.Timestamp, r.TimestampSource = arrival.UnixNano(), some("arrival")
	}
	if observed != 0 {
		r.ObservedTimestamp = &observed
	}
	if id := lr.TraceID(); !id.IsEmpty() {
		r.TraceID = hex.EncodeToString(id[:])
	}
	if id := lr.SpanID(); !id.IsEmpty() {
		r.SpanID = hex.EncodeToString(id[:])
	}
	r.TraceFlags = uint32(lr.Flags())
	r.SeverityText = w.text(lr.SeverityText())
	r.SeverityNumber = int32(lr.SeverityNumber())
	body, letter := w.value(lr.Body())
	r.Body = body
	if letter != 's' {
		r.BodyType = some(string(letter))
	}
	r.ResourceSchemaURL, r.ScopeSchemaURL = w.text(rl.SchemaUrl()), w.text(sl.SchemaUrl())
	r.ScopeName, r.ScopeVersion = w.text(sl.Scope().Name()), w.text(sl.Scope().Version())
	r.EventName = w.text(lr.EventName())

	res := w.attributes(rl.Resource().Attributes())
	if a := res["service.name"]; a != nil {
		r.ServiceName = a.text
	}
	r.ResourceAttributes, r.ResourceAttributeTypes = columnsOf(res)
	r.ScopeAttributes, r.ScopeAttributeTypes = columnsOf(w.attributes(sl.Scope().Attributes()))
	attrs := w.attributes(lr.Attributes())
	r.RecordCount = 1
	if a := attrs["logboom.record.count"]; a != nil && (a.letter == 'i' || a.letter == 's') {
		if n, err := strconv.ParseInt(a.text, 10, 64); err == nil && n > 0 {
			r.RecordCount = n
		}
	}
	for key, to := range map[string]*string{"log.record.uid": &r.RecordUID, "sampling.threshold": &r.SamplingThreshold} {
		if a := attrs[key]; a != nil {
			*to = a.text
			if a.letter == 's' && a.text != "" {
				delete(attrs, key)
			}
		}
	}
	r.LogAttributes, r.LogAttributeTypes = columnsOf(attrs)

	if w.inexact || rl.Resource().DroppedAttributesCount()+sl.Scope().DroppedAttributesCount()+lr.DroppedAttributesCount() > 0 {
		one := plog.NewLogs()
		to := one.ResourceLogs().AppendEmpty()
		rl.Resource().CopyTo(to.Resource())
		to.SetSchemaUrl(rl.SchemaUrl())
		scope := to.ScopeLogs().AppendEmpty()
		sl.Scope().CopyTo(scope.Scope())
		scope.SetSchemaUrl(sl.SchemaUrl())
		lr.CopyTo(scope.LogRecords().AppendEmpty())
		exact, err := (&plog.ProtoMarshaler{}).MarshalLogs(one)
		if err != nil {
			panic(err)
		}
		r.Exact = exact
	}
	return r
}

// rowWriter makes one row and notes whether its columns say less than the record.
type rowWriter struct {
	row     row
	inexact bool
}

type attribute struct {
	text   string
	letter byte
}

func some(s string) *string { return &s }

func (w *rowWriter) time(t pcommon.Timestamp) int64 {
	if t > math.MaxInt64 {
		w.inexact = true
		return math.MaxInt64
	}
	return int64(t)
}

func (w *rowWriter) text(s string) string {
	if !utf8.ValidString(s) {
		w.inexact = true
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	return s
}

func (w *rowWriter) value(v pcommon.Value) (string, byte) {
	switch v.Type() {
	case pcommon.ValueTypeStr:
		return w.text(v.Str()), 's'
	case pcommon.ValueTypeInt:
		return strconv.FormatInt(v.Int(), 10), 'i'
	case pcommon.ValueTypeDouble:
		if f := v.Double(); math.IsNaN(f) && math.Float64bits(f) != math.Float64bits(math.NaN()) {
			w.inexact = true
		}
		return strconv.FormatFloat(v.Double(), 'g', -1, 64), 'd'
	case pcommon.ValueTypeBool:
		return strconv.FormatBool(v.Bool()), 'b'
	case pcommon.ValueTypeBytes:
		return base64.StdEncoding.EncodeToString(v.Bytes().AsRaw()), 'x'
	case pcommon.ValueTypeMap:
		return w.json(v), 'm'
	case pcommon.ValueTypeSlice:
		return w.json(v), 'a'
	default:
		return "", 'e'
	}
}

// json is the JSON of a map or slice, keys in the record's order.
func (w *rowWriter) json(v pcommon.Value) string {
	var b strings.Builder
	w.writeJSON(&b, v, 0)
	return b.String()
}

func (w *rowWriter) writeJSON(b *strings.Builder, v pcommon.Value, depth int) {
	w.inexact = w.inexact || depth > 100
	switch v.Type() {
	case pcommon.ValueTypeMap:
		seen, separator := map[string]bool{}, "{"
		for k, e := range v.Map().All() {
			key := w.text(k)
			w.inexact = w.inexact || seen[key]
			seen[key] = true
			b.WriteString(separator + quoteJSON(key) + ":")
			w.writeJSON(b, e, depth+1)
			separator = ","
		}
		if len(seen) == 0 {
			b.WriteString("{")
		}
		b.WriteString("}")
	case pcommon.ValueTypeSlice:
		b.WriteString("[")
		for i, e := range v.Slice().All() {
			if i > 0 {
				b.WriteString(",")
			}
			w.writeJSON(b, e, depth+1)
		}
		b.WriteString("]")
	case pcommon.ValueTypeDouble:
		f := v.Double()
		text := strconv.FormatFloat(f, 'g', -1, 64)
		switch {
		case math.IsNaN(f) || math.IsInf(f, 0):
			w.inexact = true
			text = quoteJSON(text)
		case !strings.ContainsAny(text, ".e"):
			text += ".0"
		}
		b.WriteString(text)
	case pcommon.ValueTypeBytes:
		w.inexact = true
		text, _ := w.value(v)
		b.WriteString(quoteJSON(text))
	case pcommon.ValueTypeStr:
		b.WriteString(quoteJSON(w.text(v.Str())))
	case pcommon.ValueTypeEmpty:
		b.WriteString("null")
	default:
		text, _ := w.value(v)
		b.WriteString(text)
	}
}

// quoteJSON is a JSON string without escapes that are not needed.
func quoteJSON(s string) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		panic(err)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func (w *rowWriter) attributes(m pcommon.Map) map[string]*attribute {
	out := map[string]*attribute{}
	for k, v := range m.All() {
		key := w.text(k)
		w.inexact = w.inexact || out[key] != nil
		text, letter := w.value(v)
		out[key] = &attribute{text, letter}
	}
	return out
}

// columnsOf are the MAP, its entries sorted by key, and the column of its types.
func columnsOf(attrs map[string]*attribute) (entries []entry, types *string) {
	letters := ""
	for _, key := range slices.Sorted(maps.Keys(attrs)) {
		entries = append(entries, entry{key, attrs[key].text})
		letters += string(attrs[key].letter)
	}
	if strings.Trim(letters, "s") != "" {
		types = &letters
	}
	return entries, types
}
