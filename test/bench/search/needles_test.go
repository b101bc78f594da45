// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package search

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/logboom/logboom/test/bench/internal/rig"
)

// needles are what is looked for, chosen from the data.
type needles struct {
	word          string // occurs nowhere
	id            string // likewise, in the shape of a request id
	request       string // a request id of requestRecords records
	wrongOrder    string // two frequent words in an order that does not occur
	phrase        string // some words that occur in about phraseRecords records
	middle        string // six characters out of the middle of the request id
	anyCase       string // a word that occurs with and without capitals, in lower case
	before, after string // words with a number between them
	frequent      string // a frequent word
	start, end    int64  // times of the records: start <= Timestamp < end
	records       int
}

// pattern is the regular expression with a literal.
func (n *needles) pattern() string { return n.before + " [0-9]+ " + n.after }

const (
	requestRecords = 11
	phraseRecords  = 355
	// maxTexts bounds the distinct texts counted of a kind; what comes later is not counted.
	maxTexts = 1 << 20
	// sampledPrefix is how the request ids begin that one is chosen from.
	sampledPrefix = "1"
)

// texts counts in how many records words, pairs of words, and words around a number occur.
type texts struct {
	words, pairs, around map[string]int
	requests             map[string]int
	records              int
	start, end           int64
	seen                 map[string]bool
}

func newTexts() *texts {
	return &texts{
		words: map[string]int{}, pairs: map[string]int{}, around: map[string]int{}, requests: map[string]int{},
		start: math.MaxInt64, end: math.MinInt64, seen: map[string]bool{},
	}
}

func (x *texts) add(lr plog.LogRecord) {
	x.records++
	ts := int64(lr.Timestamp()) //nolint:gosec // a time
	x.start, x.end = min(x.start, ts), max(x.end, ts+1)
	body := lr.Body().Str()
	clear(x.seen)
	if id, ok := lr.Attributes().Get("request_id"); ok && strings.Contains(body, id.Str()) {
		if strings.HasPrefix(id.Str(), sampledPrefix) { // of these, all are known
			x.once(x.requests, id.Str())
		}
	}
	var last, lastNumber string
	for _, part := range strings.Split(body, " ") {
		switch {
		case isWord(part):
			x.once(x.words, part)
			if last != "" {
				x.once(x.pairs, last+" "+part)
			}
			if lastNumber != "" {
				x.once(x.around, lastNumber+" # "+part)
			}
			last, lastNumber = part, ""
		case isNumber(part):
			last, lastNumber = "", last
		default:
			last, lastNumber = "", ""
		}
	}
}

func (x *texts) once(counts map[string]int, text string) {
	if x.seen[text] {
		return
	}
	x.seen[text] = true
	if _, have := counts[text]; !have {
		if len(counts) >= maxTexts {
			return
		}
		text = strings.Clone(text)
	}
	counts[text]++
}

func isWord(s string) bool {
	return len(s) >= 3 && strings.IndexFunc(s, func(r rune) bool { return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') }) < 0
}

func isNumber(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' }) < 0
}

func (x *texts) merge(o *texts) {
	for to, from := range map[*map[string]int]map[string]int{&x.words: o.words, &x.pairs: o.pairs, &x.around: o.around, &x.requests: o.requests} {
		for k, v := range from {
			(*to)[k] += v
		}
	}
	x.records += o.records
	x.start, x.end = min(x.start, o.start), max(x.end, o.end)
}

// choose reads the stream and chooses. The same stream gives the same needles.
func choose(s *rig.Stream) (*needles, error) {
	workers := make([]*texts, runtime.GOMAXPROCS(0))
	for i := range workers {
		workers[i] = newTexts()
	}
	err := s.Decoded(func(w int, ld plog.Logs) {
		eachRecord(ld, func(_ string, lr plog.LogRecord) { workers[w].add(lr) })
	})
	if err != nil {
		return nil, err
	}
	x := workers[0]
	for _, o := range workers[1:] {
		x.merge(o)
	}
	const second = 1_000_000_000
	n := &needles{records: x.records, start: x.start / second * second, end: (x.end + second) / second * second}
	rnd := rand.New(rand.NewPCG(rig.Seed, 1)) //nolint:gosec // reproducible
	n.word = "qzvkx" + string(rune('a'+rnd.IntN(26))) + "jwpf"
	n.id = fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", rnd.Uint32(), rnd.Uint32()&0xffff, rnd.Uint32()&0xfff, rnd.Uint32()&0xfff, rnd.Uint64()&(1<<48-1))
	n.request = nearest(x.requests, requestRecords, nil)
	if len(n.request) == 36 {
		n.middle = n.request[26:32]
	}
	n.phrase = nearest(x.pairs, phraseRecords, nil)
	n.wrongOrder = wrongOrder(x)
	n.frequent = nearest(x.words, x.records/5, func(word string) bool { return len(word) >= 5 })
	n.anyCase = anyCase(x)
	n.before, n.after, _ = strings.Cut(nearest(x.around, x.records/500, nil), " # ")
	if n.request == "" || n.middle == "" || n.phrase == "" || n.wrongOrder == "" || n.frequent == "" || n.anyCase == "" || n.before == "" {
		return nil, fmt.Errorf("the data has no needle of some kind: %+v", *n)
	}
	return n, nil
}

// nearest is the text whose count is nearest to want; of several the first in order.
func nearest(counts map[string]int, want int, keep func(string) bool) string {
	best, at := "", math.MaxInt
	for _, text := range slices.Sorted(maps.Keys(counts)) {
		if d := max(counts[text]-want, want-counts[text]); d < at && (keep == nil || keep(text)) {
			best, at = text, d
		}
	}
	return best
}

// wrongOrder is the most frequent pair of words turned around, so that neither it nor a part of longer words occurs.
func wrongOrder(x *texts) string {
	pairs := slices.SortedFunc(maps.Keys(x.pairs), func(a, b string) int {
		return cmp.Or(cmp.Compare(x.pairs[b], x.pairs[a]), cmp.Compare(a, b))
	})
	for _, pair := range pairs {
		a, b, _ := strings.Cut(pair, " ")
		turned := b + " " + a
		occurs := a == b
		for other := range x.pairs {
			occurs = occurs || strings.Contains(other, turned)
		}
		if !occurs {
			return turned
		}
	}
	return ""
}

// anyCase is a word that occurs in several forms, with as near as can be a two-hundredth of the records.
func anyCase(x *texts) string {
	forms, sums := map[string]int{}, map[string]int{}
	for _, word := range slices.Sorted(maps.Keys(x.words)) {
		if x.words[word] < max(2, x.records/100_000) {
			continue
		}
		lower := strings.ToLower(word)
		forms[lower]++
		sums[lower] += x.words[word]
	}
	return nearest(sums, x.records/200, func(word string) bool { return forms[word] > 1 })
}

func eachRecord(ld plog.Logs, f func(service string, lr plog.LogRecord)) {
	for _, rl := range ld.ResourceLogs().All() {
		service, _ := rl.Resource().Attributes().Get("service.name")
		for _, sl := range rl.ScopeLogs().All() {
			for _, lr := range sl.LogRecords().All() {
				f(service.AsString(), lr)
			}
		}
	}
}

var errNotText = errors.New("a body is not text")
