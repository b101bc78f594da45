// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"bufio"
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// Metric sums the process's own metric of that name (as Prometheus shows it, e.g.
// otelcol_exporter_sent_log_records_total) over all series whose label text contains each of the given parts.
func (lb *Logboom) Metric(name string, parts ...string) (float64, error) {
	body, err := lb.Loki("metrics").Get("/metrics", nil)
	if err != nil {
		return 0, err
	}
	sum, found := 0.0, false
	lines := bufio.NewScanner(bytes.NewReader(body))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		rest, ok := strings.CutPrefix(lines.Text(), name)
		if !ok || (rest != "" && rest[0] != '{' && rest[0] != ' ') {
			continue
		}
		at := strings.LastIndexByte(rest, ' ')
		if at < 0 || !containsAll(rest[:at], parts) {
			continue
		}
		v, err := strconv.ParseFloat(rest[at+1:], 64)
		if err != nil {
			return 0, fmt.Errorf("parse metric %s: %w", name, err)
		}
		sum, found = sum+v, true
	}
	if !found {
		return 0, fmt.Errorf("no metric %s with %q", name, parts)
	}
	return sum, nil
}

func containsAll(s string, parts []string) bool {
	for _, p := range parts {
		if !strings.Contains(s, p) {
			return false
		}
	}
	return true
}
