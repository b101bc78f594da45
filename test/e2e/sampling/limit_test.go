// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package sampling

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/test/harness"
)

// limited keeps what fails and a bounded number of the other records.
const limited = `
receivers:
  otlp: {protocols: {grpc: {endpoint: '{{addr "otlp"}}', max_recv_msg_size_mib: 64}}}
processors:
  request_sampling:
    wait: 2s
    policies:
      - {name: errors, severity: error}
      - {name: rest, limit: {records_per_second: %d}}
exporters:
  otlp_grpc: {endpoint: '%s', tls: {insecure: true}, sending_queue: {enabled: false}}
service:
  pipelines:
    logs: {receivers: [otlp], processors: [request_sampling], exporters: [otlp_grpc]}
`

// TestLimit offers first little and then far more than what may be kept in a second: the limit holds, and what the kept records stand for
// is still the truth.
func TestLimit(t *testing.T) {
	t.Parallel() // it mostly waits
	const (
		perSecond = 1500
		pause     = 100 * time.Millisecond
		batches   = 120
	)
	m, k := newMadeShop(300, 200), startKeeper(t)
	k.vary = true
	lb := harness.Start(t, harness.Config{Name: "gateway", YAML: fmt.Sprintf(limited, perSecond, k.Addr)})
	client := harness.DialOTLP(t, lb.Addr("otlp"))
	began := time.Now()
	for i := range batches {
		n := 100 // 1,000 a second
		if i >= batches/3 {
			n = 800
		}
		sendFirm(t, client, m.batch(n))
		time.Sleep(time.Until(began.Add(time.Duration(i+1) * pause)))
	}
	settled(t, lb, "logs", time.Minute)
	took := time.Since(began)
	a := balanced(t, lb, "logs", len(m.shop.records))
	decisions(t, lb)
	s := m.finish()

	k.mu.Lock()
	defer k.mu.Unlock()
	require.Empty(t, k.wrong)
	kept, truth := make([]float64, len(s.requests)), make([]int, len(s.requests)) // what each request stands for, and its records that came
	chosen, estimate, variance := 0, 0.0, 0.0
	for n, r := range s.records {
		require.LessOrEqual(t, k.times[n], 1)
		truth[r.request]++
		if k.times[n] == 1 {
			kept[r.request] += k.weights[n]
			if !s.requests[r.request].failed {
				chosen++
			}
		}
	}
	for i, r := range s.requests {
		if kept[i] == 0 {
			require.False(t, r.failed, "a failed request is dropped")
			continue
		}
		weight := kept[i] / float64(truth[i])
		estimate += kept[i]
		variance += float64(truth[i]*truth[i]) * weight * (weight - 1)
	}
	rate := float64(chosen) / took.Seconds()
	off := estimate - float64(len(s.records))
	interval := quantile(100) * math.Sqrt(variance) // the thresholds are not the same every time
	t.Logf("%s in %s: %.0f of the others kept a second, limit %d; estimate %.0f of %d records, %+.1f %%, %.1f deviations", a, took.Round(time.Millisecond),
		rate, perSecond, estimate, len(s.records), 100*off/float64(len(s.records)), off/math.Sqrt(variance))
	require.LessOrEqual(t, rate, 1.1*perSecond, "records kept a second")
	planned := (batches * pause).Seconds() // it may have taken longer
	require.GreaterOrEqual(t, float64(chosen), 0.5*perSecond*planned, "records kept")
	require.LessOrEqual(t, math.Abs(off), interval, "what the kept records stand for")
}
