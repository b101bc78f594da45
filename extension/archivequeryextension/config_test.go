// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/confmap/xconfmap"

	"github.com/logboom/logboom/extension/archivequeryextension/internal/metadata"
)

func loadConfig(t *testing.T, name string) *Config {
	cm, err := confmaptest.LoadConf(filepath.Join("testdata", "config.yaml"))
	require.NoError(t, err)
	sub, err := cm.Sub(component.NewIDWithName(metadata.Type, name).String())
	require.NoError(t, err)
	cfg := createDefaultConfig().(*Config)
	require.NoError(t, sub.Unmarshal(cfg))
	return cfg
}

func TestConfig(t *testing.T) {
	require.NoError(t, xconfmap.Validate(loadConfig(t, "")))

	cfg := loadConfig(t, "all")
	require.NoError(t, xconfmap.Validate(cfg))
	require.Equal(t, "localhost:3200", cfg.NetAddr.Endpoint)
	require.Equal(t, "s3://logs/prod", cfg.Bucket.URL)
	require.Equal(t, 5*time.Second, cfg.RefreshInterval)
	require.Equal(t, []string{"service.name", "host.name"}, cfg.StreamLabels)
	require.Equal(t, 64, cfg.CacheMiB)
	require.Equal(t, QueryConfig{
		Timeout: 30 * time.Second, MaxConcurrent: 2, MaxEntries: 1000, MaxSeries: 500, MaxMemoryMiB: 64,
		MaxRange: 720 * time.Hour, MaxReadMiB: 4096, ResultCacheMiB: 16,
	}, cfg.Query)
	require.Equal(t, ExportConfig{MaxConcurrent: 4, Timeout: time.Hour}, cfg.Export)
	two, week := 2, 168*time.Hour
	require.Equal(t, TenantsConfig{
		Enabled: true, MaxConcurrent: 3, MaxQueued: 20, Limits: map[string]TenantLimits{"guests": {MaxConcurrent: &two, MaxRange: &week}},
	}, cfg.Tenants)
	require.Equal(t, QueryLogConfig{Audit: true, File: "/var/log/logboom/queries.jsonl", MaxFileMiB: 10, MaxFiles: 3}, cfg.QueryLog)
	require.Equal(t, []string{"http://gateway-1:8888/metrics", "http://gateway-2:8888/metrics"}, cfg.PipelineMetrics)
}

func TestConfigMistakes(t *testing.T) {
	err := xconfmap.Validate(loadConfig(t, "mistakes"))
	require.Error(t, err)
	for _, want := range []string{
		"endpoint must not be empty",
		"refresh_interval must be positive, got 0s",
		"stream_labels[1] must name a resource attribute",
		"write_timeout must be longer than query.timeout (1m0s) or 0, got 1s",
		"max_concurrent must be positive, got -1",
		"max_entries must be positive, got 0",
		"cache_mib must be positive, got -5",
		"max_range must not be negative, got -1h0m0s: 0 is none",
		"max_read_mib must not be negative, got -1: 0 is none",
		"result_cache_mib must not be negative, got -2: 0 is none",
		"export: max_concurrent must be positive, got 0",
		"timeout must be at least 1ms, got 60ns: does it have a unit, such as 15m?",
		"limits of tenants need enabled: true",
		`limits["a|b"]: the name of a tenant must be UTF-8 without control characters and bars`,
		`limits["acme"]: max_entries must be at least 1, got 0`,
		`limits["acme"]: max_range must be 0 or at least 1ms, got 5ns: does it have a unit, such as 1s?`,
		`limits["acme"]: max_concurrent must be at least 0, got -1`,
		"max_concurrent must not be negative, got -3",
		"max_queued must be positive, got 0",
		"slow_threshold must not be negative, got -1s",
		"max_file_mib must be positive, got 0",
		"max_files must not be negative, got -1",
		"url must be",
		`pipeline_metrics[0] must be a URL of http or https such as http://localhost:8888/metrics, got "localhost:8888"`,
		"pipeline_metrics[1] must not have credentials",
	} {
		require.ErrorContains(t, err, want)
	}
	require.NotContains(t, err.Error(), "secret")
}

func TestConfigDurationsWithoutUnit(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	cfg.RefreshInterval, cfg.Query.Timeout = 1, 5
	err := xconfmap.Validate(cfg)
	require.ErrorContains(t, err, "refresh_interval must be at least 1ms, got 1ns: does it have a unit, such as 1s?")
	require.ErrorContains(t, err, "timeout must be at least 1ms, got 5ns: does it have a unit, such as 1s?")
}
