// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
)

// restoredBy puts records together with a Restorer, and returns how many resources and scopes they take.
func restoredBy(t *testing.T, x *Restorer, records []*Record) (ld plog.Logs, resources, scopes int) {
	ld = plog.NewLogs()
	resource := map[*RestoredResource]plog.ResourceLogs{}
	scope := map[*RestoredScope]plog.ScopeLogs{}
	for _, r := range records {
		lr := plog.NewLogRecord()
		of, err := x.Restore(r, lr)
		require.NoError(t, err)
		if _, ok := resource[of.Resource]; !ok {
			resource[of.Resource] = ld.ResourceLogs().AppendEmpty()
			of.Resource.CopyTo(resource[of.Resource])
		}
		if _, ok := scope[of]; !ok {
			scope[of] = resource[of.Resource].ScopeLogs().AppendEmpty()
			of.CopyTo(scope[of])
		}
		lr.MoveTo(scope[of].LogRecords().AppendEmpty())
	}
	return ld, len(resource), len(scope)
}

// scannedOf returns clones of all records.
func scannedOf(t *testing.T, ld plog.Logs, arrival time.Time) []*Record {
	b := mapBucket{}
	commit(t, b, "w", arrival, ld)
	return scanAll(t, b, All())
}

func TestRestorerGivesTheExactRecords(t *testing.T) {
	arrival := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	var x Restorer
	for seed := range uint64(20) {
		written := randomLogs(rand.New(rand.NewPCG(seed, 9)), 200, arrival)
		want := canonical(t, written)
		ld, _, _ := restoredBy(t, &x, scannedOf(t, written, arrival))
		requireSame(t, want, canonical(t, ld))
	}
}

func TestRestorerSharesResources(t *testing.T) {
	arrival := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	written := plog.NewLogs()
	for i := range 300 {
		rl := written.ResourceLogs().AppendEmpty()
		rl.Resource().Attributes().PutStr("service.name", fmt.Sprint("s", i%3))
		if i%3 == 2 {
			rl.Resource().SetDroppedAttributesCount(1) // kept as OTLP
		}
		sl := rl.ScopeLogs().AppendEmpty()
		sl.Scope().SetName(fmt.Sprint("scope", i%2))
		sl.LogRecords().AppendEmpty().Body().SetStr(fmt.Sprint("line ", i))
	}
	var x Restorer
	ld, resources, scopes := restoredBy(t, &x, scannedOf(t, written, arrival))
	requireSame(t, canonical(t, written), canonical(t, ld))
	require.Equal(t, 4, resources, "of the exact ones each scope has its own")
	require.Equal(t, 6, scopes)
}

func TestRestorerIsBounded(t *testing.T) {
	var x Restorer
	long := fmt.Sprintf("%0100000d", 1)
	for i := range 300 {
		r := &Record{ServiceName: "s", ResourceAttributes: []Attribute{{Key: fmt.Sprint("k", i), Value: long}}}
		of, err := x.Restore(r, plog.NewLogRecord())
		require.NoError(t, err)
		back := plog.NewResourceLogs()
		of.Resource.CopyTo(back)
		require.Equal(t, 1, back.Resource().Attributes().Len())
		require.LessOrEqual(t, x.bytes, maxRestoredBytes+200_000)
	}
	for i := range 3 * maxRestoredKeys {
		_, err := x.Restore(&Record{SeverityText: fmt.Sprint("severity ", i)}, plog.NewLogRecord())
		require.NoError(t, err)
		require.LessOrEqual(t, len(x.keys), maxRestoredKeys)
	}
}

func TestRestorerTellsOfContradictions(t *testing.T) {
	for name, r := range map[string]*Record{
		"body":      {Body: "x", BodyType: TypeInt},
		"trace id":  {TraceID: "12"},
		"span id":   {SpanID: "zzzzzzzzzzzzzzzz"},
		"attribute": {LogAttributes: []Attribute{{Key: "a", Value: "maybe", Type: TypeBool}}},
		"resource":  {ResourceAttributes: []Attribute{{Key: "a", Value: "{", Type: TypeMap}}},
		"scope":     {ScopeAttributes: []Attribute{{Key: "a", Value: "1e", Type: TypeDouble}}},
		"exact":     {exact: []byte{1, 2, 3}},
		"no exact":  {exact: []byte{}},
	} {
		var x Restorer
		for range 2 { // it is not remembered as good
			_, err := x.Restore(r, plog.NewLogRecord())
			require.Error(t, err, name)
		}
	}
}

func TestIdentity(t *testing.T) {
	base := Record{Body: "b", ServiceName: "s", LogAttributes: []Attribute{{Key: "k", Value: "v"}}}
	id := func(change func(*Record)) string {
		r := base
		change(&r)
		return string(r.AppendIdentity(nil))
	}
	seen := map[string]string{}
	for name, change := range map[string]func(*Record){
		"base":      func(*Record) {},
		"body":      func(r *Record) { r.Body = "c" },
		"body type": func(r *Record) { r.BodyType = TypeBytes },
		"trace":     func(r *Record) { r.TraceID = "x" },
		"span":      func(r *Record) { r.SpanID = "x" },
		"observed":  func(r *Record) { r.ObservedTimestamp = 1 },
		"flags":     func(r *Record) { r.TraceFlags = 1 },
		"severity":  func(r *Record) { r.SeverityNumber = 1 },
		"text":      func(r *Record) { r.SeverityText = "x" },
		"event":     func(r *Record) { r.EventName = "x" },
		"url":       func(r *Record) { r.ResourceSchemaURL = "x" },
		"scope url": func(r *Record) { r.ScopeSchemaURL = "x" },
		"scope":     func(r *Record) { r.ScopeName = "x" },
		"version":   func(r *Record) { r.ScopeVersion = "x" },
		"resource":  func(r *Record) { r.ResourceAttributes = base.LogAttributes },
		"scope at":  func(r *Record) { r.ScopeAttributes = base.LogAttributes },
		"type":      func(r *Record) { r.LogAttributes = []Attribute{{Key: "k", Value: "v", Type: TypeEmpty}} },
		"cut":       func(r *Record) { r.LogAttributes = []Attribute{{Key: "kv"}} },
		"exact":     func(r *Record) { r.exact = []byte("x") },
		"source":    func(r *Record) { r.source = timeArrival },
		"uid":       func(r *Record) { r.RecordUID = "u" },
		"uid 2":     func(r *Record) { r.RecordUID = "v" },
		"service":   func(r *Record) { r.RecordUID, r.ServiceName = "u", "t" },
	} {
		key := id(change)
		require.Empty(t, seen[key], name)
		seen[key] = name
	}
	require.Equal(t, id(func(r *Record) { r.RecordUID = "u" }), id(func(r *Record) { r.RecordUID, r.Body = "u", "other" }))
}
