// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package bucket

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// slowest is the rate, in bytes per second and connection, that an upload must not fall below for long. Uploads share
// the way to the bucket: with four of them it must let 64 KiB/s through.
const slowest = 16 << 10

// sendBuffer is how much of what was sent, in bytes, may still lie in a buffer of this machine: Linux's limit for a connection.
const sendBuffer = 4 << 20

// CallTimeout is how long a call may take that creates an object of that many bytes: two minutes, and what the body takes
// over a slow line (16 KiB/s). A shorter one would cut uploads that progress, and start them again from the beginning, for
// ever. It is not how a silent server is noticed, which the clients do themselves, sooner.
func CallTimeout(size int) time.Duration {
	return 2*time.Minute + time.Duration(size)*(time.Second/slowest)
}

// patience is how long a request may stand still: the server's time for an answer, and the time that what the system
// has taken but perhaps not sent takes at a rate, in bytes per second.
type patience struct {
	answer time.Duration
	rate   int64
}

// usual is the patience of all clients (less in a test).
var usual = patience{answer: time.Minute, rate: slowest}

func (p patience) limit(sent int64) time.Duration {
	return p.answer + time.Duration(min(sent, sendBuffer))*time.Second/time.Duration(p.rate)
}

// patient is a transport that gives a request up when nothing of it moves any more: no byte of its body is taken, its
// answer does not begin, or the answer's body stops. While something moves it may take as long as it takes.
//
// Neither the read deadlines of connections can do that, since a connection has nothing to read while a long body is on
// its way, nor ResponseHeaderTimeout alone, which begins when the system has the last byte, not the server.
type patient struct {
	patience
	base *http.Transport
}

func (p *patient) CloseIdleConnections() { p.base.CloseIdleConnections() }

func (p *patient) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(r.Context())
	w := &watch{patience: p.patience, cancel: cancel}
	w.timer = time.AfterFunc(time.Hour, w.fire) // until begin sets it
	w.begin()
	out := r.WithContext(ctx)
	if r.Body != nil && r.Body != http.NoBody {
		out.Body = &sending{r.Body, w}
		if r.GetBody != nil {
			out.GetBody = func() (io.ReadCloser, error) {
				body, err := r.GetBody()
				if err != nil {
					return nil, err
				}
				return &sending{body, w}, nil
			}
		}
	}
	res, err := p.base.RoundTrip(out)
	silent := w.answered()
	if err == nil && silent == nil {
		res.Body = &receiving{res.Body, w}
		return res, nil
	}
	if err == nil {
		res.Body.Close()
	}
	cancel(nil)
	if silent != nil && r.Context().Err() == nil {
		err = silent
	}
	return nil, err
}

// watch ends one request that stands still.
type watch struct {
	patience
	cancel context.CancelCauseFunc
	timer  *time.Timer

	mu       sync.Mutex
	waiting  bool
	sent     int64 // bytes of the body
	received bool  // the answer has begun: what is left of the body does not matter
	deadline time.Time
	silent   error // what ended the request
}

func (w *watch) fire() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.waiting && w.silent == nil && !time.Now().Before(w.deadline) { // else something has moved meanwhile
		w.silent = &silentError{w.limit(w.sent)}
		w.cancel(w.silent)
	}
}

// begin starts to wait, or starts anew when something has moved.
func (w *watch) begin() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.beginLocked()
}

func (w *watch) beginLocked() {
	limit := w.limit(w.sent)
	w.waiting, w.deadline = true, time.Now().Add(limit)
	w.timer.Reset(limit)
}

// took says that n more bytes of the body were taken.
func (w *watch) took(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sent += int64(n)
	if !w.received {
		w.beginLocked()
	}
}

// answered ends the wait for the answer's begin.
func (w *watch) answered() error {
	w.mu.Lock()
	w.received, w.sent = true, 0
	w.mu.Unlock()
	return w.end()
}

// end ends a wait. It returns an error if it was too long.
func (w *watch) end() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.waiting = false
	w.timer.Stop()
	return w.silent
}

// sending is the body of a request.
type sending struct {
	io.ReadCloser
	w *watch
}

func (s *sending) Read(p []byte) (int, error) {
	n, err := s.ReadCloser.Read(p)
	s.w.took(n)
	return n, err
}

// receiving is the body of an answer. Time counts while somebody reads it.
type receiving struct {
	io.ReadCloser
	w *watch
}

func (r *receiving) Read(p []byte) (int, error) {
	r.w.begin()
	n, err := r.ReadCloser.Read(p)
	silent := r.w.end()
	if err == nil {
		return n, nil
	}
	if silent != nil && err != io.EOF { //nolint:errorlint // the end of the body and nothing else
		err = silent
	}
	r.w.cancel(nil)
	return n, err
}

func (r *receiving) Close() error {
	err := r.ReadCloser.Close()
	r.w.cancel(nil)
	return err
}

// silentError is what a request ends with that stood still. The clients repeat reads after it.
type silentError struct{ after time.Duration }

func (e *silentError) Error() string {
	return fmt.Sprintf("the server has not moved for %v", e.after.Round(time.Millisecond))
}

func (*silentError) Timeout() bool   { return true }
func (*silentError) Temporary() bool { return true }
