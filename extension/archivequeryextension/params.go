// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/logboom/logboom/logql"
)

// maxFormBytes bounds the body of a POST request.
const maxFormBytes = 1 << 20

// defaultLimit is how many entries a log query returns that does not say.
const defaultLimit = 100

// badRequest is a mistake of the client; its text is for the client.
type badRequest struct{ msg string }

func (e *badRequest) Error() string { return e.msg }

func badRequestf(format string, args ...any) error { return &badRequest{fmt.Sprintf(format, args...)} }

// params are the parameters of one request, of its URL and of its form.
type params struct {
	values url.Values
	now    time.Time
}

// readParams reads URL and form. A body that does not come within the timeout is a mistake of the client: without
// that, one that never ends would keep its connection and its goroutine for good.
func readParams(w http.ResponseWriter, r *http.Request, now time.Time, timeout time.Duration) (*params, error) {
	deadline := http.NewResponseController(w)
	if r.ContentLength != 0 {
		_ = deadline.SetReadDeadline(time.Now().Add(timeout)) // not possible in tests without a connection
	}
	if r.Method == http.MethodPost {
		r.Body = http.MaxBytesReader(w, r.Body, maxFormBytes)
	}
	if err := r.ParseForm(); err != nil {
		return nil, badRequestf("parse request parameters: %s", err)
	}
	if r.Method == http.MethodPost {
		_ = deadline.SetReadDeadline(time.Time{}) // it would cancel a query that takes longer
	}
	return &params{values: r.Form, now: now}, nil
}

func (p *params) get(name string) string { return p.values.Get(name) }

// time reads a point in time: ns, seconds (up to ten digits, or with a fraction) or RFC 3339.
func (p *params) time(name string, def time.Time) (time.Time, error) {
	s := p.get(name)
	if s == "" {
		return def, nil
	}
	t, err := parseTime(s)
	if err != nil {
		return t, badRequestf("%s: %s", name, err)
	}
	return t, nil
}

func parseTime(s string) (time.Time, error) {
	if strings.ContainsAny(s, ".eE") {
		if f, err := strconv.ParseFloat(s, 64); err == nil {
			if math.IsNaN(f) || math.Abs(f) > math.MaxInt64/1e9 {
				return time.Time{}, fmt.Errorf("cannot use %q as a time: out of range", s)
			}
			sec, frac := math.Modf(f)
			return time.Unix(int64(sec), int64(math.Round(frac*1e6))*1e3), nil
		}
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		if len(strings.TrimPrefix(s, "-")) <= 10 {
			if n > math.MaxInt64/int64(time.Second) || n < math.MinInt64/int64(time.Second) {
				return time.Time{}, fmt.Errorf("cannot use %q as a time: out of range", s)
			}
			return time.Unix(n, 0), nil
		}
		return time.Unix(0, n), nil
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil || t.Year() < 1700 || t.Year() > 2250 {
		return time.Time{}, fmt.Errorf("cannot parse %q as a time: expecting ns or s since the Unix epoch, or RFC 3339", s)
	}
	return t, nil
}

// parseSpan reads a duration (15s, 1h30m, 15000ms) or a number of seconds.
func parseSpan(name, s string) (time.Duration, error) {
	if f, err := strconv.ParseFloat(s, 64); err == nil {
		if math.IsNaN(f) || math.Abs(f) > math.MaxInt64/1e9 {
			return 0, badRequestf("%s: cannot use %q as a duration: out of range", name, s)
		}
		return time.Duration(f * 1e9), nil
	}
	d, ok := logql.ParseDuration(s)
	if !ok {
		return 0, badRequestf("%s: cannot parse %q as a duration: expecting 15s, 1m30s or a number of seconds", name, s)
	}
	return d, nil
}

// bounds reads start, end and since. Without them the range is the last `span` up to now.
func (p *params) bounds(span time.Duration) (start, end time.Time, err error) {
	if end, err = p.time("end", p.now); err != nil {
		return start, end, err
	}
	if s := p.get("since"); s != "" {
		if span, err = parseSpan("since", s); err != nil {
			return start, end, err
		}
		if span < 0 {
			return start, end, badRequestf("since must not be negative, got %q", s)
		}
	}
	base := end
	if base.After(p.now) {
		base = p.now
	}
	if start, err = p.time("start", base.Add(-span)); err != nil {
		return start, end, err
	}
	if end.Before(start) {
		return start, end, badRequestf("end timestamp must not be before start time")
	}
	return start, end, nil
}

// step reads the distance of the points of a metric query; without one there are about 250 of them.
func (p *params) step(start, end time.Time) (time.Duration, error) {
	s := p.get("step")
	if s == "" {
		return max(time.Second, time.Duration(math.Floor(end.Sub(start).Seconds()/250))*time.Second), nil
	}
	d, err := parseSpan("step", s)
	if err != nil {
		return 0, err
	}
	if d <= 0 {
		return 0, badRequestf("zero or negative query resolution step widths are not accepted. Try a positive integer")
	}
	return d, nil
}

// interval reads how far the lines of a log query must be from each other.
func (p *params) interval() (time.Duration, error) {
	s := p.get("interval")
	if s == "" {
		return 0, nil
	}
	d, err := parseSpan("interval", s)
	if err == nil && d < 0 {
		err = badRequestf("interval must not be negative, got %q", s)
	}
	return d, err
}

func (p *params) number(name string, def, largest int) (int, error) {
	s := p.get(name)
	if s == "" {
		return min(def, largest), nil
	}
	n, err := strconv.Atoi(s)
	switch {
	case err != nil:
		return 0, badRequestf("%s: cannot parse %q as a number", name, s)
	case n <= 0:
		return 0, badRequestf("%s must be a positive value", name)
	case n > largest:
		return 0, badRequestf("max entries limit per query exceeded, %s > max_entries (%d > %d)", name, n, largest)
	}
	return n, nil
}

// backward reads the direction.
func (p *params) backward() (bool, error) {
	switch s := p.get("direction"); strings.ToLower(s) {
	case "", "backward":
		return true, nil
	case "forward":
		return false, nil
	default:
		return false, badRequestf("invalid direction %q: expecting forward or backward", s)
	}
}

// matchers reads a stream selector parameter; a missing one selects everything.
func matchers(selector string) ([]*logql.Matcher, error) {
	if strings.TrimSpace(selector) == "" {
		return nil, nil
	}
	return logql.ParseMatchers(selector)
}
