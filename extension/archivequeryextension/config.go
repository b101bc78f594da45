// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"

	"github.com/logboom/logboom/internal/bucket"
	"github.com/logboom/logboom/internal/losses"
)

// Config is the configuration of archive_query.
type Config struct {
	confighttp.ServerConfig `mapstructure:",squash"`

	// Bucket is where the archive lies.
	Bucket bucket.Config `mapstructure:"bucket"`
	// RefreshInterval is how often the archive's commit log is looked at for new objects.
	RefreshInterval time.Duration `mapstructure:"refresh_interval"`
	// StreamLabels are the resource attributes that become stream labels; all other attributes are structured metadata.
	StreamLabels []string `mapstructure:"stream_labels"`
	// AllowedHosts are public names under which a server on a loopback address without auth may be asked.
	AllowedHosts []string `mapstructure:"allowed_hosts"`
	// CacheMiB is the memory for footers, blocks of the index and decoded columns, which all queries share.
	CacheMiB int `mapstructure:"cache_mib"`
	// Query bounds what one query may use.
	Query QueryConfig `mapstructure:"query"`
	// Tail bounds live tails.
	Tail TailConfig `mapstructure:"tail"`
	// Export bounds exports.
	Export ExportConfig `mapstructure:"export"`
	// Tenants keeps the records of tenants apart.
	Tenants TenantsConfig `mapstructure:"tenants"`
	// QueryLog says which queries are written down.
	QueryLog QueryLogConfig `mapstructure:"query_log"`
	// PipelineMetrics are addresses of metrics in Prometheus' format, which the overview asks what pipelines have dropped.
	PipelineMetrics []string `mapstructure:"pipeline_metrics"`
	// prevent unkeyed literal initialization
	_ struct{}
}

// QueryConfig bounds queries.
type QueryConfig struct {
	// Timeout ends a query that takes longer.
	Timeout time.Duration `mapstructure:"timeout"`
	// MaxConcurrent is how many queries run at a time; more wait for their turn.
	MaxConcurrent int `mapstructure:"max_concurrent"`
	// MaxEntries is the largest `limit` that a log query may ask for.
	MaxEntries int `mapstructure:"max_entries"`
	// MaxSeries is how many series a metric query may make.
	MaxSeries int `mapstructure:"max_series"`
	// MaxMemoryMiB is the memory that one query may hold: half for its result, half for what it is reading.
	MaxMemoryMiB int `mapstructure:"max_memory_mib"`
	// MaxRange is the longest time range that a request may ask for; 0 for no limit.
	MaxRange time.Duration `mapstructure:"max_range"`
	// MaxReadMiB is how much of the archive one query may read, from the bucket or a cache; 0 for no limit.
	MaxReadMiB int `mapstructure:"max_read_mib"`
	// ResultCacheMiB is the memory for the results of metric queries; 0 for none.
	ResultCacheMiB int `mapstructure:"result_cache_mib"`
	// Weighted counts a record as many as it stands for, where sampling or a summary has written that into it.
	Weighted bool `mapstructure:"weighted"`
	// prevent unkeyed literal initialization
	_ struct{}
}

// minDuration tells a mistake from a choice: a number without a unit is so many nanoseconds.
const minDuration = time.Millisecond

// maxPipelineMetrics bounds the addresses that an overview asks.
const maxPipelineMetrics = 32

var _ component.Config = (*Config)(nil)

// Validate reports every mistake of the configuration. It touches nothing outside of it. The Collector
// validates the nested blocks by itself.
func (c *Config) Validate() error {
	var errs []error
	if c.NetAddr.Endpoint == "" {
		errs = append(errs, errors.New("endpoint must not be empty: host:port"))
	}
	if c.RefreshInterval <= 0 {
		errs = append(errs, fmt.Errorf("refresh_interval must be positive, got %s", c.RefreshInterval))
	} else if c.RefreshInterval < minDuration {
		errs = append(errs, fmt.Errorf("refresh_interval must be at least %s, got %s: does it have a unit, such as 1s?", minDuration, c.RefreshInterval))
	}
	for i, name := range c.StreamLabels {
		if name == "" {
			errs = append(errs, fmt.Errorf("stream_labels[%d] must name a resource attribute, got an empty string", i))
		}
	}
	for i, name := range c.AllowedHosts {
		if name == "" {
			errs = append(errs, fmt.Errorf("allowed_hosts[%d] must name a host, got an empty string", i))
		}
	}
	for i, address := range c.PipelineMetrics {
		if err := losses.ValidateURL(address); err != nil {
			errs = append(errs, fmt.Errorf("pipeline_metrics[%d] %w", i, err))
		}
	}
	if len(c.PipelineMetrics) > maxPipelineMetrics {
		errs = append(errs, fmt.Errorf("pipeline_metrics must name at most %d addresses, got %d", maxPipelineMetrics, len(c.PipelineMetrics)))
	}
	if c.CacheMiB <= 0 {
		errs = append(errs, fmt.Errorf("cache_mib must be positive, got %d", c.CacheMiB))
	}
	if len(c.StreamLabels) > maxStreamLabels {
		errs = append(errs, fmt.Errorf("stream_labels must name at most %d attributes, got %d", maxStreamLabels, len(c.StreamLabels)))
	}
	if c.WriteTimeout > 0 && c.WriteTimeout <= c.Query.Timeout {
		errs = append(errs, fmt.Errorf("write_timeout must be longer than query.timeout (%s) or 0, got %s: answers of slow queries would be cut off", c.Query.Timeout, c.WriteTimeout))
	}
	return errors.Join(errs...)
}

// memoryBytes is one half of MaxMemoryMiB: that of the result, or that of the reader.
func (c *QueryConfig) memoryBytes() int64 { return int64(c.MaxMemoryMiB) << 19 }

// Validate reports every mistake of the block.
func (c *QueryConfig) Validate() error {
	var errs []error
	if c.Timeout <= 0 {
		errs = append(errs, fmt.Errorf("timeout must be positive, got %s", c.Timeout))
	} else if c.Timeout < minDuration {
		errs = append(errs, fmt.Errorf("timeout must be at least %s, got %s: does it have a unit, such as 1s?", minDuration, c.Timeout))
	}
	for _, f := range []struct {
		key   string
		value int
	}{
		{"max_concurrent", c.MaxConcurrent},
		{"max_entries", c.MaxEntries},
		{"max_series", c.MaxSeries},
		{"max_memory_mib", c.MaxMemoryMiB},
	} {
		if f.value <= 0 {
			errs = append(errs, fmt.Errorf("%s must be positive, got %d", f.key, f.value))
		}
	}
	if err := checkSpan("max_range", c.MaxRange); err != nil {
		errs = append(errs, err)
	}
	for _, f := range []struct {
		key   string
		value int
	}{
		{"max_read_mib", c.MaxReadMiB},
		{"result_cache_mib", c.ResultCacheMiB},
	} {
		if f.value < 0 {
			errs = append(errs, fmt.Errorf("%s must not be negative, got %d: 0 is none", f.key, f.value))
		}
	}
	return errors.Join(errs...)
}
