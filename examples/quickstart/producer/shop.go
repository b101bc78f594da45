// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"sort"
	"time"
)

// event is one record of one service's log: text may have several lines.
type event struct {
	at      time.Time
	service string
	text    string
}

// shop makes up the traffic. It is a function of its seed and the clock it is given, and keeps only
// what belongs to requests that are still under way.
type shop struct {
	rng     *rand.Rand
	rate    float64 // requests a second, on average
	next    time.Time
	pending []event // sorted by time
}

func newShop(rng *rand.Rand, rate float64, start time.Time) *shop {
	return &shop{rng: rng, rate: rate, next: start}
}

// until returns what happened since the last call and up to now, in the order of time.
func (s *shop) until(now time.Time) []event {
	for !s.next.After(now) {
		s.request(s.next)
		// Arrivals are Poisson; the rate goes up and down over a quarter of an hour.
		wave := 1 + 0.45*math.Sin(2*math.Pi*float64(s.next.Unix()%900)/900)
		gap := s.rng.ExpFloat64() / (s.rate * wave)
		s.next = s.next.Add(time.Duration(gap * float64(time.Second)))
	}
	sort.SliceStable(s.pending, func(i, j int) bool { return s.pending[i].at.Before(s.pending[j].at) })
	due := sort.Search(len(s.pending), func(i int) bool { return s.pending[i].at.After(now) })
	out := append([]event(nil), s.pending[:due]...)
	s.pending = append(s.pending[:0], s.pending[due:]...)
	return out
}

// call is one request on its way through the shop.
type call struct {
	*shop
	at      time.Time // moves on with the work done
	id      string    // request id, in every service
	traceID string
	spanID  string
	user    person
	ip      string
	agent   string
}

func (s *shop) request(at time.Time) {
	c := &call{
		shop: s, at: at,
		id:      "req-" + s.hex(12),
		traceID: s.hex(32),
		spanID:  s.hex(16),
		user:    pick(s.rng, people),
		ip:      fmt.Sprintf("198.51.100.%d", 1+s.rng.IntN(254)), // a documentation network, RFC 5737
		agent:   pick(s.rng, agents),
	}
	switch p := s.rng.Float64(); {
	case p < 0.50:
		c.browse()
	case p < 0.68:
		c.signIn()
	case p < 0.97:
		c.buy()
	default:
		c.probe()
	}
}

// spend lets the clock of the call run: about median, seldom much longer.
func (c *call) spend(median time.Duration) time.Duration {
	d := time.Duration(float64(median) * math.Exp(0.5*c.rng.NormFloat64()))
	c.at = c.at.Add(d)
	return d
}

func (c *call) log(service, text string) {
	c.pending = append(c.pending, event{at: c.at, service: service, text: text})
}

// browse looks at a product.
func (c *call) browse() {
	start := c.at
	sku := pick(c.rng, products)
	c.spend(4 * time.Millisecond)
	if c.rng.Float64() < 0.25 {
		c.inventory("DEBUG", "inventory.cache", fmt.Sprintf("stock of %s served from cache", sku), "")
	}
	c.spend(9 * time.Millisecond)
	status := 200
	if c.rng.Float64() < 0.03 {
		status = 404
	}
	c.edge("GET", "/products/"+sku, status, 2_000+c.rng.IntN(40_000), c.at.Sub(start))
}

// signIn checks a password.
func (c *call) signIn() {
	start := c.at
	c.spend(6 * time.Millisecond)
	switch p := c.rng.Float64(); {
	case p < 0.06:
		// Somebody left the debugging on. This is what a redaction is for.
		c.auth("debug", "sign-in form received", field{"email", c.user.email}, field{"password", pick(c.rng, passwords)})
	case p < 0.09:
		c.auth("debug", "session restored", field{"authorization", "Bearer " + c.fakeJWT()})
	}
	took := c.spend(35 * time.Millisecond)
	status := 200
	if c.rng.Float64() < 0.12 {
		status = 401
		c.auth("warn", "sign-in refused", field{"user", c.user.name}, field{"reason", "wrong password"},
			field{"attempt", fmt.Sprint(1 + c.rng.IntN(4))}, field{"duration", took.Round(time.Microsecond).String()})
	} else {
		c.auth("info", "sign-in ok", field{"user", c.user.name}, field{"method", pick(c.rng, []string{"password", "passkey"})},
			field{"duration", took.Round(time.Microsecond).String()})
	}
	c.spend(time.Millisecond)
	c.edge("POST", "/signin", status, 300+c.rng.IntN(200), c.at.Sub(start))
}

// buy reserves stock and pays; it is where things go wrong.
func (c *call) buy() {
	start := c.at
	sku := pick(c.rng, products)
	amount := float64(500+c.rng.IntN(20_000)) / 100
	c.spend(3 * time.Millisecond)
	c.checkout("INFO", "OrderController", fmt.Sprintf("order received sku=%s amount=%.2f user=%s", sku, amount, c.user.name), "")
	c.spend(8 * time.Millisecond)

	if c.rng.Float64() < 0.015 {
		c.inventory("ERROR", "inventory.stock", "reserve "+sku+" failed", traceback(c.rng, sku))
		c.spend(2 * time.Millisecond)
		c.checkout("ERROR", "OrderController", "order failed: inventory answered 500", "")
		c.edge("POST", "/checkout", 500, 180, c.at.Sub(start))
		return
	}
	left := c.rng.IntN(300)
	if left < 5 {
		c.inventory("WARNING", "inventory.stock", fmt.Sprintf("stock of %s is low: %d left", sku, left), "")
	} else {
		c.inventory("INFO", "inventory.stock", fmt.Sprintf("reserved 1 of %s, %d left", sku, left), "")
	}

	if c.rng.Float64() < c.slowness() {
		c.at = c.at.Add(3 * time.Second)
		c.checkout("ERROR", "PaymentClient",
			fmt.Sprintf("payment timeout after 3000 ms amount=%.2f", amount), javaTrace(c.rng))
		c.spend(2 * time.Millisecond)
		c.edge("POST", "/checkout", 504, 180, c.at.Sub(start))
		return
	}
	took := c.spend(120 * time.Millisecond)
	card := fakeCard(c.rng)
	switch p := c.rng.Float64(); {
	case p < 0.03:
		c.payment("debug", "provider request", member{"card", card}, member{"holder", c.user.email}, member{"amount", amount})
	case p < 0.04:
		c.payment("warn", "provider credentials reloaded", member{"access_key", c.fakeAccessKey()})
	}
	if c.rng.Float64() < 0.04 {
		c.payment("warn", "charge declined", member{"amount", amount}, member{"currency", "EUR"},
			member{"card_last4", card[len(card)-4:]},
			member{"reason", pick(c.rng, []string{"insufficient funds", "expired card", "suspected fraud"})},
			member{"duration_ms", took.Milliseconds()})
		c.checkout("WARN", "OrderController", "order not paid: charge declined", "")
		c.edge("POST", "/checkout", 402, 240, c.at.Sub(start))
		return
	}
	c.payment("info", "charge accepted", member{"amount", amount}, member{"currency", "EUR"},
		member{"card_last4", card[len(card)-4:]}, member{"duration_ms", took.Milliseconds()})
	c.spend(4 * time.Millisecond)
	c.checkout("INFO", "OrderController", fmt.Sprintf("order confirmed sku=%s total_ms=%d", sku, c.at.Sub(start).Milliseconds()), "")
	c.edge("POST", "/checkout", 201, 420, c.at.Sub(start))
}

// probe is the noise that every public server sees.
func (c *call) probe() {
	c.agent = "curl/8.4.0"
	c.spend(time.Millisecond)
	c.edge("GET", pick(c.rng, []string{"/.env", "/wp-login.php", "/admin/", "/.git/config"}), 404, 153, time.Millisecond)
}

// slowness is the share of payments that time out: a few always, many in the first forty seconds
// of every fifth minute.
func (c *call) slowness() float64 {
	if c.at.Unix()%300 < 40 {
		return 0.45
	}
	return 0.02
}

func (s *shop) hex(n int) string {
	const digits = "0123456789abcdef"
	b := make([]byte, n)
	for i := range b {
		b[i] = digits[s.rng.IntN(len(digits))]
	}
	return string(b)
}

func pick[T any](rng *rand.Rand, from []T) T { return from[rng.IntN(len(from))] }
