// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package faultproxy

import (
	"slices"
	"sync"
)

// Catch is a request that a test keeps, to carry it out at a moment of its choice.
type Catch struct {
	p      *Proxy
	match  func(*Request) bool
	req    *Request
	held   chan struct{}
	landed chan struct{}
	once   sync.Once
	status int
}

// Catch keeps the next request that match accepts; its sender gets no answer, and is cut off when the request has landed.
// Match is called on the proxy's goroutines, one call at a time.
func (p *Proxy) Catch(match func(*Request) bool) *Catch {
	c := &Catch{p: p, match: match, held: make(chan struct{}), landed: make(chan struct{})}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.catches = append(p.catches, c)
	return c
}

// caught returns the catch that takes the request.
func (p *Proxy) caught(r *Request) *Catch {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, c := range p.catches {
		if c.match(r) {
			c.req = r
			p.catches = slices.Delete(p.catches, i, i+1)
			return c
		}
	}
	return nil
}

// Held is closed when a request is kept.
func (c *Catch) Held() <-chan struct{} { return c.held }

// Request returns the request that is kept; only after Held.
func (c *Catch) Request() *Request { return c.req }

// GiveUp keeps nothing any more, and reports whether that came before anything was kept.
func (c *Catch) GiveUp() bool {
	c.p.mu.Lock()
	defer c.p.mu.Unlock()
	i := slices.Index(c.p.catches, c)
	if i >= 0 {
		c.p.catches = slices.Delete(c.p.catches, i, i+1)
	}
	return i >= 0
}

// Land brings the request to the server, once, and returns the server's status, 0 when it did not answer. Only after Held.
func (c *Catch) Land() int {
	c.once.Do(func() {
		c.status = c.p.pass(c.req).status
		close(c.landed)
	})
	return c.status
}

// Landed is closed when the request has been brought to the server.
func (c *Catch) Landed() <-chan struct{} { return c.landed }
