// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"fmt"
	"strconv"
	"strings"
)

// Scrape is what the process says about itself at one moment, as Prometheus gets it.
type Scrape string

// Scrape asks the process for all its metrics at once.
func (lb *Logboom) Scrape() (Scrape, error) {
	body, err := lb.Loki("metrics").Get("/metrics", nil)
	if err != nil {
		return "", fmt.Errorf("scrape: %w", err)
	}
	return Scrape(body), nil
}

// Sum adds up all series of that name whose label text contains each of the given parts; no series is 0.
func (s Scrape) Sum(name string, parts ...string) (sum float64) {
	for line := range strings.Lines(string(s)) {
		rest, ok := strings.CutPrefix(strings.TrimSpace(line), name)
		if !ok || rest == "" || (rest[0] != '{' && rest[0] != ' ') {
			continue
		}
		at := strings.LastIndexByte(rest, ' ')
		if !containsAll(rest[:at], parts) {
			continue
		}
		v, _ := strconv.ParseFloat(rest[at+1:], 64)
		sum += v
	}
	return sum
}

// Has reports whether a metric of that name is there.
func (s Scrape) Has(name string) bool { return strings.Contains(string(s), "\n"+name) }
