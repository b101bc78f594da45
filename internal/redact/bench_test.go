// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import (
	"fmt"
	"strings"
	"testing"
)

// BenchmarkDirty reads lines of which every tenth, and every, holds a key and a mail address.
func BenchmarkDirty(b *testing.B) {
	e := engine(b, nil)
	for _, every := range []int{10, 1} {
		b.Run(fmt.Sprintf("%d%%", 100/every), func(b *testing.B) {
			var lines []string
			size := 0
			for i := range 80 {
				l := cleanLines()[i%8]
				if i%every == 0 {
					l += fmt.Sprintf(" api_key=sk"+"_live_aR2y04hFvw0fQHjIk6lmF4%02d for bob%d@example.com", i, i)
				}
				lines = append(lines, l)
				size += len(l)
			}
			sc := e.NewScanner()
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				for _, l := range lines {
					sc.Reset()
					sc.Text(l)
				}
			}
			b.ReportMetric(float64(b.N*len(lines))/b.Elapsed().Seconds(), "records/s")
		})
	}
}

// BenchmarkHostile reads 64 KiB of what leads matchers astray at every turn.
func BenchmarkHostile(b *testing.B) {
	e := engine(b, func(o *Options) { o.Groups[Network] = true })
	for _, piece := range []string{"key:", "key=", "?token=", `"password":`, "a@", "eyJ", "4111 1111 ", "-----BEGIN ", "%41", "a:", "http://a:b@c "} {
		text := strings.Repeat(piece, 64<<10/len(piece))
		b.Run(piece, func(b *testing.B) {
			sc := e.NewScanner()
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				sc.Reset()
				sc.Text(text)
			}
		})
	}
}
