// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivecompactorextension

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/confmap/xconfmap"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/extension/archivecompactorextension/internal/metadata"
	"github.com/logboom/logboom/internal/compactor"
)

func loadConfig(t *testing.T, name string) (*Config, error) {
	cm, err := confmaptest.LoadConf(filepath.Join("testdata", "config.yaml"))
	require.NoError(t, err)
	sub, err := cm.Sub(component.NewIDWithName(metadata.Type, name).String())
	require.NoError(t, err)
	cfg := createDefaultConfig().(*Config)
	return cfg, sub.Unmarshal(cfg)
}

func TestConfig(t *testing.T) {
	cfg, err := loadConfig(t, "")
	require.NoError(t, err)
	require.NoError(t, xconfmap.Validate(cfg))
	assert.False(t, cfg.Retention.deletes(), "nothing is deleted unless it is asked for")
	want := compactor.DefaultConfig()
	assert.Equal(t, want, cfg.Engine(), "the engine's defaults and the extension's are the same")

	cfg, err = loadConfig(t, "all")
	require.NoError(t, err)
	require.NoError(t, xconfmap.Validate(cfg))
	assert.Equal(t, "s3://logs/prod", cfg.Bucket.URL)
	assert.False(t, cfg.Lists)
	assert.True(t, cfg.Retention.DryRun)
	assert.True(t, cfg.Retention.deletes())
	assert.Equal(t, compactor.Config{
		Holder: "compactor-1", LeaseTTL: 2 * time.Minute, Interval: 5 * time.Minute, MinAge: 30 * time.Minute, MaxObjects: 100,
		TargetBytes: 128 << 20, MemoryBytes: 512 << 20, Compression: archive.CompressionBetter, Grace: 2 * time.Hour,
		Retention: compactor.Retention{
			MaxAge: 30 * day,
			Rules: []compactor.Rule{
				{Service: "checkout", MaxSeverity: 8, MaxAge: 2 * day},
				{Tenant: "acme*", Service: "audit", MaxAge: 400 * day},
				{MaxSeverity: 5, MaxAge: 36 * time.Hour},
				{MaxSeverity: 8, MaxAge: 60 * time.Hour},
				{Service: "ledger"},
			},
			Sizes: []compactor.Size{{Tenant: "acme", MaxBytes: 100 << 30}},
			Holds: []compactor.Hold{{
				Service: "checkout", From: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 11, 3, 12, 0, 0, 0, time.UTC), Reason: "incident 1234",
			}},
		},
	}, cfg.Engine())
	engine := cfg.Engine()
	require.NoError(t, engine.Validate())
}

func TestConfigMistakes(t *testing.T) {
	cfg, err := loadConfig(t, "mistakes")
	require.NoError(t, err)
	err = xconfmap.Validate(cfg)
	require.Error(t, err)
	for _, want := range []string{
		"bucket: url must be",
		"interval must be positive, got 0s",
		"min_age must not be negative, got -1s",
		"max_objects must be at least 2, got 1",
		"target_size_mib must be 1 to 4096, got 5000",
		`compression must be default, better or best, got "most"`,
		"grace must be at least 1s, got 30ns: does it have a unit, such as 1m?",
		"lease: ttl must be at least 1s, got 0s",
		"retention: max_age must not be negative, got -1h0m0s",
		`retention::rules::0: max_age must be at least 1m0s, or 0 to keep, got 30ns: does it have a unit, such as 30d?`,
		`max_severity must be trace, debug, info, warn, error, fatal, or a severity number of 1 to 24, got "loud"`,
		`retention::rules::1: max_severity must be trace, debug, info, warn, error, fatal, or a severity number of 1 to 24, got "25"`,
		`severity number of 1 to 24, got "0"`,
		`severity number of 1 to 24, got "8.5"`,
		`severity number of 1 to 24, got "true"`,
		`severity number of 1 to 24, got "[debug]"`,
		"retention::sizes::0: max_size_mib must be 1 to",
		"retention::holds::0: reason must say why, got nothing",
		`retention::holds::1: from must be before to, got 2026-11-02T00:00:00Z and 2026-11-01T00:00:00Z`,
	} {
		assert.ErrorContains(t, err, want)
	}
	cfg, err = loadConfig(t, "memory")
	require.NoError(t, err)
	require.ErrorContains(t, xconfmap.Validate(cfg), "max_memory_mib must be at least twice target_size_mib (256) and 64, which is 576, got 300")
	_, err = loadConfig(t, "age")
	require.ErrorContains(t, err, `age must be a duration such as 48h, 400d or 1d12h, got "30days"`)
	_, err = loadConfig(t, "time")
	require.ErrorContains(t, err, "yesterday")
}

func TestAge(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"48h": 48 * time.Hour, "400d": 400 * day, "1d12h30m": 36*time.Hour + 30*time.Minute, "0": 0, "0d": 0, "90m": 90 * time.Minute,
	} {
		var a Age
		require.NoError(t, a.UnmarshalText([]byte(text)), text)
		assert.Equal(t, Age(want), a, text)
		written, err := a.MarshalText()
		require.NoError(t, err)
		var again Age
		require.NoError(t, again.UnmarshalText(written))
		assert.Equal(t, a, again)
	}
	for _, text := range []string{"", "d", "-1d", "1.5d", "2 days", "3w", "1d2d", "99999d", "99999999999999999999d"} {
		var a Age
		assert.Error(t, a.UnmarshalText([]byte(text)), text)
	}
	assert.Equal(t, "2d", Age(48*time.Hour).String())
	assert.Equal(t, "36h0m0s", Age(36*time.Hour).String())
}
