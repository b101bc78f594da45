// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logformat

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/internal/grok"
)

// BenchmarkMatch matches one line again and again, of a source that is known and without a memory.
func BenchmarkMatch(b *testing.B) {
	warm, cold := newRecogniser(b, 1000), newRecogniser(b, 0)
	lines := []sample{{"none", "Unable to reach the other side, giving up after 3 tries and 12 seconds", nil}}
	done := map[string]bool{}
	for _, s := range allSamples {
		switch s.format {
		case "json", "logfmt", "combined", "syslog", "syslog_5424", "log4j", "python_logging", "klog", "nginx_error", "leveled", "hdfs", "logcat":
			if !done[s.format] {
				done[s.format] = true
				lines = append(lines, s)
			}
		}
	}
	for _, s := range lines {
		for name, r := range map[string]*Recogniser{"known": warm, "cold": cold} {
			b.Run(s.format+"/"+name, func(b *testing.B) {
				dst := make([]grok.Capture, 0, 32)
				f, _, _ := r.Match(1, s.text, dst)
				require.Equal(b, s.format, r.name(f))
				b.SetBytes(int64(len(s.text)))
				b.ReportAllocs()
				for b.Loop() {
					_, _, _ = r.Match(1, s.text, dst)
				}
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "lines/s")
			})
		}
	}
}

// BenchmarkMixed matches all samples in turn, each for a source of its own and all for one.
func BenchmarkMixed(b *testing.B) {
	r := newRecogniser(b, 1000)
	dst := make([]grok.Capture, 0, 64)
	for name, source := range map[string]func(i int) uint64{
		"own source": func(i int) uint64 { return uint64(i) },
		"one source": func(int) uint64 { return 1 },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				_, _, _ = r.Match(source(i%len(allSamples)), allSamples[i%len(allSamples)].text, dst)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "lines/s")
		})
	}
}

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		newRecogniser(b, 10000)
	}
}
