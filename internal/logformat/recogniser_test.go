// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logformat

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/internal/grok"
)

func newRecogniser(t testing.TB, sources int) *Recogniser {
	t.Helper()
	r, err := NewRecogniser(grok.LibraryECS, Options{MaxSources: sources})
	require.NoError(t, err)
	return r
}

func (r *Recogniser) name(format int) string {
	if format < 0 {
		return "none"
	}
	if format >= len(r.formats) {
		return "nothing"
	}
	return r.formats[format].Name
}

func pairs(captures []grok.Capture) []string {
	var out []string
	for _, c := range captures {
		out = append(out, c.Field.Key()+"="+c.Text)
	}
	return out
}

func TestSamples(t *testing.T) {
	r := newRecogniser(t, 0)
	seen := map[string]bool{}
	for _, s := range allSamples {
		seen[s.format] = true
		t.Run(s.format, func(t *testing.T) {
			f, captures, err := r.Match(0, s.text, nil)
			require.NoError(t, err)
			require.Equal(t, s.format, r.name(f), "%s\n%v", s.text, pairs(captures))
			got := pairs(captures)
			for _, w := range s.want {
				assert.Contains(t, got, w, s.text)
			}
			f, _, _ = r.Match(0, s.text+" \r\n", nil)
			assert.Equal(t, s.format, r.name(f), "with a line end")
		})
	}
	for _, f := range Formats() {
		assert.True(t, seen[f.Name], "no sample of %s", f.Name)
	}
}

func TestNothing(t *testing.T) {
	r := newRecogniser(t, 0)
	for _, text := range nothing {
		f, captures, err := r.Match(0, text, nil)
		require.NoError(t, err)
		assert.Equal(t, "none", r.name(f), "%q %v", text, pairs(captures))
		assert.Empty(t, captures)
	}
}

// TestMemoryChangesNothing matches every text after its source had every format.
func TestMemoryChangesNothing(t *testing.T) {
	r, cold := newRecogniser(t, 16), newRecogniser(t, 0)
	texts := slices.Clone(nothing)
	for _, s := range allSamples {
		texts = append(texts, s.text)
	}
	for _, text := range texts {
		want, wantCaptures, _ := cold.Match(0, text, nil)
		for f := range r.formats {
			r.memory.learn(7, uint8(f))
			got, captures, err := r.Match(7, text, nil)
			require.NoError(t, err)
			if assert.Equal(t, cold.name(want), r.name(got), "%q after %s", text, r.formats[f].Name) {
				assert.Equal(t, pairs(wantCaptures), pairs(captures))
			}
		}
	}
}

// TestShapes compares with trying every pattern: what a format's shape leaves out, its pattern must not match.
func TestShapes(t *testing.T) {
	r := newRecogniser(t, 0)
	for _, s := range allSamples {
		text := strings.TrimRight(s.text, " \t\r\n")
		for f, p := range r.patterns {
			if p == nil {
				continue
			}
			if _, ok, _ := p.Match(text, nil); !ok {
				continue
			}
			m := matching{r: r, text: text}
			assert.True(t, m.try(uint8(f)), "the shape of %s leaves out %s", r.formats[f].Name, text)
			assert.Contains(t, r.first[text[0]], uint8(f), "the first byte of %s leaves out %s", r.formats[f].Name, text)
		}
	}
}

func TestFormats(t *testing.T) {
	names := map[string]bool{}
	for _, f := range Formats() {
		assert.Regexp(t, `^[a-z][a-z0-9_]*$`, f.Name)
		assert.False(t, names[f.Name], f.Name)
		names[f.Name] = true
		assert.NotEmpty(t, f.Title, f.Name)
		assert.NotEmpty(t, f.shape, f.Name)
		assert.Equal(t, f.Kind == Grok, f.Expression != "", f.Name)
		assert.True(t, f.Kind != Grok || strings.HasPrefix(f.Expression, `\A`), f.Name)
		for _, other := range f.after {
			assert.True(t, names[other], "%s comes after %s", f.Name, other)
		}
	}
	require.Less(t, len(formats), noFormat)
	for _, lib := range grok.Libraries() {
		_, err := NewRecogniser(lib, Options{})
		require.NoError(t, err, lib)
	}
}

func ExampleRecogniser() {
	r, err := NewRecogniser(grok.LibraryECS, Options{MaxSources: 1000})
	if err != nil {
		panic(err)
	}
	f, captures, _ := r.Match(1, "I0115 12:00:00.123456       7 controller.go:116] synced", nil)
	fmt.Println(r.Formats()[f].Name)
	for _, c := range captures {
		fmt.Printf("%s=%s\n", c.Field.Key(), c.Text)
	}
	// Output:
	// klog
	// level=I
	// timestamp=0115 12:00:00.123456
	// process.thread.id=7
	// caller=controller.go:116
	// message=synced
}
