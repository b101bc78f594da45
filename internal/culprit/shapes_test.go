// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package culprit

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// shop writes JSON lines without any id of a request: orders of customers in regions, by versions.
func shop(w *world, perMinute int, fails func(at time.Duration, region, customer, version string) bool) {
	w.each(perMinute, func(at time.Duration) {
		region, customer, version := w.pick("eu", "us", "ap"), fmt.Sprintf("c%d", w.rnd.IntN(40)), "1.4"
		if w.bad(at) && w.rnd.IntN(3) == 0 {
			version = "1.5"
		}
		if version == "1.5" && fails == nil {
			version = "1.4"
		}
		field := fmt.Sprintf(`"region":%q,"customer":%q,"version":%q,"took_ms":%d`, region, customer, version, 5+w.rnd.IntN(20))
		w.log(at, "orders", "info", `{"msg":"order placed",`+field+`}`)
		w.log(at+time.Millisecond, "orders", "debug", `{"msg":"stock checked",`+field+`}`)
		if w.rnd.IntN(200) == 0 || fails != nil && fails(at, region, customer, version) {
			w.log(at+2*time.Millisecond, "orders", "error", `{"msg":"order refused by the ledger",`+field+`}`)
		}
	})
	w.each(perMinute, func(at time.Duration) {
		w.log(at, "mailer", "info", fmt.Sprintf("sent mail %d to user%d@example.com in %d ms", w.rnd.IntN(1e6), w.rnd.IntN(1000), 10+w.rnd.IntN(50)))
	})
}

func TestNothing(t *testing.T) {
	for seed := range uint64(10) {
		w := newWorld(seed)
		shop(w, 400, nil)
		if r := w.ask(t, nil); len(r.Causes) > 0 {
			t.Errorf("seed %d: %d causes where there is nothing", seed, len(r.Causes))
		}
	}
}

func TestCustomer(t *testing.T) {
	w := newWorld(1)
	shop(w, 1500, func(at time.Duration, _, customer, version string) bool {
		return w.bad(at) && customer == "c7" && version == "1.4"
	})
	for i := range w.records { // a customer who fails, whatever the version: that is another test
		w.records[i].line = strings.ReplaceAll(w.records[i].line, `"version":"1.5"`, `"version":"1.4"`)
	}
	first(t, w.ask(t, nil), KindValue, "orders", "customer", "c7", "")
	first(t, w.ask(t, func(e *event) bool { return e.metadata[0].Value == "error" }), KindValue, "orders", "customer", "c7", "")
}

func TestVersion(t *testing.T) {
	w := newWorld(2)
	shop(w, 600, func(at time.Duration, _, _, version string) bool { return version == "1.5" && w.rnd.IntN(5) == 0 })
	c := first(t, w.ask(t, nil), KindValue, "orders", "version", "1.5", "")
	if !c.New || c.Filter != `| json | version="1.5"` || len(c.Examples) != 2 {
		t.Errorf("new %v, filter %s, %d examples", c.New, c.Filter, len(c.Examples))
	}
	first(t, w.ask(t, func(e *event) bool { return e.metadata[0].Value == "error" }), KindValue, "orders", "version", "1.5", "")
}

func TestRegionOfSeveralServices(t *testing.T) {
	w := newWorld(3)
	for _, service := range []string{"orders", "billing", "search"} {
		w.each(800, func(at time.Duration) {
			region := w.pick("eu", "us", "ap")
			w.log(at, service, "info", fmt.Sprintf("%s handled request %d", service, w.rnd.IntN(1e6)), "region", region)
			w.log(at, service, "debug", fmt.Sprintf("%s cache miss key %x", service, w.rnd.Uint32()), "region", region)
			if w.bad(at) && region == "eu" && w.rnd.IntN(4) == 0 {
				w.log(at, service, "error", service+" lost its connection to the database", "region", region)
			}
		})
	}
	c := first(t, w.ask(t, nil), KindValue, "", "region", "eu", "")
	if c.Filter != `| region="eu"` {
		t.Errorf("filter %s", c.Filter)
	}
	first(t, w.ask(t, func(e *event) bool { return e.metadata[0].Value == "error" }), KindValue, "", "region", "eu", "")
}

func TestNumberWithoutRequests(t *testing.T) {
	w := newWorld(4)
	shop(w, 300, nil)
	for i := range w.records {
		if e := &w.records[i]; w.bad(e.at) && strings.Contains(e.line, "order placed") && w.rnd.IntN(3) > 0 {
			e.line = strings.Replace(e.line, `"took_ms":`, `"took_ms":9`, 1)
		}
	}
	c := first(t, w.ask(t, nil), KindNumber, "orders", "took_ms", "", "order placed")
	if c.Lift < 10 {
		t.Errorf("lift %v", c.Lift)
	}
}

func TestSilence(t *testing.T) {
	w := newWorld(5)
	shop(w, 300, nil)
	kept := w.records[:0]
	for _, e := range w.records {
		if e.stream.Get(serviceLabel) != "mailer" || e.at < 4*time.Minute+5*time.Second {
			kept = append(kept, e)
		}
	}
	w.records = kept
	first(t, w.ask(t, nil), KindSilence, "mailer", "", "", "")
}

// TestSilenceThatOthersTellOf has a service that stopped, and callers who say so.
func TestSilenceThatOthersTellOf(t *testing.T) {
	w := newWorld(6)
	w.each(500, func(at time.Duration) {
		w.log(at, "frontend", "info", fmt.Sprintf("GET /item/%d", w.rnd.IntN(1e6)))
		if w.bad(at) {
			w.log(at+time.Millisecond, "frontend", "error", "call to pricing failed: connection refused")
			return
		}
		w.log(at+time.Millisecond, "pricing", "info", fmt.Sprintf("price of %d is %d", w.rnd.IntN(1e6), w.rnd.IntN(100)))
	})
	c := first(t, w.ask(t, nil), KindSilence, "pricing", "", "", "")
	if len(c.Also) == 0 || c.Also[0].Service != "frontend" {
		t.Errorf("also %v", c.Also)
	}
}

// TestChain has three services with other clocks and no names in their lines: the spans of a trace tell who called whom.
func TestChain(t *testing.T) {
	w := newWorld(7)
	skew := map[string]time.Duration{"a": -900 * time.Millisecond, "b": 700 * time.Millisecond, "c": 0}
	w.each(600, func(at time.Duration) {
		if at < 2*time.Second || at > 4*time.Minute+58*time.Second {
			return
		}
		trace := w.id()
		log := func(after int, service, level, line string) {
			w.log(at+time.Duration(after)*time.Millisecond+skew[service], service, level, line, "trace_id", trace)
		}
		log(0, "a", "info", "request in")
		log(5, "b", "info", "work begun")
		log(9, "c", "info", "row wanted")
		if w.bad(at) && w.rnd.IntN(3) == 0 || w.rnd.IntN(300) == 0 {
			log(12, "c", "error", "deadlock in table things")
			log(15, "b", "error", "step failed, giving up")
			log(20, "a", "error", "request answered 500")
		}
		log(13, "c", "info", "row read")
		log(16, "b", "info", "work ended")
		log(22, "a", "info", "request out")
	})
	c := first(t, w.ask(t, nil), KindTemplate, "c", "", "", "deadlock")
	told := map[string]bool{}
	for _, o := range c.Also {
		told[o.Service] = true
	}
	if !told["a"] || !told["b"] {
		t.Errorf("what follows is not told: %v", told)
	}
	first(t, w.ask(t, func(e *event) bool { return e.metadata[0].Value == "error" }), KindTemplate, "c", "", "", "deadlock")
}

// TestTraffic has twice as much of everything, which is no cause.
func TestTraffic(t *testing.T) {
	w, more := newWorld(8), newWorld(9)
	shop(w, 300, nil)
	shop(more, 300, nil)
	for _, e := range more.records {
		if w.bad(e.at) {
			w.records = append(w.records, e)
		}
	}
	r := w.ask(t, nil)
	if len(r.Causes) > 0 || r.Traffic < 1.7 || r.Traffic > 2.3 {
		t.Errorf("%d causes, traffic %.2f", len(r.Causes), r.Traffic)
	}
}

// TestIDs has ids that are new in every record: none of them is a cause, unless most of the bad records have it.
func TestIDs(t *testing.T) {
	w := newWorld(9)
	w.each(900, func(at time.Duration) {
		session := w.id()
		if w.bad(at) && w.rnd.IntN(2) == 0 {
			session = "5e551075e551075e551075e551075e55"
			w.log(at, "login", "warn", "login refused", "session", session, "attempt", w.id())
			return
		}
		w.log(at, "login", "info", "login seen", "session", session, "attempt", w.id())
		if w.rnd.IntN(20) == 0 {
			w.log(at, "login", "warn", "login refused", "session", session, "attempt", w.id())
		}
	})
	r := w.ask(t, nil)
	first(t, r, KindValue, "login", "session", "5e551075e551075e551075e551075e55", "")
	for _, c := range r.Causes {
		if c.Field == "attempt" {
			t.Errorf("an id is a cause: %s", c.Summary)
		}
	}
}

// TestMarkedTooLate has an incident whose first third is in the baseline: there its few errors are more than usual, and bursty.
func TestMarkedTooLate(t *testing.T) {
	w := newWorld(10)
	w.each(600, func(at time.Duration) {
		w.log(at, "till", "info", fmt.Sprintf("sold item %d", w.rnd.IntN(1e6)))
	})
	for i := range 24 {
		w.log(4*time.Minute-20*time.Second+time.Duration(i)*time.Second*3/2, "till", "error", fmt.Sprintf("printer %d is out of paper", i%3))
	}
	first(t, w.ask(t, nil), KindTemplate, "till", "", "", "out of paper")
}

// TestSlowMarkedTooLate has durations that grew half a minute before the minute that was marked, and shrank again in its middle.
func TestSlowMarkedTooLate(t *testing.T) {
	w := newWorld(11)
	w.each(600, func(at time.Duration) {
		took := 5 + w.rnd.IntN(20)
		if at > 3*time.Minute+30*time.Second && at < 4*time.Minute+30*time.Second {
			took *= 10
		}
		w.log(at, "till", "info", fmt.Sprintf("receipt printed in %d ms", took))
	})
	first(t, w.ask(t, nil), KindNumber, "till", "", "", "receipt printed")
}

// TestChainOfFewRecords has callers that name who failed, and of most requests nothing but the errors: spans tell nothing.
func TestChainOfFewRecords(t *testing.T) {
	for seed := range uint64(5) {
		w := newWorld(20 + seed)
		for _, service := range []string{"door", "hall", "attic"} {
			w.each(300, func(at time.Duration) { w.log(at, service, "info", fmt.Sprintf("%d people inside", w.rnd.IntN(99))) })
		}
		w.each(30, func(at time.Duration) {
			id := w.id()
			log := func(service, line string) { w.log(at, service, "error", line, "request_id", id) }
			where := w.pick("hall", "hall", "garden")
			if where == "hall" {
				log("attic", "roof leaks")
				log("hall", "no answer from attic")
			}
			log("door", "nobody in "+where+" answers")
		})
		c := first(t, w.ask(t, func(e *event) bool { return e.metadata[0].Value == "error" }), KindTemplate, "attic", "", "", "roof leaks")
		if len(c.Also) == 0 {
			t.Error("what follows is not told")
		}
	}
}

// TestRelayOfSeveral has a caller who speaks of many services, most of which have too few errors to be seen.
func TestRelayOfSeveral(t *testing.T) {
	w := newWorld(30)
	services := []string{"s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8"}
	for _, service := range append(services, "front") {
		w.each(200, func(at time.Duration) { w.log(at, service, "info", fmt.Sprintf("done in %d ms", w.rnd.IntN(99))) })
	}
	fail := func(at time.Duration, service string) {
		id := w.id()
		w.log(at, service, "error", "disk of "+strings.ToUpper(service)+" is full", "request_id", id)
		w.log(at, "front", "error", "call to "+service+" failed", "request_id", id)
	}
	w.each(12, func(at time.Duration) { fail(at, "s1") })
	for _, service := range services[1:] {
		for range 4 {
			fail(time.Duration(w.rnd.Int64N(int64(5*time.Minute))), service)
			for range 3 { // of what that service logs nothing
				w.log(time.Minute, "front", "error", "call to "+service+" failed", "request_id", w.id())
			}
		}
	}
	first(t, w.ask(t, func(e *event) bool { return e.metadata[0].Value == "error" }), KindTemplate, "s1", "", "", "is full")
}

func TestBreakCycles(t *testing.T) {
	list := []*candidate{{score: 5, relays: true}, {score: 3}, {score: 4}, {score: 9}, {score: 1}}
	for i, c := range list {
		c.kind, c.tmpl, c.s = KindTemplate, int32(i), &service{name: "x"}
	}
	origin := []int{1, 2, 0, 1, -1}
	breakCycles(list, origin)
	if want := []int{1, 2, -1, 1, -1}; !slices.Equal(origin, want) {
		t.Errorf("%v, want %v", origin, want)
	}
}
