// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grokprocessor

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
)

func TestServiceName(t *testing.T) {
	for text, want := range map[string]string{
		"cart": "cart", " sshd ": "sshd", "": "", "-": "", "  ": "", "two words": "two words", "a\nb": "", `{"name":"x"}`: "", "caf\xe9": "", "café": "café",
		strings.Repeat("x", 255): strings.Repeat("x", 255), strings.Repeat("x", 256): "",
	} {
		got, ok := serviceName(text)
		assert.Equal(t, want, got, text)
		assert.Equal(t, want != "", ok, text)
	}
}

func TestLacksService(t *testing.T) {
	check := func(want bool, value any) {
		t.Helper()
		rl := plog.NewResourceLogs()
		if value != nil {
			require.NoError(t, rl.Resource().Attributes().PutEmpty(serviceKey).FromRaw(value))
		}
		assert.Equal(t, want, lacksService(rl.Resource()), value)
	}
	check(true, nil)
	check(true, "")
	check(true, "unknown_service")
	check(true, "unknown_service:java")
	check(false, "cart")
	check(false, int64(1))
}

// batch makes resources of scopes of records; a record is named resource.scope.record.
func batch(shape ...[]int) plog.Logs {
	ld := plog.NewLogs()
	for r, scopes := range shape {
		rl := ld.ResourceLogs().AppendEmpty()
		rl.SetSchemaUrl("resource schema")
		rl.Resource().Attributes().PutInt("resource", int64(r))
		for s, records := range scopes {
			sl := rl.ScopeLogs().AppendEmpty()
			sl.SetSchemaUrl("scope schema")
			sl.Scope().SetName(fmt.Sprint("scope ", s))
			for i := range records {
				sl.LogRecords().AppendEmpty().Body().SetStr(fmt.Sprintf("%d.%d.%d", r, s, i))
			}
		}
	}
	return ld
}

func serviceOf(rl plog.ResourceLogs) string {
	if v, ok := rl.Resource().Attributes().Get(serviceKey); ok {
		return v.AsString()
	}
	return ""
}

// lines prints where each record is: resource, service, scope, records in their order.
func lines(ld plog.Logs) []string {
	var out []string
	for _, rl := range ld.ResourceLogs().All() {
		r, _ := rl.Resource().Attributes().Get("resource")
		service := serviceOf(rl)
		for _, sl := range rl.ScopeLogs().All() {
			line := fmt.Sprintf("%d %s %s:", r.Int(), service, sl.Scope().Name())
			for _, lr := range sl.LogRecords().All() {
				line += " " + lr.Body().Str()
			}
			if rl.SchemaUrl() != "resource schema" || sl.SchemaUrl() != "scope schema" {
				line += " without schema"
			}
			out = append(out, line)
		}
	}
	return out
}

func TestServiceNotes(t *testing.T) {
	var n serviceNotes
	ld := batch([]int{2}, []int{3, 0, 2}, []int{0}, []int{1})
	n.add(0, 0, 0, "a")
	n.add(0, 0, 1, "a")
	n.add(1, 0, 0, "a")
	n.add(1, 0, 1, "b")
	n.add(1, 0, 2, "\x00") // no name
	n.add(1, 2, 0, "b")
	n.add(1, 2, 1, "a")
	n.regroup(ld)
	assert.Equal(t, []string{
		"0 a scope 0: 0.0.0 0.0.1",
		"1  scope 0: 1.0.2",
		"1  scope 1:",
		"2  scope 0:",
		"3  scope 0: 3.0.0",
		"1 a scope 0: 1.0.0",
		"1 a scope 2: 1.2.1",
		"1 b scope 0: 1.0.1",
		"1 b scope 2: 1.2.0",
	}, lines(ld))

	// The notes of the next batch know nothing of the last one.
	ld = batch([]int{2}, []int{1})
	n.add(0, 0, 0, "b")
	n.add(0, 0, 1, "c")
	n.regroup(ld)
	assert.Equal(t, []string{"1  scope 0: 1.0.0", "0 b scope 0: 0.0.0", "0 c scope 0: 0.0.1"}, lines(ld))
	n.regroup(ld)
	assert.Equal(t, 3, ld.LogRecordCount())
}

// TestServiceBound: a batch with ever new services is split by some of them only, and loses nothing.
func TestServiceBound(t *testing.T) {
	var n serviceNotes
	ld := batch([]int{1000})
	for i := range 1000 {
		n.add(0, 0, i, fmt.Sprint("s", i))
	}
	n.regroup(ld)
	assert.Equal(t, 1000, ld.LogRecordCount())
	assert.Equal(t, maxServices+1, ld.ResourceLogs().Len())
	assert.Equal(t, 1000-maxServices, recordsOf(ld.ResourceLogs().At(0)))
}

// TestServiceRandom: whatever the notes, every record is there once, under its service, in its order.
func TestServiceRandom(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	var n serviceNotes
	for range 300 {
		var shape [][]int
		for range rnd.IntN(4) {
			scopes := make([]int, rnd.IntN(4))
			for i := range scopes {
				scopes[i] = rnd.IntN(5)
			}
			shape = append(shape, scopes)
		}
		ld := batch(shape...)
		want := map[string]string{} // record to service
		services := 1 + rnd.IntN(3)
		for r, scopes := range shape {
			for s, records := range scopes {
				for i := range records {
					service := ""
					if rnd.IntN(4) > 0 {
						service = string(rune('a' + rnd.IntN(services)))
						n.add(r, s, i, service)
					}
					want[fmt.Sprintf("%d.%d.%d", r, s, i)] = service
				}
			}
		}
		n.regroup(ld)
		seen := 0
		for _, rl := range ld.ResourceLogs().All() {
			service := serviceOf(rl)
			last := ""
			for _, sl := range rl.ScopeLogs().All() {
				for _, lr := range sl.LogRecords().All() {
					seen++
					require.Equal(t, want[lr.Body().Str()], service, lr.Body().Str())
					require.Less(t, last, lr.Body().Str(), "order")
					last = lr.Body().Str()
				}
			}
		}
		require.Len(t, want, seen)
	}
}

func BenchmarkServiceNotes(b *testing.B) {
	var n serviceNotes
	b.ReportAllocs()
	for b.Loop() {
		for i := range 1000 {
			n.add(0, 0, i, "sshd")
		}
		n.notes, n.names = n.notes[:0], n.names[:0]
		clear(n.index)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/record")
}
