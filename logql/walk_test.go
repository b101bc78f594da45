// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logql

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
)

func walkEntries() []Entry {
	var list []Entry
	for i := range 200 {
		list = append(list, Entry{
			Timestamp: int64(i), Line: fmt.Sprintf(`{"n":%d,"kind":"k%d"}`, i, i%3),
			Stream: Labels{{"service_name", "s"}}, Metadata: Labels{{"detected_level", []string{"info", "error"}[i%2]}},
		})
	}
	return list
}

// TestWalk compares what a walk passes on with what a log query answers, over a source with an order and one without.
func TestWalk(t *testing.T) {
	for _, query := range []string{
		`{service_name="s"}`, `{service_name="s"} | json | kind="k1" | detected_level="error"`, `{service_name="s"} |= "k2" | line_format "{{.detected_level}}"`,
	} {
		e, err := ParseLog(query)
		if err != nil {
			t.Fatal(err)
		}
		p := Params{Start: 10, End: 150}
		var want []string
		if _, err := Each(t.Context(), NewMemory(walkEntries()), e, p, func(ts int64, ls Labels, line string) error {
			want = append(want, fmt.Sprint(ts, ls, line))
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		slices.Sort(want)
		for _, src := range []Source{NewMemory(walkEntries()), &shuffled{Memory: NewMemory(walkEntries())}} {
			var mu sync.Mutex
			var got []string
			stats, err := Walk(t.Context(), src, e, p, func() func(*Line) error {
				return func(l *Line) error {
					all := slices.Concat(l.Stream(), l.Metadata(), l.Parsed())
					all.Sort()
					mu.Lock()
					defer mu.Unlock()
					got = append(got, fmt.Sprint(l.Entry.Timestamp, all, l.Text))
					return nil
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			if slices.Sort(got); !slices.Equal(got, want) || stats.Returned != int64(len(want)) || len(want) == 0 {
				t.Errorf("%s: %d lines, %d returned, want %d", query, len(got), stats.Returned, len(want))
			}
		}
	}
}

// TestWalkEnds stops a walk early, with an error and without one.
func TestWalkEnds(t *testing.T) {
	e, err := ParseLog(`{service_name="s"}`)
	if err != nil {
		t.Fatal(err)
	}
	own := errors.New("enough")
	for _, c := range []struct{ given, want error }{{ErrStop, nil}, {own, own}} {
		_, err := Walk(t.Context(), NewMemory(walkEntries()), e, Params{End: 1000}, func() func(*Line) error {
			return func(*Line) error { return c.given }
		})
		if !errors.Is(err, c.want) || c.want == nil && err != nil {
			t.Errorf("%v: got %v", c.given, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Walk(ctx, NewMemory(walkEntries()), e, Params{End: 1000}, func() func(*Line) error { return func(*Line) error { return nil } }); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: got %v", err)
	}
}

// TestNewTest says of entries whether they pass.
func TestNewTest(t *testing.T) {
	e, err := ParseLog(`{service_name="s"} | json | kind="k1"`)
	if err != nil {
		t.Fatal(err)
	}
	test, n := e.NewTest(), 0
	for _, entry := range walkEntries() {
		if test(&entry) {
			n++
		}
	}
	if n != 67 {
		t.Errorf("%d entries pass, want 67", n)
	}
}
