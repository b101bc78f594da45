// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package templates

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
)

// service invents the lines of a service: text, logfmt and JSON, with numbers, addresses, IDs and names that vary.
func service(n int) []string {
	r := rand.New(rand.NewPCG(1, 2))
	names := strings.Fields("alice bob carol dave erin frank grace heidi ivan judy mallory niaj olivia peggy rupert sybil trent victor walter")
	name := func() string { return names[r.IntN(len(names))] }
	ip := func() string { return fmt.Sprintf("10.%d.%d.%d", r.IntN(256), r.IntN(256), r.IntN(256)) }
	kinds := []func() string{
		func() string {
			return fmt.Sprintf("GET /api/v1/orders/%d from %s took %d ms", r.IntN(1e6), ip(), r.IntN(900))
		},
		func() string { return fmt.Sprintf("user %s logged in from %s:%d", name(), ip(), r.IntN(65536)) },
		func() string {
			return fmt.Sprintf("2026-03-14T10:%02d:%02d.%03dZ INFO  [worker-%d] c.e.billing.InvoiceJob - Processed invoice %x for customer %s in %dms", r.IntN(60), r.IntN(60), r.IntN(1000), r.IntN(16), r.Uint64(), name(), r.IntN(500))
		},
		func() string {
			return fmt.Sprintf(`{"ts":"2026-03-14T10:00:%02dZ","level":"info","msg":"order %d accepted","customer":"%s","amount":%d.%02d,"trace_id":"%016x%016x"}`, r.IntN(60), r.IntN(1e6), name(), r.IntN(1000), r.IntN(100), r.Uint64(), r.Uint64())
		},
		func() string {
			return fmt.Sprintf(`level=info ts=2026-03-14T10:00:%02dZ caller=compact.go:%d msg="block %x uploaded" duration=%dms size=%d`, r.IntN(60), r.IntN(900), r.Uint64(), r.IntN(1000), r.IntN(1<<30))
		},
		func() string {
			return fmt.Sprintf(`%s - - [14/Mar/2026:10:00:%02d +0000] "GET /shop/item/%d?ref=%s HTTP/1.1" 200 %d "-" "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/128.0"`, ip(), r.IntN(60), r.IntN(1e5), name(), r.IntN(1e5))
		},
		func() string {
			return fmt.Sprintf("cache miss for key session:%x, loading from store %d", r.Uint64(), r.IntN(8))
		},
		func() string {
			return fmt.Sprintf("connection pool exhausted (active=%d, idle=0, waiting=%d)", r.IntN(100), r.IntN(40))
		},
	}
	lines := make([]string, n)
	for i := range lines {
		lines[i] = kinds[r.IntN(len(kinds))]()
	}
	return lines
}

func bench(b *testing.B, lines []string) {
	bytes := 0
	for _, l := range lines {
		bytes += len(l)
	}
	m := New(Config{})
	for _, l := range lines {
		m.Add(l)
	}
	b.SetBytes(int64(bytes / len(lines)))
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		m.Add(lines[i])
		if i++; i == len(lines) {
			i = 0
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "lines/s")
	b.ReportMetric(float64(m.Len()), "templates")
	b.ReportMetric(float64(m.Bytes()), "held-bytes")
}

func BenchmarkAdd(b *testing.B) {
	b.Run("service", func(b *testing.B) { bench(b, service(20000)) })
	if os.Getenv("LOGBOOM_CORPORA") == "" {
		return
	}
	for _, system := range systems {
		b.Run(system, func(b *testing.B) {
			lines, _ := labelled(b, system)
			bench(b, lines)
		})
	}
}

// BenchmarkHostile adds lines that are never seen twice.
func BenchmarkHostile(b *testing.B) {
	for name, line := range streams {
		b.Run(name, func(b *testing.B) {
			lines := make([]string, 0, 20000)
			for i, size := 0, 0; i < cap(lines) && size < 64<<20; i++ {
				lines = append(lines, line(i))
				size += len(lines[i])
			}
			bench(b, lines)
		})
	}
}

// BenchmarkFirstPass adds every line once to a new Miner: all templates are found and become general on the way.
func BenchmarkFirstPass(b *testing.B) {
	pass := func(b *testing.B, lines []string) {
		for b.Loop() {
			m := New(Config{})
			for _, l := range lines {
				m.Add(l)
			}
		}
		b.ReportMetric(float64(b.N)*float64(len(lines))/b.Elapsed().Seconds(), "lines/s")
	}
	b.Run("service", func(b *testing.B) { pass(b, service(20000)) })
	if os.Getenv("LOGBOOM_CORPORA") == "" {
		return
	}
	for _, system := range systems {
		b.Run(system, func(b *testing.B) {
			lines, _ := labelled(b, system)
			pass(b, lines)
		})
	}
}
