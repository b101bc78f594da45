// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package culprit

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Incident is a stream with something wrong in an interval, and what that is.
type Incident struct {
	Kind       string
	Seed       int
	Detail     string
	Start, End time.Time // the bad interval
	Service    string    // the true cause
	Pod        string    // of it, if it is one
	Records    []Record
}

// Kinds are the kinds of incidents.
var Kinds = []string{"failing", "spike", "pod", "latency"}

// callers are the chains of calls of the generator's shop.
var callers = map[string]map[string]string{
	"browse":    {"catalog": "api-gateway", "recommendation": "api-gateway"},
	"search":    {"search": "api-gateway"},
	"login":     {"auth": "api-gateway"},
	"cart-view": {"auth": "api-gateway", "cart": "api-gateway"},
	"cart-add":  {"auth": "api-gateway", "cart": "api-gateway", "inventory": "cart"},
	"checkout": {
		"auth": "api-gateway", "checkout": "api-gateway", "cart": "checkout", "inventory": "checkout", "payment": "checkout", "fraud": "payment",
		"shipping": "checkout", "email": "checkout",
	},
}

var services = []string{
	"auth", "cart", "checkout", "payment", "inventory", "email", "search", "shipping", "recommendation", "catalog", "fraud", "api-gateway",
}

// Plant makes an incident. rate is the stream's records a second, of which there are some minutes.
func Plant(generate func(time.Time, ...string) (*Stream, error), kind string, seed int, begin time.Time, rate int) (*Incident, error) {
	rnd := rand.New(rand.NewPCG(uint64(seed), uint64(len(kind)))) //nolint:gosec // reproducible
	length := time.Duration(30+rnd.IntN(60)) * time.Second
	before := 4 * length
	service := services[(seed*5+len(kind)+rnd.IntN(3))%len(services)]
	in := &Incident{Kind: kind, Seed: seed, Service: service, Start: begin.Add(before), End: begin.Add(before + length)}
	args := func(seed, rate int, length time.Duration, more ...string) []string {
		n := int(float64(rate) * length.Seconds())
		return append([]string{"-seed", strconv.Itoa(seed), "-records", strconv.Itoa(n), "-rate", strconv.Itoa(rate)}, more...)
	}
	whole := before + length + length/2
	if kind == "spike" {
		s, err := generate(begin, args(seed, rate, whole, "-spike-share", []string{"0.03", "0.1", "0.2"}[rnd.IntN(3)])...)
		if err != nil {
			return nil, err
		}
		if s.spike == nil {
			return nil, fmt.Errorf("seed %d: no spike", seed)
		}
		in.Service, in.Records = s.spike.Service, s.records
		// As somebody would mark it on a histogram: not to the millisecond.
		in.Start = time.Unix(0, s.spike.Start).Add(-2 * time.Second)
		in.End = time.Unix(0, s.spike.End).Add(2 * time.Second)
		in.Detail = in.End.Sub(in.Start).Round(time.Second).String()
		return in, nil
	}
	s, err := generate(begin, args(seed, rate, whole, "-spikes", "0")...)
	if err != nil {
		return nil, err
	}
	if kind == "latency" {
		return in, in.latency(s, rnd)
	}
	// Requests that fail in the service, by the same generator with the same seed: its pods and clocks are the same.
	failing, err := generate(in.Start, args(seed, 5*rate, length, "-spikes", "0", "-error-rate", "0.9")...)
	if err != nil {
		return nil, err
	}
	return in, in.fail(s, failing, rnd)
}

// byRequest groups records.
func byRequest(records []Record) map[string][]Record {
	out := map[string][]Record{}
	for i := range records {
		out[records[i].Request] = append(out[records[i].Request], records[i])
	}
	return out
}

func (in *Incident) during(r *request) bool {
	return r.Start >= in.Start.UnixNano() && r.Start < in.End.UnixNano()
}

// fail replaces requests through the service by others that fail there; in a new pod of it, if that is the kind.
func (in *Incident) fail(s, failing *Stream, rnd *rand.Rand) error {
	var spare []request
	for _, r := range failing.requests {
		if r.ErrorService == in.Service {
			spare = append(spare, r)
		}
	}
	bad := byRequest(failing.records)
	share := 0.1 + 0.5*rnd.Float64()
	toPod := 1.0
	if in.Kind == "pod" {
		toPod, share = 0.2+0.3*rnd.Float64(), 0.3+0.5*rnd.Float64()
		in.Pod = in.Service + "-x" + strconv.FormatUint(rnd.Uint64()&0xffffff, 36) + "-" + strconv.FormatUint(rnd.Uint64()&0xfffff, 36)
	}
	through, failed := 0, 0
	drop, move := map[string]bool{}, map[string]bool{}
	var added []Record
	for i := range s.requests {
		r := &s.requests[i]
		if !in.during(r) || !slices.Contains(r.Services, in.Service) {
			continue
		}
		through++
		if rnd.Float64() >= toPod {
			continue
		}
		if rnd.Float64() >= share || len(spare) == 0 {
			move[r.ID] = in.Pod != ""
			continue
		}
		failed++
		drop[r.ID] = true
		other := spare[len(spare)-1]
		spare = spare[:len(spare)-1]
		for _, rec := range bad[other.ID] {
			rec.Time += r.Start - other.Start
			rec.Observed += r.Start - other.Start
			in.repod(&rec)
			added = append(added, rec)
		}
	}
	if failed < 5 {
		return fmt.Errorf("%s, seed %d: only %d failing requests of %s", in.Kind, in.Seed, failed, in.Service)
	}
	for _, rec := range s.records {
		if drop[rec.Request] {
			continue
		}
		if move[rec.Request] {
			in.repod(&rec)
		}
		in.Records = append(in.Records, rec)
	}
	in.Records = append(in.Records, added...)
	in.sort()
	in.Detail = fmt.Sprintf("%d of %d requests in %s", failed, through, in.End.Sub(in.Start))
	return nil
}

// repod moves a record of the service to the new pod.
func (in *Incident) repod(r *Record) {
	if in.Pod != "" && r.Service == in.Service {
		r.Body = strings.ReplaceAll(r.Body, r.Pod, in.Pod)
		r.Pod = in.Pod
	}
}

func (in *Incident) sort() {
	slices.SortStableFunc(in.Records, func(a, b Record) int { return int(a.Observed - b.Observed) })
}

var (
	ended    = regexp.MustCompile(`completed|finished|done|served|written`)
	millis   = regexp.MustCompile(`(\d+)( ?ms)`)
	edgeTime = regexp.MustCompile(`rt=(\d+\.\d+)`)
)

// latency makes requests through the service take longer there, and so in all that called it.
func (in *Incident) latency(s *Stream, rnd *rand.Rand) error {
	more := time.Duration(100+rnd.IntN(1200)) * time.Millisecond
	share := 0.4 + 0.6*rnd.Float64()
	slow := map[string]*request{}
	extra := map[string]time.Duration{}
	through := 0
	for i := range s.requests {
		r := &s.requests[i]
		if in.during(r) && slices.Contains(r.Services, in.Service) {
			if through++; rnd.Float64() < share {
				slow[r.ID] = r
				extra[r.ID] = time.Duration(float64(more) * (0.5 + rnd.Float64()))
			}
		}
	}
	if len(slow) < 5 {
		return fmt.Errorf("latency, seed %d: only %d requests through %s", in.Seed, len(slow), in.Service)
	}
	after := map[string]int64{} // when the service was done with the request
	for i := range s.records {
		if r := &s.records[i]; r.Service == in.Service && slow[r.Request] != nil && ended.MatchString(r.Body) {
			after[r.Request] = r.Observed
		}
	}
	for i := range s.records {
		r := &s.records[i]
		q, from := slow[r.Request], after[r.Request]
		if q == nil || from == 0 || r.Observed < from {
			continue
		}
		d := extra[r.Request]
		r.Time += int64(d)
		r.Observed += int64(d)
		switch {
		case r.Service == "edge":
			r.Body = edgeTime.ReplaceAllStringFunc(r.Body, func(s string) string {
				v, _ := strconv.ParseFloat(s[3:], 64)
				return fmt.Sprintf("rt=%.3f", v+d.Seconds())
			})
		case in.waits(q.Flow, r.Service) && ended.MatchString(r.Body):
			at := millis.FindAllStringSubmatchIndex(r.Body, -1)
			if len(at) == 0 {
				return fmt.Errorf("latency: no duration in a line of %s", r.Service)
			}
			last := at[len(at)-1]
			v, _ := strconv.ParseInt(r.Body[last[2]:last[3]], 10, 64)
			r.Body = r.Body[:last[2]] + strconv.FormatInt(v+d.Milliseconds(), 10) + r.Body[last[3]:]
		}
	}
	in.Records = s.records
	in.sort()
	in.Detail = fmt.Sprintf("+%s in %d of %d requests in %s", more, len(slow), through, in.End.Sub(in.Start))
	return nil
}

// waits reports whether a service waits for that of the incident in a flow, or is it.
func (in *Incident) waits(flow, service string) bool {
	for at := in.Service; at != ""; at = callers[flow][at] {
		if at == service {
			return true
		}
	}
	return false
}
