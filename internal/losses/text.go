// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package losses

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
)

const (
	// maxLine bounds a line of metrics; longer ones are an error.
	maxLine = 64 << 10
	// maxLabels bounds the labels of a series, maxName what is kept of a value, in bytes.
	maxLabels, maxName = 64, 256
	// maxLosses bounds the sums of one source, and maxServices the services of one; the rest is left out. maxShares is how many of them are told.
	maxLosses, maxServices, maxShares = 500, 2000, 10
)

var errFormat = errors.New("not metrics in Prometheus' text format")

// parse reads metrics and returns the sums of those that the catalog knows and are not 0, and how long their process runs, in seconds;
// 0: it does not tell.
func parse(r io.Reader) (list []Loss, uptimeSeconds float64, err error) {
	sums := map[key]*sum{}
	scan := bufio.NewScanner(r)
	scan.Buffer(make([]byte, 0, 4<<10), maxLine)
	for number := 1; scan.Scan(); number++ {
		line := strings.TrimSpace(scan.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		name, rest := cutName(line)
		if name == "" {
			return nil, 0, fmt.Errorf("line %d: %w", number, errFormat)
		}
		name = strings.TrimSuffix(name, "_total")
		meanings, known := catalog[name]
		if !known && !strings.HasPrefix(name, uptime) {
			continue
		}
		ls, rest, ok := cutLabels(rest)
		value, numeric := cutValue(rest)
		if !ok || !numeric {
			return nil, 0, fmt.Errorf("line %d: %w", number, errFormat)
		}
		if !known {
			if value > uptimeSeconds { // not what is no number
				uptimeSeconds = value
			}
			continue
		}
		for i := range meanings {
			if !meanings[i].holds(ls) || !(value > 0) || math.IsInf(value, 0) {
				continue
			}
			k := meanings[i].key(ls)
			if sums[k] == nil && len(sums) < maxLosses {
				sums[k] = &sum{services: map[string]float64{}}
			}
			if s := sums[k]; s != nil {
				s.add(ls.get("service_name"), value)
			}
			break
		}
	}
	if err := scan.Err(); err != nil {
		return nil, 0, err
	}
	for k, s := range sums {
		list = append(list, Loss{Component: k.component, Kind: k.kind, Reason: k.reason, Text: k.text, Records: count(s.n), Services: s.shares()})
	}
	return list, uptimeSeconds, nil
}

// sum is the number of a loss.
type sum struct {
	n        float64
	services map[string]float64
}

func (s *sum) add(service string, n float64) {
	s.n += n
	if _, have := s.services[service]; service != "" && (have || len(s.services) < maxServices) {
		s.services[service] += n
	}
}

func (s *sum) shares() (list []Share) {
	for service, n := range s.services {
		list = append(list, Share{service, count(n)})
	}
	slices.SortFunc(list, func(a, b Share) int {
		return cmp.Or(cmp.Compare(b.Records, a.Records), strings.Compare(a.Value, b.Value))
	})
	return list[:min(len(list), maxShares)]
}

func count(n float64) int64 { return int64(min(n, 1<<62)) }

// cutName takes the name of the metric off a line. A dot is no character of it, but some have one.
func cutName(line string) (name, rest string) {
	end := strings.IndexFunc(line, func(r rune) bool {
		return r != '_' && r != ':' && r != '.' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
	if end <= 0 || line[0] >= '0' && line[0] <= '9' {
		return "", line
	}
	return line[:end], line[end:]
}

// cutLabels takes {name="value",…} off, if it is there.
func cutLabels(s string) (ls labels, rest string, ok bool) {
	s = strings.TrimLeft(s, " \t")
	if s == "" || s[0] != '{' {
		return nil, s, true
	}
	s = s[1:]
	for {
		s = strings.TrimLeft(s, " \t,")
		if after, done := strings.CutPrefix(s, "}"); done {
			return ls, after, true
		}
		name, after, found := strings.Cut(s, "=")
		after, quoted := strings.CutPrefix(strings.TrimLeft(after, " \t"), `"`)
		if !found || !quoted || len(ls) == maxLabels {
			return nil, "", false
		}
		value, after, closed := cutText(after)
		if !closed {
			return nil, "", false
		}
		ls = append(ls, struct{ name, value string }{strings.Trim(name, " \t\""), value})
		s = after
	}
}

// cutText takes a text up to its closing quote off.
func cutText(s string) (text, rest string, ok bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		ch := s[i]
		switch {
		case ch == '"':
			return strings.ToValidUTF8(b.String(), "\uFFFD"), s[i+1:], true
		case ch == '\\' && i+1 < len(s):
			i++
			if ch = s[i]; ch == 'n' {
				ch = '\n'
			}
		}
		if b.Len() < maxName {
			b.WriteByte(ch)
		}
	}
	return "", "", false
}

// cutValue reads the number, behind which there may be a time.
func cutValue(s string) (float64, bool) {
	fields := strings.Fields(s)
	if len(fields) == 0 {
		return 0, false
	}
	f, err := strconv.ParseFloat(fields[0], 64)
	return f, err == nil
}
