// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package objectstorageexporter

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configretry"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/internal/bucket"
)

// Config of the exporter.
type Config struct {
	// Bucket is where the archive lies.
	Bucket bucket.Config `mapstructure:"bucket"`
	// Writer is the id under which this exporter writes, unique among all that write to the archive, and the
	// same after a restart. Empty means the host name.
	Writer string `mapstructure:"writer"`
	// WAL is the write-ahead log.
	WAL WALConfig `mapstructure:"wal"`
	// Flush says when records move from the write-ahead log to the archive.
	Flush FlushConfig `mapstructure:"flush"`
	// EventTime limits the event times that decide about a record's partition.
	EventTime EventTimeConfig `mapstructure:"event_time"`
	// BackOffConfig says how failed calls to the bucket are repeated.
	BackOffConfig configretry.BackOffConfig `mapstructure:"retry_on_failure"`
	// SendingQueue is refused unless it is off: see Validate.
	SendingQueue map[string]any `mapstructure:"sending_queue"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// WALConfig configures the write-ahead log.
type WALConfig struct {
	// Directory holds the log; one exporter of one process at a time may use it.
	Directory string `mapstructure:"directory"`
	// MaxSizeMiB bounds the log on disk; when it is full, batches are refused with a retryable error.
	MaxSizeMiB int `mapstructure:"max_size_mib"`

	_ struct{}
}

// FlushConfig configures the flusher.
type FlushConfig struct {
	// Interval is the longest that a record waits for others before it is flushed.
	Interval time.Duration `mapstructure:"interval"`
	// MaxRawMiB is how much of uncompressed OTLP goes into one flush; it bounds the memory of the flusher.
	MaxRawMiB int `mapstructure:"max_raw_mib"`
	// ShutdownTimeout bounds the last flush; what does not make it stays in the write-ahead log.
	ShutdownTimeout time.Duration `mapstructure:"shutdown_timeout"`

	_ struct{}
}

// EventTimeConfig limits event times, relative to the arrival.
type EventTimeConfig struct {
	// MaxAge is how old a record may be to go to the partition of its own time.
	MaxAge time.Duration `mapstructure:"max_age"`
	// MaxFuture is how far ahead of the clock a record may be to go to the partition of its own time.
	MaxFuture time.Duration `mapstructure:"max_future"`

	_ struct{}
}

var _ component.Config = (*Config)(nil)

func createDefaultConfig() component.Config {
	retry := configretry.NewDefaultBackOffConfig()
	retry.InitialInterval = time.Second
	retry.MaxElapsedTime = 0
	return &Config{
		WAL:           WALConfig{Directory: "", MaxSizeMiB: 1024},
		Flush:         FlushConfig{Interval: 30 * time.Second, MaxRawMiB: 64, ShutdownTimeout: 20 * time.Second},
		EventTime:     EventTimeConfig{MaxAge: 168 * time.Hour, MaxFuture: time.Hour},
		BackOffConfig: retry,
	}
}

// Validate checks what can be checked without touching anything outside of the configuration. The collector
// validates the blocks that have a Validate of their own (bucket, retry_on_failure) by itself.
func (c *Config) Validate() error {
	var errs []error
	add := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if c.Writer != "" {
		if err := archive.ValidateWriter(c.Writer); err != nil {
			errs = append(errs, err)
		}
	}
	if c.WAL.Directory == "" {
		add("wal::directory must not be empty: accepted records are kept there until they are in the archive")
	}
	if c.WAL.MaxSizeMiB < 1 {
		add("wal::max_size_mib must be at least 1, got %d", c.WAL.MaxSizeMiB)
	}
	if c.Flush.MaxRawMiB < 1 || c.Flush.MaxRawMiB > 1024 {
		add("flush::max_raw_mib must be 1 to 1024, got %d", c.Flush.MaxRawMiB)
	}
	for _, d := range []struct {
		key   string
		value time.Duration
		zero  bool // is allowed
	}{
		{"flush::interval", c.Flush.Interval, false},
		{"flush::shutdown_timeout", c.Flush.ShutdownTimeout, true},
		{"event_time::max_age", c.EventTime.MaxAge, false},
		{"event_time::max_future", c.EventTime.MaxFuture, false},
	} {
		switch {
		case d.value == 0 && d.zero:
		case d.value <= 0:
			add("%s must be positive, got %s", d.key, d.value)
		case d.value < time.Millisecond:
			add("%s must be at least 1ms, got %s: does it have a unit, such as 30s?", d.key, d.value)
		}
	}
	if !c.BackOffConfig.Enabled {
		add("retry_on_failure::enabled must be true: records in the write-ahead log are acknowledged already and must reach the archive")
	} else if c.BackOffConfig.MaxElapsedTime != 0 {
		add("retry_on_failure::max_elapsed_time must be 0 (no end), got %s: records in the write-ahead log are acknowledged already and must reach the archive", c.BackOffConfig.MaxElapsedTime)
	}
	if c.SendingQueue != nil && c.SendingQueue["enabled"] != false {
		errs = append(errs, errors.New("sending_queue must not be set: it would acknowledge records before they are in the write-ahead log, "+
			"and lose them in a crash; the write-ahead log (wal) is this exporter's queue"))
	}
	return errors.Join(errs...)
}

// writerID returns the configured id, or one made of the host name.
func (c *Config) writerID() (string, error) {
	if c.Writer != "" {
		return c.Writer, nil
	}
	host, err := os.Hostname()
	if err != nil {
		return "", fmt.Errorf("get host name for writer: %w", err)
	}
	id := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '_' || r == '-' {
			return r
		}
		return '-'
	}, host)
	if err := archive.ValidateWriter(id); err != nil {
		return "", fmt.Errorf("make writer of host name: %w; set writer", err)
	}
	return id, nil
}
