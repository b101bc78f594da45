// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package sampling

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/logboom/logboom/test/harness"
)

// keeper is the destination: it notes which records it was sent, how often, and how many each stands for.
type keeper struct {
	Addr string

	mu      sync.Mutex
	answer  error
	refused int
	times   map[int]int
	weights map[int]float64
	vary    bool           // they may have different thresholds
	sampled string         // the threshold of those that are kept by chance
	wrong   map[string]int // what is wrong with a record: number of them
}

func startKeeper(t *testing.T) *keeper {
	t.Helper()
	k := &keeper{times: map[int]int{}, weights: map[int]float64{}, wrong: map[string]int{}}
	k.Addr = harness.ServeOTLP(t, harness.Taker{Logs: k.take})
	return k
}

func (k *keeper) take(ld plog.Logs) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.answer != nil {
		k.refused++
		return k.answer
	}
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, lr := range sl.LogRecords().All() {
				number, ok := lr.Attributes().Get(numberAttribute)
				if !ok {
					k.wrong["no number"]++
					continue
				}
				n := int(number.Int())
				k.times[n]++
				threshold, ok := lr.Attributes().Get("sampling.threshold")
				if !ok {
					k.wrong["no sampling.threshold"]++
				}
				weight, err := weightOf(threshold.Str())
				if ok && err != nil {
					k.wrong[err.Error()]++
				}
				k.weights[n] = weight
				if weight > 1 && k.sampled == "" {
					k.sampled = threshold.Str()
				}
				if weight > 1 && k.sampled != threshold.Str() && !k.vary {
					k.wrong["another threshold"]++
				}
				// Without a trace id a later sampler knows the randomness from this attribute alone.
				if _, ok := lr.Attributes().Get("sampling.randomness"); !ok && weight > 1 && lr.TraceID().IsEmpty() {
					k.wrong["no sampling.randomness"]++
				}
			}
		}
	}
	return nil
}

// answerWith makes the destination refuse all, nil lets it take again.
func (k *keeper) answerWith(err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.answer = err
}

// count is the number of records taken, doubles too.
func (k *keeper) count() (n int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, times := range k.times {
		n += times
	}
	return n
}

// weightOf is how many records one with this threshold stands for. A threshold is up to 14 hexadecimal digits without trailing zeros:
// of 2^56 parts of all requests it leaves out as many.
func weightOf(threshold string) (float64, error) {
	const digits = 14
	if threshold == "" || len(threshold) > digits || (threshold != "0" && strings.HasSuffix(threshold, "0")) {
		return 1, fmt.Errorf("threshold %q", threshold)
	}
	v, err := strconv.ParseUint(threshold+strings.Repeat("0", digits-len(threshold)), 16, 64)
	if err != nil {
		return 1, fmt.Errorf("threshold %q", threshold)
	}
	return 1 / (1 - float64(v)/(1<<56)), nil
}

// judge compares what came out with what must.
type judge struct {
	shop *shop
	kept *keeper
	rate float64 // of the requests that did not fail
	slow []bool  // requests that came too slowly to be sure of their outcome; nil: none
}

// confidence is that of the intervals: 99.9 %.
const confidence = 0.999

// quantile is how many standard deviations an interval reaches so that all of n of them hold with the confidence.
func quantile(n int) float64 {
	return math.Sqrt2 * math.Erfinv(1-(1-confidence)/float64(n))
}

func (j *judge) check(t *testing.T) {
	t.Helper()
	k := j.kept
	k.mu.Lock()
	defer k.mu.Unlock()
	require.Empty(t, k.wrong, "records that are not as they should be")

	// Exactly once, and all of a request or nothing.
	doubled := 0
	parts := make([]int, len(j.shop.requests))
	keyless, keylessKept := 0, 0
	for n, r := range j.shop.records {
		times := k.times[n]
		if times > 1 {
			doubled++
		}
		switch {
		case r.request < 0:
			keyless++
			keylessKept += min(times, 1)
		case times > 0:
			parts[r.request]++
		}
	}
	weight, _ := weightOf(k.sampled)
	require.InEpsilon(t, 1/j.rate, weight, 1e-3, "what a record stands for that was kept by chance")
	threshold := k.sampled + strings.Repeat("0", 14-len(k.sampled))
	failed, failedKept, others, othersKept, split, slow, inconsistent := 0, 0, 0, 0, 0, 0, 0
	for i, r := range j.shop.requests {
		if parts[i] != 0 && parts[i] != r.records {
			if split++; split <= 5 {
				t.Logf("split: request %s (trace %s, status %d): %d of %d records", r.id, r.trace, r.status, parts[i], r.records)
				for n, rec := range j.shop.records {
					if rec.request == i {
						t.Logf("  kept %d times: %s %s %.160s", k.times[n], rec.service, rec.severity, rec.line)
					}
				}
			}
		}
		switch {
		case r.records == 0:
		case j.slow != nil && j.slow[i]:
			slow++
		case r.failed:
			failed++
			if parts[i] == r.records {
				failedKept++
			} else {
				t.Logf("lost: request %s (trace %s, status %d): %d of %d records kept", r.id, r.trace, r.status, parts[i], r.records)
			}
		default:
			others++
			if parts[i] > 0 {
				othersKept++
			}
			// A share of the last 14 digits of the trace ids as large as the rate, the greatest, is what every sampler keeps.
			if r.trace[18:] >= threshold != (parts[i] > 0) {
				inconsistent++
			}
		}
	}
	deviation := math.Sqrt(float64(others) * j.rate * (1 - j.rate))
	expected := float64(others) * j.rate
	low, high := expected-quantile(1)*deviation, expected+quantile(1)*deviation
	t.Logf("%d records of %d requests; %d came too slowly to judge", len(j.shop.records), len(j.shop.requests), slow)
	t.Logf("failed requests kept: %d of %d; doubled records: %d; split requests: %d", failedKept, failed, doubled, split)
	t.Logf("other requests kept: %d of %d = %.2f %% for a rate of %g %%; 99.9 %% interval: %.0f to %.0f requests", othersKept, others, 100*float64(othersKept)/float64(others), 100*j.rate, low, high)
	t.Logf("requests with another outcome than the randomness of their trace id gives: %d; threshold %s", inconsistent, k.sampled)
	t.Logf("records of no request kept: %d of %d", keylessKept, keyless)
	require.Zero(t, doubled, "records that came twice")
	require.Zero(t, split, "requests kept in part")
	require.NotZero(t, failed)
	require.Equal(t, failed, failedKept, "failed requests kept")
	require.Equal(t, keyless, keylessKept, "records of no request kept")
	require.Zero(t, inconsistent, "requests that a sampler elsewhere would decide differently")
	require.GreaterOrEqual(t, float64(othersKept), low, "other requests kept")
	require.LessOrEqual(t, float64(othersKept), high, "other requests kept")
	j.estimates(t)
}

// cell is a group of records of which the number is estimated.
type cell struct {
	truth, estimate float64
	squares         float64 // of the numbers of records that each request kept by chance has in it
}

// estimates compares the counts that the kept records and their weights give with the truth: in all, by service, by severity, by both.
// A request is kept or dropped with all its n records of a cell, with the probability p: its part of the estimate, n/p or 0, has the
// variance n²(1-p)/p.
func (j *judge) estimates(t *testing.T) {
	t.Helper()
	cells := map[string]*cell{}
	perRequest := map[string]map[int]float64{} // by cell: records of a request
	for n, r := range j.shop.records {
		for _, name := range []string{"all", r.service, r.severity, r.service + " " + r.severity} {
			c := cells[name]
			if c == nil {
				c = &cell{}
				cells[name], perRequest[name] = c, map[int]float64{}
			}
			c.truth++
			if j.kept.times[n] > 0 {
				c.estimate += j.kept.weights[n]
			}
			if r.request >= 0 && !j.shop.requests[r.request].failed {
				perRequest[name][r.request]++
			}
		}
	}
	for name, requests := range perRequest {
		for _, n := range requests {
			cells[name].squares += n * n
		}
	}
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\ncount of\ttruth\testimate\toff by\tdeviations\tinterval\t")
	within2, within1, missed := 0, 0, []string{}
	names := slices.SortedFunc(maps.Keys(cells), func(a, b string) int {
		return cmp.Or(strings.Count(a, " ")-strings.Count(b, " "), cmp.Compare(cells[b].truth, cells[a].truth), cmp.Compare(a, b))
	})
	for _, name := range names {
		c := cells[name]
		sigma := math.Sqrt(c.squares * (1 - j.rate) / j.rate)
		off := c.estimate - c.truth
		// With 1e-6 of the count for the rounding of weights.
		interval := quantile(len(cells))*sigma + 1e-6*c.truth
		if math.Abs(off) <= 0.02*c.truth {
			within2++
		}
		if math.Abs(off) <= max(0.02*c.truth, quantile(1)*sigma+1e-6*c.truth) {
			within1++
		}
		if math.Abs(off) > max(0.02*c.truth, interval) {
			missed = append(missed, fmt.Sprintf("%s: %.0f instead of %.0f", name, c.estimate, c.truth))
		}
		if !strings.Contains(name, " ") {
			fmt.Fprintf(w, "%s\t%.0f\t%.0f\t%+.2f %%\t%+.1f\t±%.1f %%\t\n", name, c.truth, c.estimate, 100*off/c.truth, off/max(sigma, 1), 100*interval/c.truth)
		}
	}
	w.Flush()
	t.Logf("estimates of %d counts: %d within 2 %%, %d within 2 %% or the 99.9 %% interval of each, %d beyond what all of them together keep with 99.9 %%%s",
		len(cells), within2, within1, len(missed), b.String())
	require.Empty(t, missed, "estimates that neither 2 %% nor theory explain")
}
