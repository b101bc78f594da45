// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logformat

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// looser are formats whose patterns of Logstash's names take more than lines of the format: there the shape decides too.
var looser = map[string]bool{
	"squid": true, "aws_s3": true, "aws_elb": true, "aws_cloudfront": true, "redis_monitor": true, "nagios": true,
	"haproxy_http": true, "haproxy_tcp": true,
}

// FuzzMatch checks on any text: what a shape leaves out has not the format; memory changes nothing; captures are parts of
// the text.
func FuzzMatch(f *testing.F) {
	for i, s := range allSamples {
		f.Add(s.text, uint8(i))
	}
	for i, s := range nothing {
		f.Add(s, uint8(i))
	}
	r, cold := newRecogniser(f, 4), newRecogniser(f, 0)
	f.Fuzz(func(t *testing.T, text string, before uint8) {
		want, wantCaptures, err := cold.Match(0, text, nil)
		require.NoError(t, err)
		if before != noFormat {
			before %= uint8(len(r.formats))
		}
		r.memory.learn(1, before)
		got, captures, err := r.Match(1, text, nil)
		require.NoError(t, err)
		require.Equal(t, cold.name(want), r.name(got), "after %s", r.name(int(before)))
		require.Equal(t, pairs(wantCaptures), pairs(captures))
		for _, c := range captures {
			require.Contains(t, text, c.Text)
		}
		trimmed := strings.TrimRight(text, " \t\r\n")
		if trimmed == "" {
			return
		}
		for i, p := range r.patterns {
			if p == nil || looser[r.formats[i].Name] {
				continue
			}
			if _, ok, err := p.Match(trimmed, nil); ok && err == nil {
				m := matching{r: r, text: trimmed}
				require.True(t, m.try(uint8(i)), "the shape of %s leaves the text out", r.formats[i].Name)
				require.Contains(t, r.first[trimmed[0]], uint8(i), r.formats[i].Name)
			}
		}
	})
}
