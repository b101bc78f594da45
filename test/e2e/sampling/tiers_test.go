// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package sampling

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"golang.org/x/sync/errgroup"

	"github.com/logboom/logboom/test/harness"
)

// agent parses and sends every record to the gateway that its trace belongs to. The exporter makes a request of every trace, which its
// queue joins again.
const agent = `
receivers:
  otlp: {protocols: {grpc: {endpoint: '{{addr "otlp"}}', max_recv_msg_size_mib: 64}}}
processors:%s
exporters:
  loadbalancing:
    protocol:
      otlp:
        tls: {insecure: true}
        sending_queue: {sizer: items, queue_size: 100000, batch: {flush_timeout: 100ms, min_size: 1000, max_size: 4000}}
    resolver: {static: {hostnames: ['%s', '%s', '%s']}}
service:
  pipelines:
    logs: {receivers: [otlp], processors: [grok], exporters: [loadbalancing]}
`

// sampler is one of several gateways behind the agents.
const sampler = `
receivers:
  otlp: {protocols: {grpc: {endpoint: '{{addr "otlp"}}', max_recv_msg_size_mib: 64}}}
processors:
  request_sampling:
    wait: %s
    policies:
      - {name: errors, severity: error}
      - {name: rest, rate: %g}
exporters:
  otlp_grpc: {endpoint: '%s', tls: {insecure: true}, sending_queue: {enabled: false}}
service:
  pipelines:
    logs: {receivers: [otlp], processors: [request_sampling], exporters: [otlp_grpc]}
`

// TestTiers sends the records that have a trace id through two agents, any record through any of them, and three gateways: those of a
// request meet in one.
func TestTiers(t *testing.T) {
	t.Parallel() // it mostly waits
	const rate = 0.1
	wait, lag := 6*time.Second, 4500*time.Millisecond
	n := length(t, 40_000)
	s := openShop(t, 2, n).traced()
	k := startKeeper(t)
	var gateways []*harness.Logboom
	for i := range 3 {
		gateways = append(gateways, harness.Start(t, harness.Config{
			Name: fmt.Sprintf("gateway-%d", i), YAML: fmt.Sprintf(sampler, wait, rate, k.Addr),
		}))
	}
	var clients []*harness.OTLP
	for i := range 2 {
		lb := harness.Start(t, harness.Config{
			Name: fmt.Sprintf("agent-%d", i),
			YAML: fmt.Sprintf(agent, parse, gateways[0].Addr("otlp"), gateways[1].Addr("otlp"), gateways[2].Addr("otlp")),
		})
		clients = append(clients, harness.DialOTLP(t, lb.Addr("otlp")))
	}
	rnd := rand.New(rand.NewPCG(3, 5))
	f := newFeeder(s, func(ld plog.Logs) error {
		// Half of the records, whatever their request, go to the other agent.
		other := plog.NewLogs()
		for _, rl := range ld.ResourceLogs().All() {
			to := other.ResourceLogs().AppendEmpty()
			rl.Resource().CopyTo(to.Resource())
			records := to.ScopeLogs().AppendEmpty().LogRecords()
			rl.ScopeLogs().At(0).LogRecords().RemoveIf(func(lr plog.LogRecord) bool {
				move := rnd.IntN(2) == 0
				if move {
					lr.MoveTo(records.AppendEmpty())
				}
				return move
			})
		}
		var group errgroup.Group
		group.Go(func() error { return clients[0].Send(t.Context(), ld) })
		group.Go(func() error { return clients[1].Send(t.Context(), other) })
		return group.Wait()
	})
	f.feed(t, s.arrivals(pace(n, 3000), lag))
	var sum account
	for _, gw := range gateways {
		a := settled(t, gw, "logs", wait+2*time.Minute)
		t.Logf("%s: %s", gw.Name(), a)
		require.NotZero(t, a.received)
		sum.received, sum.kept, sum.dropped = sum.received+a.received, sum.kept+a.kept, sum.dropped+a.dropped
	}
	require.Equal(t, len(s.records), sum.received)
	require.Equal(t, sum.received, sum.kept+sum.dropped)
	require.Equal(t, k.count(), sum.kept)
	(&judge{shop: s, kept: k, rate: rate, slow: f.slow(t, wait-500*time.Millisecond)}).check(t)
}
