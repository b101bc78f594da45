// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package objectstoragereceiver

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/config/configretry"
	"go.opentelemetry.io/collector/confmap"

	"github.com/logboom/logboom/internal/archivesource"
	"github.com/logboom/logboom/internal/bucket"
	"github.com/logboom/logboom/logql"
	"github.com/logboom/logboom/receiver/objectstoragereceiver/internal/replay"
)

// Config of the receiver.
type Config struct {
	// Bucket is where the archive lies.
	Bucket bucket.Config `mapstructure:"bucket"`
	// Start and End bound the event times, the end not included: a time, a date, a word or an age; see parseTime.
	Start string `mapstructure:"start"`
	End   string `mapstructure:"end"`
	// Selector is a LogQL log query that filters, such as {service_name="cart"} |= "declined".
	Selector string `mapstructure:"selector"`
	// Tenants are whose records are replayed; empty means everybody's.
	Tenants []string `mapstructure:"tenants"`
	// StreamLabels are the resource attributes that the selector sees as stream labels.
	StreamLabels []string `mapstructure:"stream_labels"`
	// Pace is how fast records are delivered.
	Pace PaceConfig `mapstructure:"pace"`
	// Batch bounds the batches.
	Batch BatchConfig `mapstructure:"batch"`
	// Metadata is the client's metadata that every batch carries, as if a request had brought it.
	Metadata map[string]configopaque.String `mapstructure:"metadata"`
	// Storage is the extension that keeps the checkpoint.
	Storage *component.ID `mapstructure:"storage"`
	// OnChange says what to do when the checkpoint is of another replay: OnChangeRefuse or OnChangeRestart.
	OnChange string `mapstructure:"on_change"`
	// OnError says what to do about parts of the archive that cannot be read: OnErrorStop or OnErrorContinue.
	OnError string `mapstructure:"on_error"`
	// OnRefused says what to do about batches that the pipeline refuses for good: OnRefusedStop or OnRefusedSkip.
	OnRefused string `mapstructure:"on_refused"`
	// OnEnd says what to do when all is delivered: OnEndWait or OnEndStop.
	OnEnd string `mapstructure:"on_end"`
	// MaxMemoryMiB bounds what is read ahead of the archive and the records of one time.
	MaxMemoryMiB int `mapstructure:"max_memory_mib"`
	// ProgressInterval is how often a line of progress is logged.
	ProgressInterval time.Duration `mapstructure:"progress_interval"`
	// BackOffConfig says how refused batches, and failed calls to the bucket, are repeated.
	BackOffConfig configretry.BackOffConfig `mapstructure:"retry_on_failure"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// PaceConfig chooses a pace; the slowest of its limits counts, 0 is none.
type PaceConfig struct {
	// RecordsPerSecond bounds the rate of records.
	RecordsPerSecond float64 `mapstructure:"records_per_second"`
	// BytesPerSecond bounds the rate of text: bodies and attributes.
	BytesPerSecond float64 `mapstructure:"bytes_per_second"`
	// Speed is a multiple of real time.
	Speed float64 `mapstructure:"speed"`

	_ struct{}
}

// BatchConfig bounds a batch.
type BatchConfig struct {
	// MaxRecords bounds the records of a batch.
	MaxRecords int `mapstructure:"max_records"`
	// MaxKiB bounds the text of a batch: bodies and attributes. A larger record is a batch of its own.
	MaxKiB int `mapstructure:"max_kib"`

	_ struct{}
}

// Values of Config.OnChange, OnError, OnRefused and OnEnd.
const (
	OnChangeRefuse  = "refuse"
	OnChangeRestart = "restart"
	OnErrorStop     = "stop"
	OnErrorContinue = "continue"
	OnRefusedStop   = "stop"
	OnRefusedSkip   = "skip"
	OnEndWait       = "wait"
	OnEndStop       = "stop"
)

var _ component.Config = (*Config)(nil)

func createDefaultConfig() component.Config {
	retry := configretry.NewDefaultBackOffConfig()
	retry.InitialInterval = time.Second
	retry.MaxElapsedTime = 0
	return &Config{
		End:              "now",
		Selector:         "{}",
		StreamLabels:     archivesource.DefaultStreamLabels(),
		Batch:            BatchConfig{MaxRecords: 8192, MaxKiB: 2048},
		OnChange:         OnChangeRefuse,
		OnError:          OnErrorStop,
		OnRefused:        OnRefusedStop,
		OnEnd:            OnEndWait,
		MaxMemoryMiB:     256,
		ProgressInterval: 30 * time.Second,
		BackOffConfig:    retry,
	}
}

// Unmarshal takes times that stand in the YAML without quotes, which make them values of a kind of their own, as their text.
func (c *Config) Unmarshal(conf *confmap.Conf) error {
	times := map[string]any{}
	for _, key := range []string{"start", "end"} {
		if t, ok := conf.Get(key).(time.Time); ok {
			times[key] = t.Format(time.RFC3339Nano)
		}
	}
	if err := conf.Merge(confmap.NewFromStringMap(times)); err != nil {
		return err
	}
	return conf.Unmarshal(c)
}

// Validate checks what can be checked without touching anything outside of the configuration. The Collector validates the
// blocks that have a Validate of their own (bucket, retry_on_failure) by itself.
func (c *Config) Validate() error {
	var errs []error
	add := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if c.Start == "" {
		add("start must not be empty: %s", timeForms)
	}
	for _, t := range []struct{ key, value string }{{"start", c.Start}, {"end", c.End}} {
		if t.value == "" && t.key == "start" {
			continue
		}
		if _, err := parseTime(t.value); err != nil {
			add("%s: %w", t.key, err)
		}
	}
	if len(errs) == 0 && relative(c.Start) == relative(c.End) { // else it may be a matter of the day: see load
		if start, end, err := c.timeRange(time.Now()); err == nil && start >= end {
			add("start must be before end, got %q and %q", c.Start, c.End)
		}
	}
	if _, err := c.request(); err != nil {
		errs = append(errs, err)
	}
	for i, tenant := range c.Tenants {
		if tenant == "" {
			add("tenants[%d] must name a tenant, got an empty string", i)
		}
	}
	for i, name := range c.StreamLabels {
		if name == "" {
			add("stream_labels[%d] must name a resource attribute, got an empty string", i)
		}
	}
	for _, f := range []struct {
		key   string
		value float64
	}{
		{"pace::records_per_second", c.Pace.RecordsPerSecond},
		{"pace::bytes_per_second", c.Pace.BytesPerSecond},
		{"pace::speed", c.Pace.Speed},
	} {
		if !(f.value >= 0) || math.IsInf(f.value, 0) {
			add("%s must be a number of at least 0 (0: no limit), got %g", f.key, f.value)
		}
	}
	for _, n := range []struct {
		key              string
		value, low, high int
	}{
		{"batch::max_records", c.Batch.MaxRecords, 1, 1 << 20},
		{"batch::max_kib", c.Batch.MaxKiB, 1, 1 << 18},
		{"max_memory_mib", c.MaxMemoryMiB, 16, 1 << 20},
	} {
		if n.value < n.low || n.value > n.high {
			add("%s must be %d to %d, got %d", n.key, n.low, n.high, n.value)
		}
	}
	for _, w := range []struct{ key, value, one, other string }{
		{"on_change", c.OnChange, OnChangeRefuse, OnChangeRestart},
		{"on_error", c.OnError, OnErrorStop, OnErrorContinue},
		{"on_refused", c.OnRefused, OnRefusedStop, OnRefusedSkip},
		{"on_end", c.OnEnd, OnEndWait, OnEndStop},
	} {
		if w.value != w.one && w.value != w.other {
			add("%s must be %q or %q, got %q", w.key, w.one, w.other, w.value)
		}
	}
	if c.ProgressInterval < time.Second {
		add("progress_interval must be at least 1s, got %s", c.ProgressInterval)
	}
	if !c.BackOffConfig.Enabled {
		add("retry_on_failure::enabled must be true: what is refused for a while is delivered later")
	}
	if c.BackOffConfig.MaxElapsedTime != 0 {
		add("retry_on_failure::max_elapsed_time must be 0s, got %s: what is refused for a while is never given up", c.BackOffConfig.MaxElapsedTime)
	}
	return errors.Join(errs...)
}

// query parses the selector. Its matchers may be none, unlike in LogQL: {} |= "declined".
func (c *Config) query() (*logql.LogExpr, error) {
	text, all := strings.TrimSpace(c.Selector), false
	if inner, ok := strings.CutPrefix(text, "{"); ok {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(inner), "}"); ok {
			text, all = `{service_name!=""}`+rest, true
		}
	}
	e, err := logql.Parse(text)
	if err != nil {
		return nil, err
	}
	log, ok := e.(*logql.LogExpr)
	if !ok {
		return nil, errors.New(`it must select records, such as {service_name="cart"} |= "declined", not make numbers of them`)
	}
	if all {
		log.Matchers = nil
	}
	return log, nil
}

// pace returns the pace as the engine has it.
func (c *Config) pace() replay.Pace {
	return replay.Pace{RecordsPerSecond: c.Pace.RecordsPerSecond, BytesPerSecond: c.Pace.BytesPerSecond, Speed: c.Pace.Speed}
}
