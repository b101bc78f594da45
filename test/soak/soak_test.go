// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package soak

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/logboom/logboom/test/harness"
)

const (
	capacity  = 20_000 // records a second that the destination takes
	limitMiB  = 512    // of memory_limiter
	recovers  = 10 * time.Second
	metric    = "otelcol_processor_spike_guard_"
	lastMark  = "logboom.spike_guard.last"
	noticeKey = "logboom.spike_guard.key"

	lengthVariable = "LOGBOOM_SOAK"
)

// config is a gateway as one would run it: a limit of memory, a guard, a queue.
const config = `
receivers:
  otlp: {protocols: {grpc: {endpoint: '{{addr "otlp"}}', max_recv_msg_size_mib: 64}}}
processors:
  memory_limiter: {check_interval: 500ms, limit_mib: %d, spike_limit_mib: 128}
  spike_guard:
    budget:
      global: {records_per_second: 15000}
      learned: {learn: 3s}
    calm: 5s
exporters:
  otlp_grpc:
    endpoint: '%s'
    tls: {insecure: true}
    sending_queue: {sizer: items, queue_size: 50000, num_consumers: 4, block_on_overflow: true}
    retry_on_failure: {max_elapsed_time: 0s}
service:
  pipelines:
    logs: {receivers: [otlp], processors: [memory_limiter, spike_guard], exporters: [otlp_grpc]}
`

// destination takes so many records a second.
type destination struct {
	pace harness.Pace

	mu      sync.Mutex
	records map[string]int64 // by service
	written int64            // by the processor itself
	took    []time.Duration  // of records of quiet services, since the last look
	whole   []time.Duration  // of one in ten of them, since too much came
}

func (d *destination) take(ld plog.Logs) error {
	d.pace.Take(ld.LogRecordCount())
	now := time.Now().UnixNano()
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, rl := range ld.ResourceLogs().All() {
		name, _ := rl.Resource().Attributes().Get("service.name")
		for _, sl := range rl.ScopeLogs().All() {
			for _, lr := range sl.LogRecords().All() {
				_, last := lr.Attributes().Get(lastMark)
				_, notice := lr.Attributes().Get(noticeKey)
				if last || notice {
					d.written++
					continue
				}
				d.records[name.Str()]++
				if sent, ok := lr.Attributes().Get(sentAttribute); ok {
					d.took = append(d.took, time.Duration(now-sent.Int()))
				}
			}
		}
	}
	return nil
}

// p99 is how long a record of a quiet service took since the last look.
func (d *destination) p99() time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i := 0; i < len(d.took); i += 10 {
		d.whole = append(d.whole, d.took[i])
	}
	out := p99(d.took)
	d.took = d.took[:0]
	return out
}

func p99(list []time.Duration) time.Duration {
	if len(list) == 0 {
		return 0
	}
	slices.Sort(list)
	return list[len(list)*99/100]
}

// length is how long the load is too much.
func length(t *testing.T) time.Duration {
	t.Helper()
	v := os.Getenv(lengthVariable)
	if v == "" {
		return 20 * time.Second
	}
	d, err := time.ParseDuration(v)
	require.NoError(t, err, lengthVariable)
	return d
}

func TestSoak(t *testing.T) {
	const before = 10 * time.Second // the guard learns and all settles
	d := &destination{pace: harness.Pace{PerSecond: capacity}, records: map[string]int64{}}
	addr := harness.ServeOTLP(t, harness.Taker{Logs: d.take})
	lb := harness.Start(t, harness.Config{YAML: fmt.Sprintf(config, limitMiB, addr)})
	pid := lb.PID()
	l := startLoad(t, lb.Addr("otlp"))

	time.Sleep(before / 2)
	d.p99()
	time.Sleep(before / 2)
	usual := d.p99()
	d.whole = nil
	idle, _ := harness.Resident(t, pid)
	thinned := func() int64 {
		s, err := lb.Scrape()
		require.NoError(t, err)
		return int64(s.Sum(metric+"over_items_total", `outcome="thinned"`))
	}
	require.Zero(t, thinned(), "thinned in usual times")
	t.Logf("usual: p99 of the quiet services %s, resident %d MiB", usual.Round(time.Millisecond), idle>>20)

	// Too much.
	l.wild.Store(true)
	began, offered := time.Now(), l.offered.Load()
	var resident []int64
	last, report := began, max(length(t)/10, 10*time.Second)
	for time.Since(began) < length(t) {
		time.Sleep(time.Second)
		require.True(t, lb.Running(), "the process has ended")
		now, _ := harness.Resident(t, pid)
		resident = append(resident, now)
		if time.Since(last) > report-500*time.Millisecond {
			last = time.Now()
			took := d.p99()
			t.Logf("after %s: %.0f records a second offered, p99 of the quiet services %s, resident %d MiB", time.Since(began).Round(time.Second),
				float64(l.offered.Load()-offered)/time.Since(began).Seconds(), took.Round(time.Millisecond), now>>20)
		}
	}
	l.wild.Store(false)
	d.p99()
	spike := p99(d.whole)
	ended, rate := time.Now(), float64(l.offered.Load()-offered)/time.Since(began).Seconds()
	_, peak := harness.Resident(t, pid)

	// As before, after ten seconds.
	short := os.Getenv(lengthVariable) == "" // it shares its processors with others
	time.Sleep(recovers)
	if short {
		harness.Eventually(t, time.Minute, func() error {
			s, err := lb.Scrape()
			if err == nil && s.Sum(metric+"spikes") > 0 {
				err = errors.New("the spike is not over")
			}
			return err
		})
	}
	d.p99()
	over := thinned()
	time.Sleep(5 * time.Second)
	back := d.p99()
	s, err := lb.Scrape()
	require.NoError(t, err)
	t.Logf("%s after the end: p99 of the quiet services %s, %d records thinned since %s, %d in the queue, %.0f spikes", time.Since(ended).Round(time.Second),
		back.Round(time.Millisecond), thinned()-over, recovers, int64(s.Sum("otelcol_exporter_queue_size")), s.Sum(metric+"spikes"))
	assert.Equal(t, over, thinned(), "records thinned when all was over")
	assert.Zero(t, s.Sum(metric+"spikes"), "spikes when all was over")
	slack := 50 * time.Millisecond
	if short {
		slack = 3 * time.Second
	}
	assert.Less(t, back, 2*usual+slack, "p99 of the quiet services when all was over")
	l.end()
	account(t, lb, l, d)

	// Flat: the second half takes no more than the first, but for what a garbage collector does.
	first, second := slices.Max(resident[:len(resident)/2]), slices.Max(resident[len(resident)/2:])
	t.Logf("%.0f records a second offered for %s, %d of %d refused; resident: %d MiB in the first half, %d MiB in the second, %d MiB at the highest; p99 of the quiet services %s",
		rate, length(t), l.denied.Load(), l.offered.Load(), first>>20, second>>20, peak>>20, spike.Round(time.Millisecond))
	if !short {
		assert.Less(t, second, first+first/4, "memory grows")
	}
	assert.Less(t, peak, int64(limitMiB)<<20, "memory")
	assert.Equal(t, pid, lb.PID())
	assert.Zero(t, l.failed.Load(), "requests of quiet services that were refused")
	if !short {
		assert.Greater(t, rate, 0.9*runawayWild, "records a second offered")
		assert.Less(t, spike, 2*usual+slack, "p99 of the quiet services")
	}
	lb.Terminate()
	t.Logf("processor time: %s", lb.CPU().Round(time.Second))
}

// account asserts that what was taken is what has come and what was thinned, record for record.
func account(t *testing.T, lb *harness.Logboom, l *load, d *destination) {
	t.Helper()
	var text string
	harness.Eventually(t, time.Minute, func() error {
		s, err := lb.Scrape()
		require.NoError(t, err)
		d.mu.Lock()
		defer d.mu.Unlock()
		of := func(name string) int64 { return int64(s.Sum(metric + name)) }
		received, passed, over := of("received_items_total"), of("passed_items_total"), of("over_items_total")
		emitted, held, lost := of("emitted_items_total"), of("held_items"), of("lost_items_total")
		came := int64(0)
		for _, n := range d.records {
			came += n
		}
		var wrong []string
		check := func(what string, a, b int64) {
			if a != b {
				wrong = append(wrong, fmt.Sprintf("%s: %d and %d", what, a, b))
			}
		}
		check("records acknowledged, received", l.taken(), received)
		check("received, passed and thinned", received, passed+over)
		check("passed, come to the destination", passed, came)
		check("written by the processor, come to the destination", emitted, d.written)
		check("held or lost", held+lost, 0)
		for i := range quietServices {
			check(quietName(i)+" acknowledged, come", l.quiet[i].Load(), d.records[quietName(i)])
		}
		text = fmt.Sprintf("received %d = passed %d + thinned %d; come %d, of %d quiet services all; %d written by the processor itself", received, passed, over, came, quietServices, emitted)
		if wrong != nil {
			return fmt.Errorf("%s", strings.Join(wrong, "; "))
		}
		return nil
	})
	t.Log(text)
}
