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
	"github.com/logboom/logboom/internal/wal"
)

// Config of the exporter.
type Config struct {
	// Bucket is where the archive lies.
	Bucket bucket.Config `mapstructure:"bucket"`
	// Writer is the id under which this exporter writes, unique among all that write to the archive, and the
	// same after a restart. Empty means one made of the host name and the id of the write-ahead log, which is
	// kept with the log.
	Writer string `mapstructure:"writer"`
	// Acknowledge says when a batch is acknowledged: AcknowledgeWAL or AcknowledgeBucket.
	Acknowledge string `mapstructure:"acknowledge"`
	// WAL is the write-ahead log.
	WAL WALConfig `mapstructure:"wal"`
	// Flush says when records move from the write-ahead log to the archive.
	Flush FlushConfig `mapstructure:"flush"`
	// EventTime limits the event times that decide about a record's partition.
	EventTime EventTimeConfig `mapstructure:"event_time"`
	// Tenant says whose a record is.
	Tenant TenantConfig `mapstructure:"tenant"`
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
	// MaxAsideMiB bounds the folder aside, where batches are kept that cannot be written.
	MaxAsideMiB int `mapstructure:"max_aside_mib"`

	_ struct{}
}

// Values of Config.Acknowledge.
const (
	// AcknowledgeWAL is after a batch is synced to the write-ahead log.
	AcknowledgeWAL = "wal"
	// AcknowledgeBucket is after a batch is committed in the bucket. There is no write-ahead log.
	AcknowledgeBucket = "bucket"
)

// FlushConfig configures the flusher.
type FlushConfig struct {
	// Interval is the longest that a record waits for others before it is flushed.
	Interval time.Duration `mapstructure:"interval"`
	// MaxRawMiB is how much of uncompressed OTLP goes into one flush; it bounds the memory of the flusher.
	MaxRawMiB int `mapstructure:"max_raw_mib"`
	// MaxMemoryMiB bounds the batches that are in memory from their arrival to their flush. With
	// AcknowledgeWAL what is beyond it is read back from the disk, with AcknowledgeBucket senders wait for room.
	MaxMemoryMiB int `mapstructure:"max_memory_mib"`
	// ParallelUploads is how many objects are uploaded at a time.
	ParallelUploads int `mapstructure:"parallel_uploads"`
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

// TenantConfig says whose a record is. A tenant's records are in objects of their own, below a prefix of their
// own. At most one of ResourceAttribute and MetadataKey is set; when none is, there are no tenants.
type TenantConfig struct {
	// ResourceAttribute is the key of the resource attribute that names the tenant.
	ResourceAttribute string `mapstructure:"resource_attribute"`
	// MetadataKey is the key in the client's metadata (a header of its request) that names the tenant.
	MetadataKey string `mapstructure:"metadata_key"`
	// Default owns what names no tenant.
	Default string `mapstructure:"default"`

	_ struct{}
}

var _ component.Config = (*Config)(nil)

func createDefaultConfig() component.Config {
	retry := configretry.NewDefaultBackOffConfig()
	retry.InitialInterval = time.Second
	retry.MaxElapsedTime = 0
	return &Config{
		Acknowledge:   AcknowledgeWAL,
		WAL:           WALConfig{Directory: "", MaxSizeMiB: 1024, MaxAsideMiB: 64},
		Flush:         FlushConfig{Interval: 30 * time.Second, MaxRawMiB: 24, MaxMemoryMiB: 36, ParallelUploads: 4, ShutdownTimeout: 20 * time.Second},
		EventTime:     EventTimeConfig{MaxAge: 168 * time.Hour, MaxFuture: time.Hour},
		Tenant:        TenantConfig{Default: "default"},
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
	switch c.Acknowledge {
	case AcknowledgeWAL:
		if c.WAL.Directory == "" {
			add("wal::directory must not be empty: accepted records are kept there until they are in the archive")
		}
	case AcknowledgeBucket:
		if c.WAL.Directory != "" {
			add("wal::directory must be empty with acknowledge: bucket, got %q: nothing is kept on the disk", c.WAL.Directory)
		}
		if c.Flush.Interval > maxBucketInterval {
			add("flush::interval must be at most %s with acknowledge: bucket, got %s: senders wait for the flush", maxBucketInterval, c.Flush.Interval)
		}
	default:
		add("acknowledge must be %q or %q, got %q", AcknowledgeWAL, AcknowledgeBucket, c.Acknowledge)
	}
	for _, n := range []struct {
		key       string
		value     int
		low, high int
	}{
		{"wal::max_size_mib", c.WAL.MaxSizeMiB, 1, 1 << 30},
		{"wal::max_aside_mib", c.WAL.MaxAsideMiB, 0, 1 << 30},
		{"flush::max_raw_mib", c.Flush.MaxRawMiB, 1, 1024},
		{"flush::max_memory_mib", c.Flush.MaxMemoryMiB, 1, 1 << 20},
		{"flush::parallel_uploads", c.Flush.ParallelUploads, 1, 64},
	} {
		switch {
		case n.value >= n.low && n.value <= n.high:
		case n.high > 1024:
			add("%s must be at least %d, got %d", n.key, n.low, n.value)
		default:
			add("%s must be %d to %d, got %d", n.key, n.low, n.high, n.value)
		}
	}
	if c.Tenant.ResourceAttribute != "" && c.Tenant.MetadataKey != "" {
		add("tenant::resource_attribute and tenant::metadata_key must not both be set, got %q and %q", c.Tenant.ResourceAttribute, c.Tenant.MetadataKey)
	}
	if (c.Tenant.ResourceAttribute != "" || c.Tenant.MetadataKey != "") && (c.Tenant.Default == "" || checkTenant(c.Tenant.Default) != nil) {
		add("tenant::default must be UTF-8, 1 to %d bytes long, got %q: it owns what names no tenant", maxTenantBytes, c.Tenant.Default)
	}
	if len(c.Tenant.ResourceAttribute) > maxTenantBytes {
		add("tenant::resource_attribute must be at most %d bytes long, got %d", maxTenantBytes, len(c.Tenant.ResourceAttribute))
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
	for key, value := range map[string]time.Duration{"event_time::max_age": c.EventTime.MaxAge, "event_time::max_future": c.EventTime.MaxFuture} {
		if value > maxEventTime {
			add("%s must be at most %s, got %s", key, maxEventTime, value)
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

// maxEventTime is about 100 years: nanoseconds since 1970 end in 2262.
const maxEventTime = 876_000 * time.Hour

// maxBucketInterval is how long senders can be expected to wait for an answer.
const maxBucketInterval = 10 * time.Second

// writerOfLog returns the id under which the entries of a write-ahead log are committed: the configured one, else
// the one that the log was given when it was new. It must not change while the log holds something: what an
// earlier process committed without seeing the answer is found under the old id only.
func (c *Config) writerOfLog(l *wal.Log) (string, error) {
	writer, known := c.Writer, l.Writer()
	if writer == "" {
		writer = known
	}
	if writer == "" {
		id, err := hostID("-" + l.ID()[:8])
		if err != nil {
			return "", err
		}
		writer = id
	}
	if writer == known {
		return writer, nil
	}
	if known != "" && l.Stats().Records > 0 {
		return "", fmt.Errorf("writer is %q, but wal::directory %q holds records of writer %q: start with that one until they are in the archive, or with an empty directory",
			writer, c.WAL.Directory, known)
	}
	if err := l.SetWriter(writer); err != nil {
		return "", fmt.Errorf("keep writer in wal::directory %q: %w", c.WAL.Directory, err)
	}
	return writer, nil
}

// writerWithoutLog returns the configured id, or one made of the names of the host and of the component: one that
// was random would make a log of its own in the archive at each start, and readers list every log.
func (c *Config) writerWithoutLog(component string) (string, error) {
	if c.Writer != "" {
		return c.Writer, nil
	}
	if component != "" {
		component = "-" + component
	}
	return hostID(component)
}

// hostID makes a writer's id of the host name.
func hostID(suffix string) (string, error) {
	host, err := os.Hostname()
	if err != nil {
		return "", fmt.Errorf("get host name for writer: %w; set writer", err)
	}
	clean := func(s string) string {
		return strings.Map(func(r rune) rune {
			if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '_' || r == '-' {
				return r
			}
			return '-'
		}, s)
	}
	host = clean(host)
	id := host[:min(len(host), 64)] + clean(suffix)
	if err := archive.ValidateWriter(id); err != nil {
		return "", fmt.Errorf("make writer of host name: %w; set writer", err)
	}
	return id, nil
}
