// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// only returns an engine with one detector.
func only(t testing.TB, name string) *Engine {
	t.Helper()
	o := DefaultOptions()
	o.Groups = nil
	on := true
	o.Detectors = map[string]DetectorOptions{name: {Enabled: &on}}
	e, err := New(o)
	require.NoError(t, err)
	return e
}

func TestDetectorExamples(t *testing.T) {
	for _, d := range Detectors() {
		t.Run(d.Name, func(t *testing.T) {
			require.NotEmpty(t, d.Doc)
			require.NotEmpty(t, d.Match, "a detector has at least one example")
			sc := only(t, d.Name).NewScanner()
			for _, example := range d.Match {
				var want []Finding
				text := ""
				for rest := example; ; {
					a, b, ok := strings.Cut(rest, "«")
					text += a
					if !ok {
						break
					}
					secret, tail, _ := strings.Cut(b, "»")
					want = append(want, Finding{d.Name, len(text), len(text) + len(secret)})
					text += secret
					rest = tail
				}
				sc.Reset()
				assert.Equal(t, want, sc.Find(text), "in %q", text)
				out, _ := sc.Text(text)
				again, changed := sc.Text(out)
				assert.Zero(t, changed, "a second pass changes %q to %q", out, again)
			}
			for _, text := range d.Miss {
				assert.Empty(t, sc.Find(text), "in %q", text)
			}
		})
	}
}

func TestNamesAreUniqueAndWellFormed(t *testing.T) {
	seen := map[string]bool{KeyDetector: true, UnscannedDetector: true}
	for _, n := range Names() {
		assert.Regexp(t, `^[a-z][a-z0-9_]*$`, n)
		assert.False(t, seen[n], n)
		seen[n] = true
	}
}

func TestAutomatonSize(t *testing.T) {
	o := DefaultOptions()
	o.Groups[Network] = true
	e, err := New(o)
	require.NoError(t, err)
	states := len(e.auto.next) / int(e.auto.width)
	t.Logf("%d states, %d byte classes, %d KiB", states, e.auto.width, len(e.auto.next)*4/1024)
	assert.Less(t, states, 12000)
}
