// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package sampling

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/logboom/logboom/test/harness"
)

// parse reads the formats of the shop: what its lines say of ids, severity and status. Three of them hold the request id where only a
// pattern of one's own finds it.
const parse = `
  grok:
    rules:
      - name: shop
        parsers:
          - grok: '\A%{TIMESTAMP_ISO8601:timestamp} - %{NOTSPACE:logger} - %{LOGLEVEL:level} - \[(?:-|%{UUID:request_id})\] %{GREEDYDATA:message}'
          - grok: '\A<%{NONNEGINT:syslog.priority:int}>1 %{NOTSPACE:timestamp} %{NOTSPACE:host.name} %{NOTSPACE:process.name} %{NOTSPACE:process.pid} %{NOTSPACE:syslog.msgid} \[req@32473 id="%{UUID:request_id}" trace="(?<trace_id>\h{32})"\] %{GREEDYDATA:message}'
          - grok: '\A<%{NONNEGINT:syslog.priority:int}>%{SYSLOGTIMESTAMP:timestamp} %{NOTSPACE:host.name} %{PROG:process.name}\[%{POSINT:process.pid:int}\]: rid=%{UUID:request_id} %{GREEDYDATA:message}'
          - auto: {}
`

// gateway parses and samples. What is kept is sent at once, without a queue, so that the counters tell what has arrived.
const gateway = `
extensions:
  file_storage: {directory: '{{dir "storage"}}', create_directory: true, fsync: true}
receivers:
  otlp: {protocols: {grpc: {endpoint: '{{addr "otlp"}}', max_recv_msg_size_mib: 64}}}
processors:%s
  request_sampling:
    correlation: [request_id]
    wait: %s
    policies:
      - {name: errors, severity: error}
      - {name: failed, http_status: {min: 500, max: 599}}
      - {name: rest, rate: %g}
    max_held_mib: %d
    storage: file_storage
exporters:
  otlp_grpc:
    endpoint: '%s'
    tls: {insecure: true}
    sending_queue: {enabled: false}
    retry_on_failure: {max_elapsed_time: 0s}
service:
  extensions: [file_storage]
  pipelines:
    logs: {receivers: [otlp], processors: [grok, request_sampling], exporters: [otlp_grpc]}
`

// length is the number of records of a stream.
func length(t *testing.T, short int) int {
	t.Helper()
	if s := os.Getenv("LOGBOOM_SAMPLING_RECORDS"); s != "" {
		n, err := strconv.Atoi(s)
		require.NoError(t, err, "LOGBOOM_SAMPLING_RECORDS")
		return n
	}
	return short
}

// account is what the processor says of its records.
type account struct{ received, restored, kept, dropped, held int }

func (a account) String() string {
	return fmt.Sprintf("received %d, restored %d, kept %d, dropped %d, held %d", a.received, a.restored, a.kept, a.dropped, a.held)
}

const metric = "otelcol_processor_request_sampling_"

func accountOf(t *testing.T, lb *harness.Logboom, signal string) account {
	t.Helper()
	s, err := lb.Scrape()
	require.NoError(t, err)
	of := func(name string) int { return int(s.Sum(metric+name, signalLabel(signal))) }
	require.True(t, s.Has(metric+"held_items"), "metrics of request_sampling")
	return account{of("received_items_total"), of("restored_items_total"), of("kept_items_total"), of("dropped_items_total"), of("held_items")}
}

func signalLabel(signal string) string { return `otel_signal="` + signal + `"` }

// settled waits until nothing is held.
func settled(t *testing.T, lb *harness.Logboom, signal string, within time.Duration) (a account) {
	t.Helper()
	harness.Eventually(t, within, func() error {
		if a = accountOf(t, lb, signal); a.held > 0 {
			return fmt.Errorf("%d %s are held", a.held, signal)
		}
		return nil
	})
	return a
}

// balanced waits for a moment at which all that was received since the start, or restored at it, is kept, dropped or held.
func balanced(t *testing.T, lb *harness.Logboom, signal string, received int) (a account) {
	t.Helper()
	harness.Eventually(t, time.Minute, func() error {
		a = accountOf(t, lb, signal)
		if a.received != received || a.received+a.restored != a.kept+a.dropped+a.held {
			return fmt.Errorf("%s: %s; %d were sent", lb.Name(), a, received)
		}
		return nil
	})
	return a
}

// across checks the accounts of a process before and after a restart, of so many records, with what the destination had got at the end of
// the first and has got in all. Between the last look at the first and its end it has dropped some that no metric could tell of any more.
func across(t *testing.T, records int, before, after account, first, all int) {
	t.Helper()
	unseen := before.received - first - before.dropped - after.restored
	t.Logf("%d records were restored; %d were dropped between the last look at the counters and the end of the first process", after.restored, unseen)
	require.Positive(t, before.held, "records held before the restart")
	require.Positive(t, after.restored, "records restored")
	require.Zero(t, after.held)
	require.GreaterOrEqual(t, unseen, 0)
	require.LessOrEqual(t, unseen, before.held/2, "records that are neither kept nor counted as dropped")
	require.Equal(t, all-first, after.kept, "kept after the restart, and what the destination has got since")
	require.Equal(t, records, before.received+after.received)
	require.Equal(t, records, all+before.dropped+unseen+after.dropped, "records kept or dropped")
}

// decisions prints what made requests be decided.
func decisions(t *testing.T, lb *harness.Logboom) {
	t.Helper()
	s, err := lb.Scrape()
	require.NoError(t, err)
	for line := range strings.Lines(string(s)) {
		for _, name := range []string{"decisions_total", "late_items_total", "unlinked_total", "delivery_failures_total", "inconsistent_thresholds_total"} {
			if strings.HasPrefix(line, metric+name) {
				t.Log(strings.TrimSpace(line))
			}
		}
	}
}

// TestOneGateway sends a stream whose records come in any order through one gateway that is restarted in the middle.
func TestOneGateway(t *testing.T) {
	t.Parallel() // it mostly waits
	const (
		rate      = 0.1
		perSecond = 4500
	)
	n := length(t, 60_000)
	wait, restart, held := 8*time.Second, 2*time.Second, 512
	if n >= 1_000_000 { // what is held then takes seconds to be saved and read
		wait, restart, held = 20*time.Second, 5*time.Second, 2048
	}
	lag := wait - restart // it delays what would come meanwhile
	s := openShop(t, 1, n)
	k := startKeeper(t)
	lb := harness.Start(t, harness.Config{Name: "gateway", YAML: fmt.Sprintf(gateway, parse, wait, rate, held, k.Addr)})
	client := harness.DialOTLP(t, lb.Addr("otlp"))
	f := newFeeder(s, func(ld plog.Logs) error { return client.Send(t.Context(), ld) })
	list := s.arrivals(pace(n, perSecond), lag)
	half := len(list) / 2
	f.feed(t, list[:half])
	// A process that ends counts no more; what it says just before is checked, and what it kept after that is what the destination has.
	before := balanced(t, lb, "logs", half)
	down := time.Now()
	lb.Terminate()
	first := k.count()
	lb.Restart()
	t.Logf("before the restart: %s; it took %s", before, time.Since(down).Round(time.Millisecond))

	f.feed(t, list[half:])
	settled(t, lb, "logs", wait+2*time.Minute)
	after := balanced(t, lb, "logs", len(list)-half)
	t.Logf("after it: %s", after)
	decisions(t, lb)
	across(t, len(list), before, after, first, k.count())
	lb.Terminate()
	t.Logf("processor time after the restart: %s", lb.CPU())
	(&judge{shop: s, kept: k, rate: rate, slow: f.slow(t, wait)}).check(t)
}

// pace lets a long stream come faster.
func pace(records int, perSecond float64) float64 {
	return max(perSecond, float64(records)/150)
}
