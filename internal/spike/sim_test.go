// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package spike

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// A simulation runs an engine as the processor does, in the time of a bubble: batches of all services every half tick, a tick when it is
// due, and a tally of every record by service, second and kind of line.

// line is what a service writes.
type line struct {
	text     string
	bytes    int // 0: those of the text
	severity uint8
	kind     string // which statement of the program wrote it
}

// service writes so many lines a second.
type service struct {
	name string
	rate func(at time.Duration) float64
	line func(at time.Duration, rnd *rand.Rand) line
	// names, if set, makes each line one of another key.
	names func(rnd *rand.Rand) string

	due     float64
	seconds []tally
	kinds   map[string]*tally
}

// tally is what became of some lines.
type tally struct {
	offered, passed Total
	weight          float64 // what those that passed stand for
}

func (a *tally) add(it *Item) {
	a.offered.add(it.Bytes)
	if it.Verdict != Over {
		a.passed.add(it.Bytes)
		a.weight += float64(all) / float64(all-it.Threshold)
	}
}

func (a *tally) plus(b *tally) {
	a.offered.Bytes += b.offered.Bytes
	a.offered.Records += b.offered.Records
	a.passed.Bytes += b.passed.Bytes
	a.passed.Records += b.passed.Records
	a.weight += b.weight
}

// between is what became of the lines of some time.
func (s *service) between(from, to time.Duration) (sum tally) {
	for i := int(from / time.Second); i < int(to/time.Second) && i < len(s.seconds); i++ {
		sum.plus(&s.seconds[i])
	}
	return sum
}

// told is a notice and when it came.
type told struct {
	Notice
	at time.Duration
}

// simulation is a run and what it showed.
type simulation struct {
	cfg      Config
	length   time.Duration
	services []*service
	snapshot []byte // restored before
	step     time.Duration

	engine    *Engine
	notices   []told
	summaries []Summary
	cut       map[string]time.Duration // when something of a service was over for the first time
	after     []byte                   // snapshot at the end
	now       time.Duration
}

func (s *simulation) run(t *testing.T) *simulation {
	t.Helper()
	if s.step == 0 {
		s.step = Tick / 2
	}
	s.cut = map[string]time.Duration{}
	for _, svc := range s.services {
		svc.seconds, svc.kinds, svc.due = make([]tally, int(s.length/time.Second)+1), map[string]*tally{}, 0
	}
	synctest.Test(t, s.play)
	return s
}

func (s *simulation) play(t *testing.T) {
	e, err := New(s.cfg)
	require.NoError(t, err)
	s.engine = e
	if s.snapshot != nil {
		require.NoError(t, e.Restore(s.snapshot))
	}
	rnd := rand.New(rand.NewPCG(7, 9))
	var names []string
	var items []Item
	var kinds []string
	var from []*service
	began, next := time.Now(), time.Now().Add(Tick)
	for time.Since(began) < s.length {
		s.now = time.Since(began)
		names, items, kinds, from = names[:0], items[:0], kinds[:0], from[:0]
		for _, svc := range s.services {
			svc.due += svc.rate(s.now) * s.step.Seconds()
			if svc.names == nil && svc.due >= 1 {
				names = append(names, svc.name)
			}
			for ; svc.due >= 1; svc.due-- {
				if svc.names != nil {
					names = append(names, svc.names(rnd))
				}
				l := svc.line(s.now, rnd)
				if l.bytes == 0 {
					l.bytes = len(l.text)
				}
				items = append(items, Item{Source: len(names) - 1, Bytes: l.bytes, Text: l.text, Severity: l.severity, Time: time.Now().UnixNano()})
				kinds, from = append(kinds, l.kind), append(from, svc)
			}
		}
		rnd.Shuffle(len(items), func(i, j int) {
			items[i], items[j] = items[j], items[i]
			kinds[i], kinds[j] = kinds[j], kinds[i]
			from[i], from[j] = from[j], from[i]
		})
		e.Offer(names, items)
		e.Settle(names, items, true)
		for i := range items {
			it, svc := &items[i], from[i]
			if it.Randomness < it.Threshold || it.Threshold > maxThreshold {
				t.Fatalf("randomness %x below threshold %x", it.Randomness, it.Threshold)
			}
			svc.seconds[int(s.now/time.Second)].add(it)
			if svc.kinds[kinds[i]] == nil {
				svc.kinds[kinds[i]] = &tally{}
			}
			svc.kinds[kinds[i]].add(it)
			if _, known := s.cut[svc.name]; !known && it.Verdict == Over {
				s.cut[svc.name] = s.now
			}
		}
		time.Sleep(s.step)
		for !time.Now().Before(next) {
			notices, summaries := e.Tick()
			for _, n := range notices {
				s.notices = append(s.notices, told{n, time.Since(began)})
			}
			s.summaries = append(s.summaries, summaries...)
			next = next.Add(Tick)
		}
	}
	s.summaries = append(s.summaries, e.Flush()...)
	s.after = e.AppendSnapshot(nil)
}

// leftOutUnderRace skips a long simulation of one goroutine where the race detector makes it twenty times as long.
func leftOutUnderRace(t *testing.T) {
	t.Helper()
	if raceEnabled {
		t.Skip("left out under the race detector")
	}
}

// find returns the notices about a key.
func (s *simulation) find(name string) (out []told) {
	for _, n := range s.notices {
		if n.Key == name {
			out = append(out, n)
		}
	}
	return out
}

// byDefault is what spike_guard does without settings.
func byDefault() Config {
	return Config{
		Key: Limit{Learned: &Learned{
			Headroom: headroom, Floor: Rate{Bytes: 100_000, Records: 200}, Rise: 10 * time.Minute, Fall: 6 * time.Hour, Learn: 10 * time.Minute,
		}},
		Burst: 2 * time.Second, Calm: 10 * time.Second, NewShare: 0.1, MaxKeys: 10_000, MaxTemplateBytes: 64 << 20,
	}
}

func constant(rate float64) func(time.Duration) float64 {
	return func(time.Duration) float64 { return rate }
}

// times multiplies a rate within some time.
func times(rate, factor float64, from, to time.Duration) func(time.Duration) float64 {
	return func(at time.Duration) float64 {
		if at >= from && at < to {
			return rate * factor
		}
		return rate
	}
}

var usual = []string{
	"request %d to /cart/items answered with status 200 in %d ms", "cache miss for product %d, asked replica %d",
	"session %d renewed for another %d seconds", "stock of article %d looked up in warehouse %d", "connection %d to the database took %d ms",
	"job %d finished after %d steps", "price list %d loaded with %d entries", "message %d published to partition %d",
}

// talk is what a healthy service writes: some statements, mostly INFO, of 70 to 250 bytes.
func talk(_ time.Duration, rnd *rand.Rand) line {
	k := min(rnd.IntN(len(usual)), rnd.IntN(len(usual)))
	text := fmt.Sprintf(usual[k], rnd.IntN(1e6), rnd.IntN(900))
	severity := uint8(9)
	if k == 4 {
		severity = 5
	}
	return line{text: text + " trace=" + digits[:16+rnd.IntN(len(digits)-16)], severity: severity, kind: usual[k]}
}

var digits = strings.Repeat("4bf92f3577b34da6", 12)

// shop is some services that go on as ever: quiet ones, one that is usually loud, and small ones.
func shop() []*service {
	list := []*service{
		{name: "gateway", rate: constant(400), line: talk},
		{name: "catalog", rate: constant(120), line: talk},
		{name: "payment", rate: constant(40), line: talk},
		{name: "auth", rate: constant(15), line: talk},
	}
	for i := range 8 {
		list = append(list, &service{name: fmt.Sprintf("worker-%d", i), rate: constant(0.5 + float64(i)), line: talk})
	}
	return list
}

const (
	headroom = 5.0
	normal   = 50.0 // records a second of checkout
	begins   = 20 * time.Second
	lasts    = 60 * time.Second
	ends     = begins + lasts
	theEnd   = ends + 30*time.Second
	warmed   = 11 * time.Minute
	already  = 2 * time.Second // within which a spike is detected
)

var warm struct {
	sync.Mutex
	snapshot []byte
}

// knowing returns what an engine has learned of the shop and of checkout.
func knowing(t *testing.T) []byte {
	t.Helper()
	warm.Lock()
	defer warm.Unlock()
	if warm.snapshot == nil {
		s := &simulation{cfg: byDefault(), length: warmed, services: append(shop(), &service{name: "checkout", rate: constant(normal), line: talk})}
		s.run(t)
		require.Empty(t, s.notices)
		warm.snapshot = s.after
	}
	return warm.snapshot
}
