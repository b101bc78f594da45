// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package spike

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// checkoutBudget is what checkout may send a second: the headroom over what it usually does, or the floor.
var checkoutBudget = Rate{Bytes: byDefault().Key.Learned.Floor.Bytes, Records: headroom * normal}

// others is the shop without one.
func others(name string) []*service {
	return slices.DeleteFunc(shop(), func(s *service) bool { return s.name == name })
}

// spikeOf runs the shop and the services of a spike, with what was learned of them.
func spikeOf(t *testing.T, cfg Config, services ...*service) *simulation {
	t.Helper()
	return (&simulation{cfg: cfg, length: theEnd, services: append(shop(), services...), snapshot: knowing(t)}).run(t)
}

// quiet asserts that all others got through, and that nobody was told of them.
func (s *simulation) quiet(t *testing.T, loud ...string) {
	t.Helper()
	is := map[string]bool{}
	for _, name := range loud {
		is[name] = true
	}
	for _, svc := range s.services {
		if is[svc.name] {
			continue
		}
		all := svc.between(0, s.length)
		assert.Equal(t, all.offered, all.passed, "%s: what passes of what it has offered", svc.name)
		assert.Empty(t, s.find(svc.name), "%s: notices", svc.name)
	}
}

// bars are what is asked of a service's spike; 0 asks nothing.
type bars struct {
	budget Rate    // what it may send a second
	count  float64 // how far what the weights say may be off, a share
	slack  float64 // how far the volume may be from the budget, a share; 0.2 if not given
}

// held asserts that a spike was detected in time, told of, bounded and counted.
func (s *simulation) held(t *testing.T, svc *service, b bars) {
	t.Helper()
	in := svc.between(begins, ends)
	seconds := lasts.Seconds()
	rate := Rate{float64(in.passed.Bytes) / seconds, float64(in.passed.Records) / seconds}
	whole := svc.between(0, s.length)
	notices := s.find(svc.name)
	off := whole.weight/float64(whole.offered.Records) - 1
	t.Logf("%s: offered %d records, %.1f MB in the spike; first cut after %s; %.0f records and %.0f bytes passed a second, %.2f of the budget; counts off by %.2f %%; %d notices",
		svc.name, in.offered.Records, float64(in.offered.Bytes)/1e6, s.cut[svc.name]-begins, rate.Records, rate.Bytes, b.budget.cost(rate.Bytes, rate.Records), 100*off, len(notices))
	cut, was := s.cut[svc.name]
	require.True(t, was, "%s: nothing was cut", svc.name)
	assert.GreaterOrEqual(t, cut, begins, "%s: cut before the spike", svc.name)
	assert.LessOrEqual(t, cut-begins, already, "%s: first cut", svc.name)
	if b.budget != (Rate{}) {
		if b.slack == 0 {
			b.slack = 0.2
		}
		assert.InDelta(t, 1, b.budget.cost(rate.Bytes, rate.Records), b.slack, "%s: volume as a part of the budget", svc.name)
	}
	if b.count > 0 {
		assert.InDelta(t, 0, off, b.count, "%s: what the weights say", svc.name)
	}
	if assert.Len(t, notices, 2, "%s: notices", svc.name) {
		assert.False(t, notices[0].Ended)
		assert.True(t, notices[1].Ended)
		assert.LessOrEqual(t, notices[0].at-begins, already, "%s: notice of the beginning", svc.name)
		assert.LessOrEqual(t, notices[1].at-ends, s.cfg.Calm+5*time.Second, "%s: notice of the end", svc.name)
	}
	after := svc.between(ends+s.cfg.Calm+5*time.Second, s.length)
	assert.Equal(t, after.offered, after.passed, "%s: after the spike", svc.name)
}

// represented asserts that something of every kind of line passed.
func represented(t *testing.T, svc *service) {
	t.Helper()
	for kind, a := range svc.kinds {
		assert.Positive(t, a.passed.Records, "%s: lines like %q that passed, of %d", svc.name, kind, a.offered.Records)
	}
}

// statements are forty things that a program may have to say.
var statements = func() (list []string) {
	rnd := rand.New(rand.NewPCG(3, 4))
	words := strings.Fields("worker lease replica shard reconciler backlog tenant window upload token router schema ledger bucket socket thread segment voucher")
	ends := strings.Fields("expired moved stalled rejected returned skipped waited drained")
	for i := range 40 {
		var b strings.Builder
		for range 1 + i%5 {
			b.WriteString(words[rnd.IntN(len(words))] + " ")
		}
		list = append(list, fmt.Sprintf("%s%s at step %%d after %%d ms", b.String(), ends[i/5]))
	}
	return list
}()

// runaway writes like a service whose loop logs with unequal frequencies: the rarest statement some ten times in a spike.
func runaway(_ time.Duration, rnd *rand.Rand) line {
	k := int(float64(len(statements)) * rnd.Float64() * rnd.Float64() * rnd.Float64() * rnd.Float64())
	return line{text: fmt.Sprintf(statements[k], rnd.IntN(1e6), rnd.IntN(100)), severity: 9, kind: statements[k]}
}

// mixed is as usual but for a time in which a service writes what other says.
func mixed(other func(time.Duration, *rand.Rand) line) func(time.Duration, *rand.Rand) line {
	return func(at time.Duration, rnd *rand.Rand) line {
		if at >= begins && at < ends && rnd.IntN(100) > 0 {
			return other(at, rnd)
		}
		return talk(at, rnd)
	}
}

func TestHundredfold(t *testing.T) {
	t.Parallel()
	svc := &service{name: "checkout", rate: times(normal, 100, begins, ends), line: mixed(runaway)}
	s := spikeOf(t, byDefault(), svc)
	s.quiet(t, svc.name)
	s.held(t, svc, bars{budget: checkoutBudget, count: 0.02})
	represented(t, svc)
}

// A service that usually writes more than the floor has a budget that was learned.
func TestHundredfoldLearned(t *testing.T) {
	leftOutUnderRace(t)
	t.Parallel()
	svc := &service{name: "catalog", rate: times(120, 100, begins, ends), line: mixed(runaway)}
	s := (&simulation{cfg: byDefault(), length: theEnd, services: append(others(svc.name), svc), snapshot: knowing(t)}).run(t)
	s.quiet(t, svc.name)
	s.held(t, svc, bars{budget: Rate{Records: headroom * 120}, count: 0.02})
	represented(t, svc)
}

// A slow ramp is detected when it exceeds what the headroom leaves, and what the spike is does not move its budget.
func TestRamp(t *testing.T) {
	leftOutUnderRace(t)
	t.Parallel()
	const (
		length = 5 * time.Minute
		usual  = 120
	)
	svc := &service{name: "catalog", line: talk, rate: func(at time.Duration) float64 { return usual * (1 + 99*at.Seconds()/length.Seconds()) }}
	s := (&simulation{cfg: byDefault(), length: length, services: append(others(svc.name), svc), snapshot: knowing(t)}).run(t)
	s.quiet(t, svc.name)
	cut, was := s.cut[svc.name]
	require.True(t, was)
	end := svc.between(length-time.Minute, length)
	whole := svc.between(0, length)
	t.Logf("first cut after %s, at %.1f times the usual rate; in the last minute %.0f records a second of %.0f; counts off by %.2f %%", cut,
		svc.rate(cut)/usual, float64(end.passed.Records)/60, float64(end.offered.Records)/60, 100*(whole.weight/float64(whole.offered.Records)-1))
	assert.Less(t, svc.rate(cut)/usual, headroom+3.0)
	assert.InEpsilon(t, headroom*usual, float64(end.passed.Records)/60, 0.2)
	assert.InEpsilon(t, whole.offered.Records, whole.weight, 0.02)
	require.NotEmpty(t, s.find(svc.name))
}

// Fifty services at once exceed their budgets and the global one; who stays quiet does not notice.
func TestManyKeys(t *testing.T) {
	leftOutUnderRace(t)
	t.Parallel()
	cfg := byDefault()
	cfg.Global = Rate{Bytes: 1_000_000}
	var loud []*service
	var names []string
	for i := range 50 {
		svc := &service{name: fmt.Sprintf("pod-%02d", i), rate: times(4, 100, begins, ends), line: mixed(runaway)}
		loud, names = append(loud, svc), append(names, svc.name)
	}
	// Who is new has no budget of its own yet, but its share.
	s := spikeOf(t, cfg, loud...)
	s.quiet(t, names...)
	var sum, others tally
	least, most := int64(1<<62), int64(0)
	for _, svc := range loud {
		in := svc.between(begins+already, ends)
		sum.plus(&in)
		least, most = min(least, in.passed.Bytes), max(most, in.passed.Bytes)
	}
	for _, svc := range s.services[:len(s.services)-len(loud)] {
		in := svc.between(begins+already, ends)
		others.plus(&in)
	}
	seconds := (ends - begins - already).Seconds()
	rate := float64(sum.passed.Bytes+others.passed.Bytes) / seconds
	t.Logf("offered %.0f bytes a second, %.0f passed, of those who are quiet %.0f; the least of a loud service is %.0f, the most %.0f; counts off by %.2f %%; %d notices",
		float64(sum.offered.Bytes)/seconds, rate, float64(others.passed.Bytes)/seconds, float64(least)/seconds, float64(most)/seconds,
		100*(sum.weight/float64(sum.offered.Records)-1), len(s.notices))
	assert.InEpsilon(t, 1_000_000, rate, 0.2)
	assert.Greater(t, float64(least)/float64(most), 0.7, "shares are even")
	assert.InEpsilon(t, sum.offered.Records, sum.weight, 0.02)
}

// Ids that are another in each line do not make each line a template.
func TestUniqueIDs(t *testing.T) {
	leftOutUnderRace(t)
	t.Parallel()
	svc := &service{name: "checkout", rate: times(normal, 100, begins, ends), line: mixed(func(_ time.Duration, rnd *rand.Rand) line {
		return line{text: fmt.Sprintf("payment %08x-%04x-4%03x for user u%07d of tenant %016x was declined by 10.%d.%d.%d, retrying", rnd.Uint32(), rnd.IntN(1<<16), rnd.IntN(1<<12),
			rnd.IntN(1e7), rnd.Uint64(), rnd.IntN(256), rnd.IntN(256), rnd.IntN(256)), severity: 9, kind: "declined"}
	})}
	s := spikeOf(t, byDefault(), svc)
	s.quiet(t, svc.name)
	s.held(t, svc, bars{budget: checkoutBudget, count: 0.02})
	represented(t, svc)
	n := s.find(svc.name)[1]
	assert.Less(t, n.Templates, 30)
	assert.Contains(t, n.Template, "was declined by")
	for _, kind := range usual {
		a := svc.kinds[kind]
		assert.Greater(t, float64(a.passed.Records), 0.9*float64(a.offered.Records), "what is rare passes: %q", kind)
	}
}

// Bodies of a megabyte, 50 MB a second: a record costs ten times what may pass in a second.
func TestGiantBodies(t *testing.T) {
	leftOutUnderRace(t)
	t.Parallel()
	for _, size := range []int{20_000, 200_000, 1_000_000} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			t.Parallel()
			count := 50_000_000 / float64(size)
			svc := &service{name: "checkout", rate: func(at time.Duration) float64 {
				if at >= begins && at < ends {
					return normal + count
				}
				return normal
			}, line: func(at time.Duration, rnd *rand.Rand) line {
				if at >= begins && at < ends && rnd.Float64() < count/(count+normal) {
					return line{text: fmt.Sprintf("request %d with body ", rnd.IntN(1e6)) + digits, bytes: size, severity: 9, kind: "giant"}
				}
				return talk(at, rnd)
			}}
			s := spikeOf(t, byDefault(), svc)
			s.quiet(t, svc.name)
			giant := svc.kinds["giant"]
			t.Logf("%d of %d giants passed, standing for %.0f", giant.passed.Records, giant.offered.Records, giant.weight)
			s.held(t, svc, bars{budget: Rate{Bytes: checkoutBudget.Bytes}, slack: max(0.2, 2.5*float64(size)/(checkoutBudget.Bytes*lasts.Seconds()))})
			represented(t, svc)
			for _, kind := range usual {
				a := svc.kinds[kind]
				assert.Greater(t, float64(a.passed.Records), 0.9*float64(a.offered.Records), "what is small passes: %q", kind)
			}
		})
	}
}

// Errors of one kind do not push everything else out.
func TestErrorStorm(t *testing.T) {
	leftOutUnderRace(t)
	t.Parallel()
	svc := &service{name: "checkout", rate: times(normal, 100, begins, ends), line: func(at time.Duration, rnd *rand.Rand) line {
		if at < begins || at >= ends || rnd.IntN(100) == 0 {
			return talk(at, rnd)
		}
		switch rnd.IntN(1000) {
		case 0:
			return line{text: fmt.Sprintf("disk %d of the ledger is out of space", rnd.IntN(9)), severity: 21, kind: "fatal"}
		case 1, 2, 3:
			return line{text: fmt.Sprintf("circuit breaker of bank %d opened", rnd.IntN(9)), severity: 13, kind: "warning"}
		}
		return line{text: fmt.Sprintf("order %d failed: bank did not answer within %d ms", rnd.IntN(1e6), rnd.IntN(900)), severity: 17, kind: "storm"}
	}}
	s := spikeOf(t, byDefault(), svc)
	s.quiet(t, svc.name)
	s.held(t, svc, bars{budget: checkoutBudget, count: 0.02})
	represented(t, svc)
	for _, kind := range []string{"fatal", "warning"} {
		a := svc.kinds[kind]
		t.Logf("%s: %d of %d", kind, a.passed.Records, a.offered.Records)
	}
	a := svc.kinds["fatal"]
	assert.Greater(t, float64(a.passed.Records), 0.9*float64(a.offered.Records))
	for _, kind := range append([]string{"warning"}, usual...) {
		a := svc.kinds[kind]
		assert.GreaterOrEqual(t, float64(a.passed.Records), 0.05*float64(a.offered.Records), "%q", kind)
	}
}

// Two thousand new keys a second, each for one record: those who were there before do not notice, and memory stays bounded.
func TestFloodOfKeys(t *testing.T) {
	leftOutUnderRace(t)
	t.Parallel()
	for name, set := range map[string]func(*Config){
		"no global budget": func(*Config) {},
		"global budget":    func(c *Config) { c.Global = Rate{Records: 2000} },
		"fixed":            func(c *Config) { c.Key = Limit{Fixed: Rate{Records: 1500}} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := byDefault()
			set(&cfg)
			n := 0
			flood := &service{name: "flood", rate: times(2, 1000, begins, ends), line: talk, names: func(*rand.Rand) string {
				n++
				return fmt.Sprintf("pod-%08d", n)
			}}
			s := spikeOf(t, cfg, flood)
			s.quiet(t, flood.name)
			in := flood.between(begins, ends)
			st := s.engine.Stats()
			t.Logf("offered %d, passed %d; %+v; %d notices", in.offered.Records, in.passed.Records, st, len(s.notices))
			assert.LessOrEqual(t, st.Keys, int64(cfg.MaxKeys))
			assert.LessOrEqual(t, st.TemplateBytes, cfg.MaxTemplateBytes)
			if cfg.Global.Records > 0 {
				sum := tally{}
				for _, svc := range s.services {
					one := svc.between(begins, ends)
					sum.plus(&one)
				}
				assert.LessOrEqual(t, float64(sum.passed.Records)/lasts.Seconds(), 1.2*cfg.Global.Records)
			}
		})
	}
}

// Each line is a new template: they pass from an allowance and the budget, and what is known still passes.
func TestFloodOfTemplates(t *testing.T) {
	leftOutUnderRace(t)
	t.Parallel()
	word := func(rnd *rand.Rand) string {
		var b strings.Builder
		for range 3 + rnd.IntN(6) {
			b.WriteByte(byte('a' + rnd.IntN(26)))
		}
		return b.String()
	}
	svc := &service{name: "checkout", rate: times(normal, 100, begins, ends), line: mixed(func(_ time.Duration, rnd *rand.Rand) line {
		words := make([]string, 4+rnd.IntN(12))
		for i := range words {
			words[i] = word(rnd)
		}
		return line{text: strings.Join(words, " "), severity: 9, kind: "flood"}
	})}
	s := spikeOf(t, byDefault(), svc)
	s.quiet(t, svc.name)
	s.held(t, svc, bars{budget: checkoutBudget, count: 0.02})
	represented(t, svc)
	offered, passed := int64(0), int64(0)
	for _, kind := range usual {
		offered, passed = offered+svc.kinds[kind].offered.Records, passed+svc.kinds[kind].passed.Records
	}
	t.Logf("of the usual lines, %d of %d", passed, offered)
	assert.Greater(t, float64(passed), 0.5*float64(offered), "what was known before passes")
}

// Summaries and what passes are all there was, exactly, in every kind of spike.
func TestSummariesAreExact(t *testing.T) {
	t.Parallel()
	cfg := byDefault()
	cfg.Summarize, cfg.SummaryInterval = true, 10*time.Second
	svc := &service{name: "checkout", rate: times(normal, 100, begins, ends), line: mixed(runaway)}
	s := spikeOf(t, cfg, svc)
	s.quiet(t, svc.name)
	s.held(t, svc, bars{budget: checkoutBudget})
	sum, byKind := Total{}, map[string]int64{}
	for _, m := range s.summaries {
		require.Equal(t, svc.name, m.Key)
		sum.Bytes, sum.Records = sum.Bytes+m.Over.Bytes, sum.Records+m.Over.Records
		require.LessOrEqual(t, m.First, m.Last)
		require.LessOrEqual(t, m.Last-m.First, int64(cfg.SummaryInterval+time.Second))
		for kind := range svc.kinds {
			if strings.HasPrefix(m.FirstText, kind[:strings.IndexByte(kind, '%')]) {
				byKind[kind] += m.Over.Records
			}
		}
	}
	whole := svc.between(0, s.length)
	assert.Equal(t, whole.offered, Total{whole.passed.Bytes + sum.Bytes, whole.passed.Records + sum.Records})
	wrong := 0
	for kind, n := range byKind {
		if svc.kinds[kind].passed.Records+n != svc.kinds[kind].offered.Records {
			wrong++
		}
	}
	t.Logf("%d summaries for %d records; %d kinds, %d not exact by themselves", len(s.summaries), sum.Records, len(svc.kinds), wrong)
	assert.LessOrEqual(t, len(s.summaries), 9*(len(svc.kinds)+2))
}
