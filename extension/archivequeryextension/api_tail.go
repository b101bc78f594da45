// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"go.uber.org/zap"

	"github.com/logboom/logboom/logql"
)

const (
	// tailSpan is how far back the first lines of a tail lie that gives no start, and how late a line may come.
	tailSpan = time.Hour
	// maxTails bounds the tails of all tenants. There is room for other requests beside them: see maxRequests.
	maxTails = maxRequests / 2
	// maxTailDelay bounds delay_for.
	maxTailDelay = 5 * time.Second
	// maxTailMessage bounds what a client of a tail may send: it has nothing to say.
	maxTailMessage = 4 << 10
	// maxCloseReason is what a close frame has room for, in bytes.
	maxCloseReason = 120
)

// tailTimes are the times of the tails; tests shorten them.
type tailTimes struct {
	look  time.Duration // how often a tail looks for lines
	ping  time.Duration // how often it asks whether the client is there
	pong  time.Duration // how long the client may be silent
	write time.Duration // how long it may take for a message
	close time.Duration // how long for the end of it all
}

var defaultTailTimes = tailTimes{look: 250 * time.Millisecond, ping: 15 * time.Second, pong: time.Minute, write: 30 * time.Second, close: time.Second}

// errTailClient says that the client does not take what it gets.
var errTailClient = errors.New("the client does not take its lines")

// tooManyTails refuses one; a most of 0 is that of all tenants.
type tooManyTails struct{ open, most int }

func (e *tooManyTails) Error() string {
	if e.most == 0 {
		return "too many tails are open: try again later"
	}
	return fmt.Sprintf("%d tails are open, tail::max_concurrent is %d: close one, or try again later", e.open, e.most)
}

func (*tooManyTails) Is(target error) bool { return target == errBusy }

// tails counts those that are open.
type tails struct {
	mu     sync.Mutex
	open   map[string]int // by tenant; one of several is a tail of each
	all    int
	closed bool
	wg     sync.WaitGroup
}

// begin makes room for one of some tenants, nil being everybody, until end is called.
func (s *tails) begin(tenants []string, most int) (end func(), err error) {
	if len(tenants) == 0 {
		tenants = []string{""}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errUnavailable
	}
	if s.all >= maxTails {
		return nil, &tooManyTails{open: s.all}
	}
	for _, tenant := range tenants {
		if s.open[tenant] >= most {
			return nil, &tooManyTails{s.open[tenant], most}
		}
	}
	if s.open == nil {
		s.open = map[string]int{}
	}
	s.all++
	for _, tenant := range tenants {
		s.open[tenant]++
	}
	s.wg.Add(1)
	return func() {
		s.mu.Lock()
		s.all--
		for _, tenant := range tenants {
			if s.open[tenant]--; s.open[tenant] == 0 {
				delete(s.open, tenant)
			}
		}
		s.mu.Unlock()
		s.wg.Done()
	}, nil
}

// shutdown waits for those that are open, whose contexts have ended, and lets no other begin.
func (s *tails) shutdown() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.wg.Wait()
}

// tailRequest is what a client wants to follow.
type tailRequest struct {
	expr       *logql.LogExpr
	start      int64 // ns since the Unix epoch; no line before it is sent
	delay      time.Duration
	limit      int // of the lines that are there already
	categorize bool
}

func (c *call) tailRequest() (*tailRequest, error) {
	e, err := logql.Parse(c.p.get("query"))
	if err != nil {
		return nil, err
	}
	log, ok := e.(*logql.LogExpr)
	if !ok {
		return nil, badRequestf("only log queries can be tailed, got a metric query")
	}
	t := &tailRequest{expr: log, categorize: c.categorize()}
	span := tailSpan
	if c.limit.span > 0 {
		span = min(span, c.limit.span)
	}
	start, err := c.p.time("start", c.p.now.Add(-span))
	if err != nil {
		return nil, err
	}
	if err := c.checkSpan(c.p.now.Sub(start)); err != nil {
		return nil, err
	}
	t.start = start.UnixNano()
	if t.limit, err = c.p.number("limit", defaultLimit, c.limit.entries); err != nil {
		return nil, err
	}
	if s := c.p.get("delay_for"); s != "" {
		seconds, err := strconv.ParseFloat(s, 64)
		if err != nil || !(seconds >= 0 && seconds <= maxTailDelay.Seconds()) {
			return nil, badRequestf("delay_for must be a number of seconds from 0 to %g, got %q", maxTailDelay.Seconds(), s)
		}
		t.delay = time.Duration(seconds * float64(time.Second))
	}
	return t, nil
}

// tail is the endpoint, which answers only what is wrong before it becomes a WebSocket.
func (a *archiveQuery) tail() http.Handler {
	upgrader := &websocket.Upgrader{
		CheckOrigin: a.originAllowed,
		Error: func(w http.ResponseWriter, r *http.Request, status int, reason error) {
			a.write(w, r, status, failure(status, reason.Error()))
		},
		WriteBufferPool: &sync.Pool{},
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := &call{a: a, ctx: r.Context(), r: r, start: time.Now()}
		defer c.release() // a shutdown waits for that: the tail is on record then
		outcome, err := c.tail(w, upgrader)
		status := http.StatusSwitchingProtocols
		if err != nil {
			status, outcome = a.classify(r, err)
		}
		c.report("tail", outcome, status)
		if err != nil {
			a.write(w, r, status, failure(status, err.Error()))
		}
		// The time that it took says nothing.
		a.telemetry.ExtensionArchiveQueryRequests.Add(context.WithoutCancel(r.Context()), 1, withAttributes(endpointKey.String("tail"), outcomeKey.String(outcome)))
	})
}

// tail serves one to its end. An error is one before the answer has begun.
func (c *call) tail(w http.ResponseWriter, upgrader *websocket.Upgrader) (outcome string, err error) {
	defer c.a.requests.Add(-1)
	if c.a.requests.Add(1) > maxRequests {
		return "", errBusy
	}
	if c.p, err = readParams(w, c.r, c.start, c.a.formTimeout); err != nil {
		return "", err
	}
	if err := c.identify(); err != nil {
		return "", err
	}
	req, err := c.tailRequest()
	if err != nil {
		return "", err
	}
	if c.a.reader.Load() == nil {
		return "", errUnavailable
	}
	if c.leave, err = c.a.tails.begin(c.tenants, c.a.cfg.Tail.MaxConcurrent); err != nil {
		return "", err
	}
	conn, err := upgrader.Upgrade(w, c.r, nil)
	if err != nil {
		return outcomeBadRequest, nil // it was told
	}
	ctx := context.WithoutCancel(c.ctx)
	c.a.telemetry.ExtensionArchiveQueryTails.Add(ctx, 1)
	defer c.a.telemetry.ExtensionArchiveQueryTails.Add(ctx, -1)
	return c.follow(conn, req), nil
}

// follow serves an open connection until one of both sides ends it.
func (c *call) follow(conn *websocket.Conn, req *tailRequest) (outcome string) {
	ctx, cancel := context.WithCancel(c.ctx)
	var wg sync.WaitGroup
	over := make(chan struct{})
	defer func() {
		close(over)
		_ = conn.Close()
		cancel()
		wg.Wait()
	}()
	times := c.a.tailTimes
	wg.Go(func() {
		defer cancel()
		listen(conn, times.pong)
	})
	wg.Go(func() { // a write that the client does not take must not keep us
		select {
		case <-ctx.Done():
		case <-over:
			return
		}
		select {
		case <-time.After(times.close):
			_ = conn.Close()
		case <-over:
		}
	})
	t := &tailing{call: c, ctx: ctx, req: req, conn: conn, times: times}
	err := t.run()
	code, reason, outcome := c.tailEnd(ctx, err)
	if outcome == outcomeOK && c.read.Partial() {
		outcome = outcomePartial
	}
	_ = conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, reason), time.Now().Add(times.close))
	return outcome
}

// listen returns when the client ends the connection or has gone. What it says means nothing.
func listen(conn *websocket.Conn, patience time.Duration) {
	conn.SetReadLimit(maxTailMessage)
	alive := func(string) error { return conn.SetReadDeadline(time.Now().Add(patience)) }
	conn.SetPongHandler(alive)
	for err := alive(""); err == nil; {
		_, _, err = conn.NextReader()
	}
}

// tailEnd says why a tail ends.
func (c *call) tailEnd(ctx context.Context, err error) (code int, reason, outcome string) {
	switch {
	case c.ctx.Err() != nil: // the request's own, which no client ends
		return websocket.CloseGoingAway, "the server is shutting down", outcomeOK
	case ctx.Err() != nil:
		return websocket.CloseNormalClosure, "", outcomeOK // the client has ended it
	case errors.Is(err, errTailClient):
		return websocket.ClosePolicyViolation, "", outcomeCanceled // nobody reads it
	case err == nil:
		return websocket.CloseGoingAway, "tail::max_duration (" + c.a.cfg.Tail.MaxDuration.String() + ") is over: connect again", outcomeOK
	}
	status, outcome := c.a.classify(c.r, err)
	if outcome == outcomeError {
		c.a.set.Logger.Error("tail failed", zap.Error(err))
	}
	reason = err.Error()
	if len(reason) > maxCloseReason {
		reason = strings.ToValidUTF8(reason[:maxCloseReason], "")
	}
	if status >= http.StatusInternalServerError {
		return websocket.CloseInternalServerErr, reason, outcome
	}
	return websocket.ClosePolicyViolation, reason, outcome
}

// originAllowed keeps pages of other sites from tailing with the browser of whoever visits them: for WebSockets, no browser
// asks.
func (a *archiveQuery) originAllowed(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true // no browser
	}
	if u, err := url.Parse(origin); err == nil && strings.EqualFold(u.Host, r.Host) {
		return true
	}
	if !a.cfg.CORS.HasValue() {
		return false
	}
	for _, allowed := range a.cfg.CORS.Get().AllowedOrigins {
		if before, after, wild := strings.Cut(strings.ToLower(allowed), "*"); wild {
			o := strings.ToLower(origin)
			if len(o) >= len(before)+len(after) && strings.HasPrefix(o, before) && strings.HasSuffix(o, after) {
				return true
			}
		} else if strings.EqualFold(allowed, origin) {
			return true
		}
	}
	return false
}
