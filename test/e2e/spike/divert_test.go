// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package spike

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/test/harness"
)

// diverting sends all records to an archive, and to the destination only those that are not over.
const diverting = `
receivers:
  otlp: {protocols: {grpc: {endpoint: '{{addr "otlp"}}', max_recv_msg_size_mib: 64}}}
processors:%s
connectors:
  routing:
    default_pipelines: [logs/store, logs/archive]
    table:
      - context: log
        condition: attributes["logboom.spike_guard.diverted"] == true
        pipelines: [logs/archive]
exporters:
  otlp_grpc: {endpoint: '%s', tls: {insecure: true}, sending_queue: {enabled: false}}
  object_storage: {bucket: {url: 'file://{{dir "archive"}}'}, wal: {directory: '{{dir "wal"}}'}, flush: {interval: 1s}}
extensions:
  archive_query: {endpoint: '{{addr "query"}}', bucket: {url: 'file://{{dir "archive"}}'}}
service:
  extensions: [archive_query]
  pipelines:
    logs: {receivers: [otlp], processors: [spike_guard], exporters: [routing]}
    logs/store: {receivers: [routing], exporters: [otlp_grpc]}
    logs/archive: {receivers: [routing], exporters: [object_storage]}
`

// TestDivert sends what is over to the archive only: the archive holds every record, the destination what is within the budget.
func TestDivert(t *testing.T) {
	t.Parallel()
	s := openStream(t, 3, 40_000)
	k := startKeeper(t, capacity)
	lb := harness.Start(t, harness.Config{Name: "divert", YAML: fmt.Sprintf(diverting, fmt.Sprintf(guard, "divert", usualBurst), k.Addr)})
	j := &judge{play: s.run(t, lb.Addr("otlp")), keeper: k, burst: usualBurst}
	ended(t, k)
	a := balanced(t, lb, len(s.records))
	t.Log(a)

	// The archive has what the generator has written, by service, and the two notices.
	loki := lb.Loki("query")
	for service, n := range s.services {
		if service == s.loud {
			n += 2
		}
		loki.WaitCount(t, n, fmt.Sprintf(`{service_name=%q}`, service))
	}
	lb.Terminate()
	t.Logf("processor time: %s", lb.CPU().Round(time.Millisecond))
	k.mu.Lock()
	defer k.mu.Unlock()
	j.quiet(t)
	j.told(t)
	j.volume(t)
	offered, came, weight := j.loud()
	t.Logf("%s: %d of %d records came, %d were diverted", s.loud, came, offered, a.diverted)
	assert.EqualValues(t, came, weight, "what is diverted is complete and unweighted")
	assert.Equal(t, a.diverted, offered-came)
	assert.Zero(t, k.diverted, "diverted records that came")
	assert.Equal(t, a.received, a.passed)
	require.Positive(t, a.diverted)
}
