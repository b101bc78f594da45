// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package losses

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const sample = `# HELP otelcol_process_uptime Uptime of the process
# TYPE otelcol_process_uptime counter
otelcol_process_uptime{service_name="logboom"} 12.5
otelcol_receiver_refused_log_records_total{receiver="otlp",transport="grpc"} 7
otelcol_receiver_accepted_log_records_total{receiver="otlp",transport="grpc"} 700
otelcol_exporter_send_failed_log_records{exporter="otlp_grpc/backup"} 3e2
otelcol_exporter_send_failed_log_records{exporter="otlp_grpc/main"} 0
otelcol_processor_filter_logs_filtered{filter="filter/health"} 40 1768435200000
otelcol_processor_grok_records{outcome="parsed",rule="a"} 1000
otelcol_processor_grok_records{outcome="not_selected",rule=""} 1000
otelcol_processor_grok_records{outcome="no_match",rule="a"} 5
otelcol_processor_grok_records{outcome="no_match",rule="b"} 6
otelcol_processor_redact_findings{action="mask",detector="payment_card"} 9
otelcol_processor_redact_findings{action="none",detector="payment_card"} 99
otelcol_processor_redact_dropped_items{otel_signal="traces",reason="record"} 8
otelcol_processor_redact_dropped_items{otel_signal="logs",reason="record"} 2
otelcol_processor_request_sampling_dropped_items{otel_signal="logs",reason="policy",service_name="cart"} 100
otelcol_processor_request_sampling_dropped_items{otel_signal="logs",reason="policy",service_name="sh\"op\n"} 50
otelcol_processor_request_sampling_dropped_items{otel_signal="logs",reason="shutdown",service_name="cart"} 1
otelcol_processor_request_sampling_dropped_items{otel_signal="traces",reason="policy",service_name="cart"} 4000
otelcol_processor_spike_guard_over_items{outcome="thinned"} 20
otelcol_processor_spike_guard_over_items{outcome="dry_run"} 20
otelcol_processor_probabilistic_sampler_count_logs_sampled{policy="hash",sampled="false"} 11
otelcol_processor_probabilistic_sampler_count_logs_sampled{policy="hash",sampled="true"} 1
otelcol_extension_archive_compactor_deleted_records{reason="age"} 12
go_goroutines 40
some_ratio{a="b"} NaN
`

func TestParse(t *testing.T) {
	list, seconds, err := parse(strings.NewReader(sample))
	require.NoError(t, err)
	assert.InDelta(t, 12.5, seconds, 0)
	got := map[string]int64{}
	for _, l := range list {
		assert.NotEmpty(t, l.Text)
		got[fmt.Sprintf("%s %s %s", l.Component, l.Kind, l.Reason)] = l.Records
		if l.Kind == Sampled && l.Component == "processor/request_sampling" {
			assert.Equal(t, []Share{{"cart", 100}, {"sh\"op\n", 50}}, l.Services)
		}
	}
	assert.Equal(t, map[string]int64{
		"receiver/otlp refused pipeline refused":       7,
		"exporter/otlp_grpc/backup failed send failed": 300,
		"processor/filter/health dropped filtered":     40,
		"processor/grok unparsed no_match":             11,
		"processor/redact redacted payment_card":       9,
		"processor/redact dropped drop_record":         2,
		"processor/request_sampling sampled policy":    150,
		"processor/request_sampling dropped shutdown":  1,
		"processor/spike_guard thinned thinned":        20,
		"processor/probabilistic_sampler sampled hash": 11,
		"extension/archive_compactor deleted age":      12,
	}, got)
}

func TestParseMistakes(t *testing.T) {
	for _, text := range []string{
		"<html>", "{}", "1a 2", "otelcol_processor_grok_records", "otelcol_processor_grok_records{outcome=\"a\"",
		"otelcol_processor_grok_records{outcome=a} 1", "otelcol_processor_grok_records many",
		"a 1\n" + strings.Repeat("x", maxLine+1),
	} {
		_, _, err := parse(strings.NewReader(text))
		assert.Error(t, err, "%.80q", text)
	}
}

// TestBounds: what a source sends is bounded, however many series it makes up.
func TestBounds(t *testing.T) {
	var b strings.Builder
	for i := range 3 * maxServices {
		fmt.Fprintf(&b, "otelcol_processor_redact_findings{action=\"mask\",detector=\"d%d\"} 1\n", i)
		fmt.Fprintf(&b, "otelcol_processor_request_sampling_dropped_items{otel_signal=\"logs\",reason=\"policy\",service_name=\"s%d\"} 1\n", i)
	}
	list, _, err := parse(strings.NewReader(b.String()))
	require.NoError(t, err)
	assert.Len(t, list, maxLosses)
	for _, l := range list {
		assert.LessOrEqual(t, len(l.Services), maxShares)
		if l.Kind == Sampled {
			assert.EqualValues(t, 3*maxServices, l.Records, "the sum is of all services")
		}
	}
}

func TestRead(t *testing.T) {
	ok := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Contains(t, r.Header.Get("Accept"), "text/plain")
		fmt.Fprint(w, sample)
	}))
	defer ok.Close()
	elsewhere := false
	moved := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/elsewhere" {
			elsewhere = true
		}
		http.Redirect(w, r, "/elsewhere", http.StatusFound)
	}))
	defer moved.Close()
	endless := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := fmt.Fprintf(w, "a 1\n%s\n", strings.Repeat("#", 1<<10)); err != nil {
				return
			}
		}
	}))
	defer endless.Close()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()

	r := NewReader([]string{ok.URL, moved.URL, endless.URL, gone.URL})
	list, sources := r.Read(context.Background())
	require.Len(t, sources, 4)
	assert.Equal(t, SourceStatus{URL: ok.URL, Reachable: true, UptimeMS: 12_500}, sources[0])
	assert.Equal(t, "answered with status 302", sources[1].Error)
	assert.False(t, elsewhere, "no redirect is followed")
	assert.Contains(t, []string{"answered with more than 8 MiB", "did not answer in time"}, sources[2].Error)
	assert.False(t, sources[3].Reachable)
	assert.NotContains(t, sources[3].Error, "http://")
	require.NotEmpty(t, list)
	assert.Equal(t, Dropped, list[0].Kind, "what matters most is first")
	for _, l := range list {
		assert.Equal(t, ok.URL, l.URL)
	}
}

func TestValidateURL(t *testing.T) {
	for _, good := range []string{"http://localhost:8888/metrics", "https://gateway.internal/metrics?x=1", "http://[::1]:8888/metrics"} {
		assert.NoError(t, ValidateURL(good), good)
	}
	for _, bad := range []string{"", "localhost:8888", "file:///etc/passwd", "http:///metrics", "http://me:secret@host/metrics", "http://host/#x", "http://host:x/"} {
		err := ValidateURL(bad)
		require.Error(t, err, bad)
		assert.NotContains(t, err.Error(), "secret")
	}
}

// TestCatalog: our own metrics are named as their documentation has them.
func TestCatalog(t *testing.T) {
	heading := regexp.MustCompile(`(?m)^### (otelcol_\S+)`)
	known := map[string]bool{}
	for _, name := range []string{
		"processor/grokprocessor", "processor/redactprocessor", "processor/requestsamplingprocessor", "processor/spikeguardprocessor",
		"exporter/objectstorageexporter", "receiver/objectstoragereceiver", "extension/archivecompactorextension",
	} {
		text, err := os.ReadFile("../../" + name + "/documentation.md")
		require.NoError(t, err)
		for _, m := range heading.FindAllStringSubmatch(string(text), -1) {
			known[m[1]] = true
		}
	}
	own := regexp.MustCompile(`_(grok|redact|request_sampling|spike_guard|object_storage|archive_compactor)_`)
	for name, meanings := range catalog {
		if own.MatchString(name) {
			assert.True(t, known[name], name)
		}
		for _, m := range meanings {
			assert.NotEmpty(t, m.component+m.class, name)
			assert.NotEmpty(t, m.reason, name)
			assert.Contains(t, order, m.kind, name)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(sample))
	f.Add([]byte("otelcol_processor_grok_records{outcome=\"a\\"))
	f.Add([]byte("otelcol_process_uptime_seconds_total{} -1\notelcol_exporter_send_failed_log_records{exporter=\"\xff\"} 1e300"))
	f.Fuzz(func(t *testing.T, data []byte) {
		list, seconds, err := parse(strings.NewReader(string(data)))
		if err != nil {
			assert.Empty(t, list)
			return
		}
		assert.GreaterOrEqual(t, seconds, 0.0)
		assert.LessOrEqual(t, len(list), maxLosses)
		for _, l := range list {
			assert.GreaterOrEqual(t, l.Records, int64(0))
			assert.LessOrEqual(t, len(l.Reason), maxName*3)
			assert.NotEmpty(t, l.Component)
		}
	})
}
