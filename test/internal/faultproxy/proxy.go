// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package faultproxy

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// maxBody bounds the body of a request or an answer; larger ones are refused.
const maxBody = 256 << 20

// Options of a proxy.
type Options struct {
	// Target is the URL of the server, without a path.
	Target string
	// Seed makes the choice of faults repeatable, as far as the order of the requests is.
	Seed uint64
	// SilenceFor bounds how long a client waits for an answer that never comes. Default: 2s.
	SilenceFor time.Duration
	// SlowFor bounds the pause of a slow request. Default: 700ms.
	SlowFor time.Duration
	// LateBy bounds how much later a late write is carried out. Default: 4s.
	LateBy time.Duration
	// Before is called before a request goes to the server, on the goroutine that brings it there. It may change what is
	// sent. Nil: nothing.
	Before func(r *Request, out *http.Request)
	// After is called with the server's status, 0 when it did not answer. Nil: nothing.
	After func(r *Request, status int)
}

// Request is a request of a client, read whole.
type Request struct {
	Method string
	Path   string // decoded, with the leading slash
	Query  url.Values
	Header http.Header
	Body   []byte

	host string
	uri  string
}

// Write reports whether the request may change what is stored.
func (r *Request) Write() bool { return r.Method == http.MethodPut || r.Method == http.MethodPost }

// Conditional reports whether it is a write that is to fail when the object exists.
func (r *Request) Conditional() bool { return r.Write() && r.Header.Get("If-None-Match") != "" }

// AwayMode says how a store is away.
type AwayMode int32

// The ways.
const (
	Here       AwayMode = iota
	AwayCut             // connections are cut
	AwayBusy            // every answer is 503
	AwaySilent          // nothing is ever answered; connections are cut after [Options.SilenceFor]
)

// Proxy is a running proxy. Its methods are safe for concurrent use.
type Proxy struct {
	URL string

	t      testing.TB
	opts   Options
	target *url.URL
	client *http.Client

	counts [kinds]atomic.Int64
	away   atomic.Int32
	writes atomic.Int64 // carried out so far
	sent   atomic.Int64 // requests brought to the server
	ctx    context.Context
	late   atomic.Int64 // writes that are kept

	mu      sync.Mutex
	rng     *rand.Rand
	rate    float64
	forRead deck
	forPut  deck
	catches []*Catch
	forced  []*forced
}

// forced is a fault for requests that a test has chosen.
type forced struct {
	match func(*Request) bool
	kind  Kind
	times int
}

// Start starts a proxy on the loopback interface; it ends with the test.
func Start(t testing.TB, opts Options) *Proxy {
	t.Helper()
	target, err := url.Parse(opts.Target)
	if err != nil {
		t.Fatalf("parse target: %v", err)
	}
	for _, d := range []struct {
		to    *time.Duration
		value time.Duration
	}{{&opts.SilenceFor, 2 * time.Second}, {&opts.SlowFor, 700 * time.Millisecond}, {&opts.LateBy, 4 * time.Second}} {
		if *d.to == 0 {
			*d.to = d.value
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	p := &Proxy{
		t: t, opts: opts, target: target, ctx: ctx,
		// Content is passed on as it is; a request is never repeated by the transport, for a write has no GetBody.
		client:  &http.Client{Transport: &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 64}},
		rng:     rand.New(rand.NewPCG(opts.Seed, 0xfa17)), //nolint:gosec // repeatable
		forRead: deck{kinds: readFaults}, forPut: deck{kinds: writeFaults},
	}
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // ends with the test
	if err != nil {
		t.Fatalf("listen: %v", err)
	}
	p.URL = "http://" + l.Addr().String()
	srv := &http.Server{Handler: p, ReadHeaderTimeout: time.Minute}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = srv.Serve(l)
	}()
	t.Cleanup(func() {
		cancel()
		_ = srv.Close()
		<-done
		p.Settle()
		p.client.CloseIdleConnections()
	})
	return p
}

// Set makes a part of the requests, 0 to 1, meet a fault. With 0, those of Force are forgotten, too.
func (p *Proxy) Set(rate float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rate = rate
	if rate == 0 {
		p.forced = nil
	}
}

// Force makes the next requests that match accepts meet a kind of fault, that many times. Match is called on the proxy's
// goroutines, one call at a time.
func (p *Proxy) Force(match func(*Request) bool, k Kind, times int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.forced = append(p.forced, &forced{match, k, times})
}

// Away makes the store go away, or come back.
func (p *Proxy) Away(mode AwayMode) { p.away.Store(int32(mode)) }

// Count returns how many requests have met that fault.
func (p *Proxy) Count(k Kind) int { return int(p.counts[k].Load()) }

// Requests returns how many requests have been brought to the server.
func (p *Proxy) Requests() int { return int(p.sent.Load()) }

// Settle waits until every write that is late has been carried out. Caught ones are not waited for.
func (p *Proxy) Settle() {
	for p.late.Load() > 0 {
		time.Sleep(5 * time.Millisecond)
	}
}

func (p *Proxy) met(k Kind) { p.counts[k].Add(1) }

// draw returns the fault for a request; false is none.
func (p *Proxy) draw(r *Request) (Kind, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, f := range p.forced {
		if f.match(r) {
			if f.times--; f.times <= 0 {
				p.forced = slices.Delete(p.forced, i, i+1)
			}
			return f.kind, true
		}
	}
	if p.rng.Float64() >= p.rate {
		return 0, false
	}
	if !r.Write() {
		return p.forRead.deal(p.rng), true
	}
	k := p.forPut.deal(p.rng)
	if k == Conflict && !r.Conditional() {
		k = Error500
	}
	return k, true
}

// upTo returns a random part of d.
func (p *Proxy) upTo(d time.Duration) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return time.Duration(p.rng.Int64N(int64(d) + 1))
}

func (p *Proxy) coin() bool { return p.upTo(1) == 1 }

// cut ends the client's connection without a further byte.
func cut() { panic(http.ErrAbortHandler) }

// wait returns after d, or when the client or the proxy has gone.
func (p *Proxy) wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	case <-p.ctx.Done():
	}
}

func (p *Proxy) ServeHTTP(w http.ResponseWriter, in *http.Request) {
	body, err := io.ReadAll(io.LimitReader(in.Body, maxBody+1))
	if err != nil || len(body) > maxBody {
		cut() // the client died, or it is not one of ours
	}
	r := &Request{
		Method: in.Method, Path: in.URL.Path, Query: in.URL.Query(), Header: in.Header.Clone(), Body: body,
		host: in.Host, uri: in.URL.RequestURI(),
	}
	if mode := AwayMode(p.away.Load()); mode != Here {
		p.met(Gone)
		switch mode {
		case AwayBusy:
			refuse(w, http.StatusServiceUnavailable, "SlowDown")
		case AwaySilent:
			p.wait(in.Context(), p.opts.SilenceFor)
			cut()
		default:
			cut()
		}
		return
	}
	if c := p.caught(r); c != nil {
		p.met(Caught)
		close(c.held)
		select {
		case <-in.Context().Done():
		case <-c.landed:
		case <-p.ctx.Done():
		}
		cut()
	}
	k, faulty := p.draw(r)
	if !faulty {
		p.pass(r).write(w)
		return
	}
	p.fault(w, in, r, k)
}

// fault carries a request out with a fault.
func (p *Proxy) fault(w http.ResponseWriter, in *http.Request, r *Request, k Kind) {
	if k != Overtaken { // which needs another to come true
		p.met(k)
	}
	switch k {
	case Error500:
		refuse(w, http.StatusInternalServerError, "InternalError")
	case SlowDown:
		refuse(w, http.StatusServiceUnavailable, "SlowDown")
	case Conflict:
		refuse(w, http.StatusConflict, "ConditionalRequestConflict")
	case LostAnswer:
		p.pass(r)
		cut()
	case Silence:
		p.pass(r)
		p.wait(in.Context(), p.upTo(p.opts.SilenceFor))
		cut()
	case CutBody:
		p.passHalf(r)
		cut()
	case CutAnswer:
		p.pass(r).writeHalf(w)
		cut()
	case Slow:
		p.wait(context.Background(), p.upTo(p.opts.SlowFor))
		p.pass(r).write(w)
	case Twice:
		answers := make(chan *answer, 2)
		for range 2 {
			go func() { answers <- p.pass(r) }()
		}
		first, second := <-answers, <-answers
		if p.coin() {
			first = second
		}
		first.write(w)
	case Late:
		p.late.Add(1)
		delay := p.upTo(p.opts.LateBy)
		go func() {
			defer p.late.Add(-1)
			p.wait(context.Background(), delay)
			p.pass(r)
		}()
		if p.coin() {
			p.wait(in.Context(), p.opts.SilenceFor)
		}
		cut()
	case Overtaken:
		before := p.writes.Load()
		for end := time.Now().Add(p.opts.SlowFor); p.writes.Load() == before && time.Now().Before(end); {
			p.wait(context.Background(), 5*time.Millisecond)
		}
		if p.writes.Load() != before {
			p.met(Overtaken)
		}
		p.pass(r).write(w)
	}
}

// answer is the server's.
type answer struct {
	status int // 0: none came
	header http.Header
	body   []byte
	head   bool
}

// pass brings a request to the server and returns the answer. The client's death does not stop it.
func (p *Proxy) pass(r *Request) *answer {
	a := p.ask(r)
	if r.Write() {
		p.writes.Add(1)
	}
	if p.opts.After != nil {
		p.opts.After(r, a.status)
	}
	return a
}

func (p *Proxy) ask(r *Request) *answer {
	ctx, cancel := context.WithTimeout(p.ctx, time.Minute)
	defer cancel()
	out, err := p.outgoing(ctx, r)
	if err != nil {
		return &answer{}
	}
	p.sent.Add(1)
	resp, err := p.client.Do(out)
	if err != nil {
		return &answer{}
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	if err != nil {
		return &answer{}
	}
	return &answer{status: resp.StatusCode, header: resp.Header, body: body, head: r.Method == http.MethodHead}
}

// outgoing makes the request to the server: the same, to another address. The signature covers the name of the host that the
// client knows, so that stays.
func (p *Proxy) outgoing(ctx context.Context, r *Request) (*http.Request, error) {
	out, err := http.NewRequestWithContext(ctx, r.Method, p.target.Scheme+"://"+p.target.Host+r.uri, bytes.NewReader(r.Body))
	if err != nil {
		return nil, err
	}
	out.GetBody = nil
	out.Header = r.Header.Clone()
	for _, name := range []string{"Connection", "Expect", "Content-Length"} {
		out.Header.Del(name)
	}
	out.Host, out.ContentLength = r.host, int64(len(r.Body))
	if len(r.Body) == 0 {
		out.Body = http.NoBody
	}
	if p.opts.Before != nil {
		p.opts.Before(r, out)
	}
	return out, nil
}

// passHalf sends the head of a request and half of its body to the server, and cuts.
func (p *Proxy) passHalf(r *Request) {
	out, err := p.outgoing(p.ctx, r)
	if err != nil {
		return
	}
	var whole bytes.Buffer
	if err := out.Write(&whole); err != nil {
		return
	}
	conn, err := net.Dial("tcp", p.target.Host) //nolint:noctx // loopback
	if err != nil {
		return
	}
	p.sent.Add(1)
	_, _ = conn.Write(whole.Bytes()[:whole.Len()-(len(r.Body)+1)/2])
	time.Sleep(2 * time.Millisecond) // it is read before it is known to be cut
	_ = conn.Close()
}

// write gives the client the whole answer; where there is none, the client gets none.
func (a *answer) write(w http.ResponseWriter) {
	if a.status == 0 {
		cut()
	}
	a.copyHeader(w)
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body)
}

func (a *answer) writeHalf(w http.ResponseWriter) {
	if a.status == 0 || a.head || len(a.body) == 0 {
		return
	}
	a.copyHeader(w)
	w.Header().Set("Content-Length", fmt.Sprint(len(a.body)))
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body[:len(a.body)/2])
	_ = http.NewResponseController(w).Flush()
}

func (a *answer) copyHeader(w http.ResponseWriter) {
	for name, values := range a.header {
		if name != "Connection" && name != "Transfer-Encoding" && name != "Content-Length" {
			w.Header()[name] = values
		}
	}
	if a.head {
		w.Header().Set("Content-Length", a.header.Get("Content-Length"))
	}
}

// refuse answers as S3 does.
func refuse(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	_, _ = io.Copy(w, strings.NewReader(`<?xml version="1.0" encoding="UTF-8"?>`+"\n<Error><Code>"+code+
		"</Code><Message>injected</Message><RequestId>0</RequestId></Error>"))
}
