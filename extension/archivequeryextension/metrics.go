// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

const (
	// maxScrapes is how many requests for the metrics are answered at a time.
	maxScrapes = 4
	// scrapeTimeout bounds one.
	scrapeTimeout = 10 * time.Second
)

// metrics keeps the extension's own metrics for /metrics. The Collector gets them as well: see tee.
type metrics struct {
	reader   *sdkmetric.ManualReader
	provider *sdkmetric.MeterProvider
	registry *prometheus.Registry
}

func newMetrics() (*metrics, error) {
	m := &metrics{reader: sdkmetric.NewManualReader(), registry: prometheus.NewRegistry()}
	m.provider = sdkmetric.NewMeterProvider(sdkmetric.WithReader(m.reader))
	err := errors.Join(
		m.registry.Register(collectors.NewGoCollector()),
		m.registry.Register(collectors.NewProcessCollector(collectors.ProcessCollectorOpts{})),
		m.registry.Register(m),
	)
	if err != nil {
		return nil, fmt.Errorf("register metrics: %w", err)
	}
	return m, nil
}

// handler answers with all of them, in Prometheus' text format or that of OpenMetrics.
func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: maxScrapes, Timeout: scrapeTimeout})
}

// Describe implements [prometheus.Collector]: what there is shows only when it is collected.
func (*metrics) Describe(chan<- *prometheus.Desc) {}

// Collect implements [prometheus.Collector]. The names are those that the Collector's own endpoint has by default: without
// suffixes for units and types.
func (m *metrics) Collect(out chan<- prometheus.Metric) {
	var all metricdata.ResourceMetrics
	if err := m.reader.Collect(context.Background(), &all); err != nil {
		out <- prometheus.NewInvalidMetric(prometheus.NewInvalidDesc(err), err)
		return
	}
	for _, scope := range all.ScopeMetrics {
		for _, one := range scope.Metrics {
			switch data := one.Data.(type) {
			case metricdata.Sum[int64]:
				collectSum(out, one, data)
			case metricdata.Sum[float64]:
				collectSum(out, one, data)
			case metricdata.Gauge[int64]:
				collectPoints(out, one, prometheus.GaugeValue, data.DataPoints)
			case metricdata.Histogram[float64]:
				collectHistogram(out, one, data)
			}
		}
	}
}

// labelsOf takes a point's attributes apart into names and values.
func labelsOf(attributes attribute.Set) (names, values []string) {
	for _, kv := range attributes.ToSlice() {
		names, values = append(names, string(kv.Key)), append(values, kv.Value.String())
	}
	return names, values
}

func collectSum[N int64 | float64](out chan<- prometheus.Metric, m metricdata.Metrics, data metricdata.Sum[N]) {
	kind := prometheus.GaugeValue
	if data.IsMonotonic {
		kind = prometheus.CounterValue
	}
	collectPoints(out, m, kind, data.DataPoints)
}

func collectPoints[N int64 | float64](out chan<- prometheus.Metric, m metricdata.Metrics, kind prometheus.ValueType, points []metricdata.DataPoint[N]) {
	for i := range points {
		names, values := labelsOf(points[i].Attributes)
		desc := prometheus.NewDesc(m.Name, m.Description, names, nil)
		out <- must(prometheus.NewConstMetric(desc, kind, float64(points[i].Value), values...))(desc)
	}
}

func collectHistogram(out chan<- prometheus.Metric, m metricdata.Metrics, data metricdata.Histogram[float64]) {
	for i := range data.DataPoints {
		p := &data.DataPoints[i]
		names, values := labelsOf(p.Attributes)
		desc := prometheus.NewDesc(m.Name, m.Description, names, nil)
		buckets := make(map[float64]uint64, len(p.Bounds))
		sum := uint64(0)
		for j, bound := range p.Bounds {
			sum += p.BucketCounts[j]
			buckets[bound] = sum
		}
		out <- must(prometheus.NewConstHistogram(desc, p.Count, p.Sum, buckets, values...))(desc)
	}
}

// must makes of a mistake a metric that fails the scrape.
func must(m prometheus.Metric, err error) func(*prometheus.Desc) prometheus.Metric {
	return func(desc *prometheus.Desc) prometheus.Metric {
		if err != nil {
			return prometheus.NewInvalidMetric(desc, err)
		}
		return m
	}
}

// tee makes a provider whose instruments, of the kinds that the extension has, count for both providers.
func (m *metrics) tee(collector metric.MeterProvider) metric.MeterProvider {
	return teeProvider{collector, m.provider}
}

type teeProvider struct {
	metric.MeterProvider
	own metric.MeterProvider
}

func (p teeProvider) Meter(name string, opts ...metric.MeterOption) metric.Meter {
	return teeMeter{p.MeterProvider.Meter(name, opts...), p.own.Meter(name, opts...)}
}

type teeMeter struct {
	metric.Meter
	own metric.Meter
}

type teeCounter struct {
	metric.Int64Counter
	own metric.Int64Counter
}

func (m teeMeter) Int64Counter(name string, opts ...metric.Int64CounterOption) (metric.Int64Counter, error) {
	collector, err := m.Meter.Int64Counter(name, opts...)
	own, ownErr := m.own.Int64Counter(name, opts...)
	return teeCounter{collector, own}, errors.Join(err, ownErr)
}

func (c teeCounter) Add(ctx context.Context, n int64, opts ...metric.AddOption) {
	c.Int64Counter.Add(ctx, n, opts...)
	c.own.Add(ctx, n, opts...)
}

type teeUpDownCounter struct {
	metric.Int64UpDownCounter
	own metric.Int64UpDownCounter
}

func (m teeMeter) Int64UpDownCounter(name string, opts ...metric.Int64UpDownCounterOption) (metric.Int64UpDownCounter, error) {
	collector, err := m.Meter.Int64UpDownCounter(name, opts...)
	own, ownErr := m.own.Int64UpDownCounter(name, opts...)
	return teeUpDownCounter{collector, own}, errors.Join(err, ownErr)
}

func (c teeUpDownCounter) Add(ctx context.Context, n int64, opts ...metric.AddOption) {
	c.Int64UpDownCounter.Add(ctx, n, opts...)
	c.own.Add(ctx, n, opts...)
}

type teeHistogram struct {
	metric.Float64Histogram
	own metric.Float64Histogram
}

func (m teeMeter) Float64Histogram(name string, opts ...metric.Float64HistogramOption) (metric.Float64Histogram, error) {
	collector, err := m.Meter.Float64Histogram(name, opts...)
	own, ownErr := m.own.Float64Histogram(name, opts...)
	return teeHistogram{collector, own}, errors.Join(err, ownErr)
}

func (h teeHistogram) Record(ctx context.Context, v float64, opts ...metric.RecordOption) {
	h.Float64Histogram.Record(ctx, v, opts...)
	h.own.Record(ctx, v, opts...)
}
