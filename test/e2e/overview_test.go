// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"encoding/json"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/test/harness"
)

// overview is the answer of /logboom/api/v1/overview, as far as the test looks at it.
type overview struct {
	Archive struct {
		Records, Uncommitted int64
	}
	Services []struct {
		Name    string
		Records int64
	}
	Retention struct {
		Known bool
		Text  string
		Rules []struct{ Text string }
	}
	Losses []struct {
		Component, Kind, Reason string
		Records                 int64
	}
	Pipelines []struct {
		URL       string
		Reachable bool
		Error     string
	}
}

func overviewOf(lb *harness.Logboom) (*overview, error) {
	body, err := lb.Loki("page").Get("/logboom/api/v1/overview", nil)
	if err != nil {
		return nil, err
	}
	var answer struct {
		Data     overview
		Warnings []string
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, fmt.Errorf("read overview: %w", err)
	}
	if len(answer.Warnings) > 0 {
		return nil, fmt.Errorf("overview has warnings: %v", answer.Warnings)
	}
	return &answer.Data, nil
}

// TestOverview loses records in every way that a pipeline of the distribution has, and the overview tells of each, under the names that
// the metrics really have; with the names that the Collector gives them by default, and without suffixes.
func TestOverview(t *testing.T) {
	t.Parallel()
	for _, names := range []string{"", ", without_scope_info: true, without_type_suffix: true, without_units: true"} {
		t.Run(fmt.Sprintf("suffixes=%t", names == ""), func(t *testing.T) {
			t.Parallel()
			testOverview(t, names)
		})
	}
}

func testOverview(t *testing.T, names string) {
	metrics := harness.FreePort(t)
	lb := harness.Start(t, harness.Config{Args: []string{"--config", fmt.Sprintf(
		"yaml:service::telemetry::metrics::readers: [{pull: {exporter: {prometheus: {host: 127.0.0.1, port: %d%s}}}}]", metrics, names,
	)}, YAML: `
receivers: {otlp: {protocols: {grpc: {endpoint: '{{addr "otlp"}}'}}}}
processors:
  filter: {error_mode: ignore, logs: {log_record: ['body == "health"']}}
  grok: {rules: [{name: known, parsers: [{grok: '^known %{WORD:word}$'}]}]}
  redact: {}
  probabilistic_sampler: {sampling_percentage: 0}
exporters:
  object_storage:
    bucket: {url: 'file://{{dir "archive"}}'}
    wal: {directory: '{{dir "wal"}}'}
    flush: {interval: 200ms}
  otlp_grpc/gone:
    endpoint: '{{addr "nobody"}}'
    tls: {insecure: true}
    retry_on_failure: {enabled: false}
    sending_queue: {enabled: true}
connectors: {forward: null}
extensions:
  archive_query:
    endpoint: '{{addr "page"}}'
    bucket: {url: 'file://{{dir "archive"}}'}
    pipeline_metrics: ['http://127.0.0.1:` + strconv.Itoa(metrics) + `/metrics', 'http://{{addr "nobody"}}/metrics']
  archive_compactor:
    bucket: {url: 'file://{{dir "archive"}}'}
    retention: {max_age: 30d, rules: [{service: audit, max_age: 400d}]}
service:
  extensions: [archive_query, archive_compactor]
  pipelines:
    logs: {receivers: [otlp], processors: [filter, grok, redact], exporters: [object_storage, otlp_grpc/gone, forward]}
    logs/sampled: {receivers: [forward], processors: [probabilistic_sampler], exporters: [otlp_grpc/gone]}
`})
	harness.SendLogs(t, lb.Addr("otlp"), harness.Logs("shop", "known thing", "health", "health", "something else", "card 4111 1111 1111 1111"))
	want := map[string]int64{
		"processor/filter dropped filtered":       2,
		"processor/grok unparsed no_match":        2,
		"processor/redact redacted payment_card":  1,
		"processor/probabilistic_sampler sampled": 3,
		"exporter/otlp_grpc/gone failed":          3,
	}
	var o *overview
	harness.Eventually(t, time.Minute, func() error {
		var err error
		if o, err = overviewOf(lb); err != nil {
			return err
		}
		got := map[string]int64{}
		for _, l := range o.Losses {
			got[l.Component+" "+l.Kind+" "+l.Reason] += l.Records
			got[l.Component+" "+l.Kind] += l.Records
		}
		for key, n := range want {
			if got[key] != n {
				return fmt.Errorf("%s: %d, want %d; all: %v", key, got[key], n, got)
			}
		}
		if o.Archive.Records != 3 {
			return fmt.Errorf("%d records are committed, want 3", o.Archive.Records)
		}
		return nil
	})
	assert.Zero(t, o.Archive.Uncommitted)
	require.Len(t, o.Services, 1)
	assert.Equal(t, "shop", o.Services[0].Name)
	assert.EqualValues(t, 3, o.Services[0].Records)
	assert.True(t, o.Retention.Known)
	assert.Equal(t, "Records are deleted after 30 days, unless a rule says otherwise.", o.Retention.Text)
	require.Len(t, o.Retention.Rules, 1)
	assert.Equal(t, `records of service "audit": deleted after 400 days`, o.Retention.Rules[0].Text)
	require.Len(t, o.Pipelines, 2)
	assert.True(t, o.Pipelines[0].Reachable)
	assert.False(t, o.Pipelines[1].Reachable)
	assert.NotEmpty(t, o.Pipelines[1].Error)
}
