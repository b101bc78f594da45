// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/internal/grok"
)

// hostile are patterns and texts that make a naive engine take for ever. The text is made of a piece repeated, and a tail.
var hostile = []struct{ pattern, piece, tail string }{
	{`(a+)+$`, "a", "b"},
	{`^(?<x>(a+)+)$`, "a", "b"},
	{`(a|aa)*b$`, "a", "bc"},
	{`(a|a?)+$`, "a", "b"},
	{`(?<x>.*)(?<y>.*)(?<z>.*)x$`, "a", "xa"},
	{`(?<x>.*?,){11}P$`, "1,", "Pa"},
	{`((a{1,20}){1,20}){1,20}$`, "a", "b"},
	{`(?<a>a)|(?<b>b)|(?<c>c)|(?<d>d)|(?<e>e)|(?<f>f)+z`, "bcdfa", ""},
	{`(?:(?<a>a)|(?<b>b)|(?<c>c)|(?<d>d)|(?<e>e)|(?<f>f))*z$`, "abcdef", "zy"},
	{`^(?:(?<a>\w+)=(?<b>\w*) ?)*$`, "key=value ", "!"},
	{`\s+$`, " ", "x"},
	{`%{GREEDYDATA} %{GREEDYDATA} %{GREEDYDATA} %{GREEDYDATA}x$`, "a ", "xy"},
	{`^%{DATA:a} %{DATA:b} %{DATA:c} %{DATA:d}x$`, "a ", ""},
	{`%{IP:ip}x`, "1:", " x"},
	{`%{HTTPD_COMBINEDLOG}`, `1.2.3.4 - - [`, `] "" "" ""`},
	{`^%{HTTPD_COMBINEDLOG}`, `1.2.3.4 - - [10/Oct/2026:13:55:36 -0700] "GET /`, `" 200 2 "" "`},
	{`%{URI:u}$`, "http://a.b/", " "},
	{`^%{SYSLOG_5424}$`, `<1>1 - - - - - [a "b`, ""},
	{`%{GREEDYDATA:x}`, "a plain and very long line, ", ""},
	{`^(?<q>["'])(?:(?!\k<q>).)*\k<q>$`, `'a`, ""},
	{`^(?<a>a+)+\k<a>\k<a>b$`, "a", "ba"},
	{`(?<x>(?=(a+))\w+)+!$`, "a", "!a"},
}

// TestHostile measures hostile patterns on texts of one and of ten megabytes: the time must grow with the text, no faster.
func TestHostile(t *testing.T) {
	oneCore(t)
	s := library(t)
	size := 10 << 20
	if *flagTime == 0 {
		size = 200 << 10
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 1, ' ', 0)
	fmt.Fprintf(w, "\nHostile lines of %d and %d kB:\t\n", size>>10/10, size>>10)
	fmt.Fprintln(w, "| pattern\t| text\t| outcome\t| ms\t| MB/s\t| times the small one\t| MB allocated\t|")
	fmt.Fprintln(w, "|"+strings.Repeat(" ---\t|", 7))
	for _, h := range hostile {
		p, err := s.Compile(h.pattern)
		require.NoError(t, err, h.pattern)
		small, _, _ := timed(p, h.piece, h.tail, size/10)
		large, allocated, outcome := timed(p, h.piece, h.tail, size)
		ratio := float64(large) / float64(max(small, time.Microsecond))
		if *flagTime > 0 && large > 20*time.Millisecond {
			assert.Less(t, ratio, 20.0, h.pattern)
		}
		fmt.Fprintf(w, "| `%s`\t| `%s…%s`\t| %s\t| %.1f\t| %.0f\t| %.1f\t| %.1f\t|\n", strings.ReplaceAll(h.pattern, "|", `\|`), h.piece, h.tail, outcome,
			float64(large)/1e6, float64(size)/1e6/large.Seconds(), ratio, allocated)
	}
	w.Flush()
}

// timed matches twice, for the automaton to be there the second time.
func timed(p *grok.Pattern, piece, tail string, size int) (took time.Duration, allocated float64, outcome string) {
	text := strings.Repeat(piece, size/len(piece)) + tail
	for range 2 {
		runtime.GC()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start := cpuTime()
		_, ok, err := p.Match(text, nil)
		took = cpuTime() - start
		runtime.ReadMemStats(&after)
		allocated = max(allocated, float64(after.TotalAlloc-before.TotalAlloc)/1e6)
		switch {
		case errors.Is(err, grok.ErrSteps):
			outcome = "step limit"
		case ok:
			outcome = "match"
		default:
			outcome = "no match"
		}
	}
	return took, allocated, outcome
}
