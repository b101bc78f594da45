// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package objectstorageexporter

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/confmap/xconfmap"

	"github.com/logboom/logboom/internal/bucket"
)

func TestLoadConfig(t *testing.T) {
	conf, err := confmaptest.LoadConf(filepath.Join("testdata", "config.yaml"))
	require.NoError(t, err)
	load := func(name string) (*Config, error) {
		sub, err := conf.Sub(name)
		require.NoError(t, err)
		cfg := createDefaultConfig().(*Config)
		require.NoError(t, sub.Unmarshal(cfg))
		return cfg, xconfmap.Validate(cfg)
	}

	smallest, err := load("smallest")
	require.NoError(t, err)
	want := createDefaultConfig().(*Config)
	want.Bucket.URL = "file:///var/lib/logboom/archive"
	want.WAL.Directory = "/var/lib/logboom/wal"
	assert.Equal(t, want, smallest)

	full, err := load("full")
	require.NoError(t, err)
	assert.Equal(t, bucket.Config{
		URL: "s3://logs/production", Endpoint: "http://localhost:9000", Region: "eu-west-1", PathStyle: true,
		AccessKeyID: "id", SecretAccessKey: "secret",
	}, full.Bucket)
	assert.Equal(t, "gateway-1", full.Writer)
	assert.Equal(t, WALConfig{Directory: "/wal", MaxSizeMiB: 100, MaxAsideMiB: 0}, full.WAL)
	assert.Equal(t, TenantConfig{ResourceAttribute: "tenant.id", Default: "nobody"}, full.Tenant)
	assert.Equal(t, FlushConfig{Interval: time.Minute, MaxRawMiB: 32, MaxMemoryMiB: 100, ParallelUploads: 8, ShutdownTimeout: 5 * time.Second}, full.Flush)
	assert.Equal(t, EventTimeConfig{MaxAge: 24 * time.Hour, MaxFuture: time.Minute}, full.EventTime)

	for _, name := range []string{"queue_off", "bucket", "centuries"} {
		_, err = load(name)
		require.NoError(t, err, name)
	}

	for name, texts := range map[string][]string{
		"empty":        {"bucket: url must not be empty", "wal::directory must not be empty"},
		"queue":        {"sending_queue must not be set", "write-ahead log"},
		"no_retry":     {"retry_on_failure::enabled must be true"},
		"give_up":      {"retry_on_failure::max_elapsed_time must be 0 (no end), got 1m0s"},
		"writer":       {`writer must be`, `got "a/b"`},
		"acknowledge":  {`acknowledge must be "wal" or "bucket", got "queue"`},
		"bucket_wal":   {`wal::directory must be empty with acknowledge: bucket, got "/wal"`, "flush::interval must be at most 10s with acknowledge: bucket, got 30s"},
		"two_tenants":  {`tenant::resource_attribute and tenant::metadata_key must not both be set, got "a" and "b"`},
		"no_default":   {`tenant::default must be UTF-8, 1 to 256 bytes long, got ""`},
		"far_times":    {"event_time::max_age must be at most 876000h0m0s, got 876001h0m0s", "event_time::max_future must be at most 876000h0m0s, got 2000000h0m0s"},
		"out_of_range": {"flush::parallel_uploads must be 1 to 64, got 65", "flush::max_memory_mib must be at least 1, got 0", "wal::max_aside_mib must be at least 0, got -1", "wal::max_size_mib must be at least 1, got 0", "flush::interval must be positive, got 0s", "flush::max_raw_mib must be 1 to 1024, got 5000", "event_time::max_age must be positive, got -1h0m0s", "flush::shutdown_timeout must be at least 1ms, got 20ns"},
	} {
		_, err := load(name)
		for _, text := range texts {
			assert.ErrorContains(t, err, text, name)
		}
	}

	cfg := testConfig(t)
	cfg.Tenant.MetadataKey = "x"
	for _, bad := range []string{"\xff", strings.Repeat("x", 257)} {
		cfg.Tenant.Default = bad
		require.ErrorContains(t, cfg.Validate(), "tenant::default must be UTF-8, 1 to 256 bytes long")
	}
	cfg.Tenant.Default = strings.Repeat("x", 256)
	require.NoError(t, cfg.Validate())
}
