// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package objectstoragereceiver

import (
	"math"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/confmap/xconfmap"
)

func TestLoadConfig(t *testing.T) {
	conf, err := confmaptest.LoadConf(filepath.Join("testdata", "config.yaml"))
	require.NoError(t, err)
	load := func(name string) (*Config, error) {
		sub, err := conf.Sub(name)
		require.NoError(t, err)
		cfg := createDefaultConfig().(*Config)
		if err := sub.Unmarshal(cfg); err != nil {
			return nil, err
		}
		return cfg, xconfmap.Validate(cfg)
	}

	smallest, err := load("smallest")
	require.NoError(t, err)
	want := createDefaultConfig().(*Config)
	want.Bucket.URL, want.Start = "file:///var/lib/logboom/archive", "24h"
	assert.Equal(t, want, smallest)

	full, err := load("full")
	require.NoError(t, err)
	want = createDefaultConfig().(*Config)
	want.Bucket.URL, want.Bucket.Region = "s3://logs/production", "eu-west-1"
	want.Start, want.End = "2026-11-22T00:00:00Z", "2026-11-23T10:00:00+02:00"
	want.Selector = `{service_name="cart"} |= "declined"`
	want.Tenants, want.StreamLabels = []string{"acme", "zeta"}, []string{"host.name"}
	want.Pace = PaceConfig{RecordsPerSecond: 1000, BytesPerSecond: 1e6, Speed: 2.5}
	want.Batch = BatchConfig{MaxRecords: 100, MaxKiB: 64}
	want.Metadata = map[string]configopaque.String{"x-scope-orgid": "acme"}
	id := component.MustNewIDWithName("file_storage", "replay")
	want.Storage = &id
	want.OnChange, want.OnError, want.OnRefused, want.OnEnd = OnChangeRestart, OnErrorContinue, OnRefusedSkip, OnEndStop
	want.MaxMemoryMiB, want.ProgressInterval = 64, 10*time.Second
	want.BackOffConfig.InitialInterval, want.BackOffConfig.MaxInterval = 2*time.Second, time.Minute
	assert.Equal(t, want, full)

	_, err = load("everything")
	require.NoError(t, err)

	for name, texts := range map[string][]string{
		"no_start":  {"start must not be empty: a time as"},
		"times":     {`start: must be a time as`, `got "last week"`, `end: must be an age, so not negative, got "-3h"`},
		"backwards": {`start must be before end, got "1h" and "2h"`},
		"far":       {`start: must be between the years 1678 and 2262, got "1066-10-14"`},
		"metric":    {`selector "rate({service_name=\"cart\"}[1m])": it must select records`},
		"syntax":    {`selector "{service_name=":`},
		"changes":   {`stage "| line_format`, "does not filter"},
		"lists":     {`tenants[0] must name a tenant`, `stream_labels[1] must name a resource attribute`},
		"numbers": {
			"pace::records_per_second must be a number of at least 0 (0: no limit), got -1", "pace::speed must be a number of at least 0 (0: no limit), got NaN",
			"batch::max_records must be 1 to 1048576, got 0", "batch::max_kib must be 1 to 262144, got 0",
			"max_memory_mib must be 16 to 1048576, got 1", "progress_interval must be at least 1s, got 30ns",
		},
		"words": {
			`on_change must be "refuse" or "restart", got "go"`, `on_error must be "stop" or "continue", got "skip"`,
			`on_refused must be "stop" or "skip", got "continue"`, `on_end must be "wait" or "stop", got "exit"`,
		},
		"retry":     {"retry_on_failure::enabled must be true", "retry_on_failure::max_elapsed_time must be 0s, got 1m0s"},
		"no_bucket": {"bucket: url must not be empty"},
		"unknown":   {"has invalid keys: from"},
	} {
		_, err := load(name)
		for _, text := range texts {
			assert.ErrorContains(t, err, text, name)
		}
	}
}

func TestTimes(t *testing.T) {
	now := time.Date(2026, 3, 1, 1, 30, 0, 0, time.FixedZone("", 2*3600)) // still February in UTC
	for text, want := range map[string]string{
		"2026-11-23":                "2026-11-23T00:00:00Z",
		"2026-11-23T10:00:00Z":      "2026-11-23T10:00:00Z",
		"2026-11-23T10:00:00+02:00": "2026-11-23T08:00:00Z",
		"2026-11-23T10:00:00.5Z":    "2026-11-23T10:00:00.5Z",
		"now":                       "2026-02-28T23:30:00Z",
		"today":                     "2026-02-28T00:00:00Z",
		"yesterday":                 "2026-02-27T00:00:00Z",
		"90m":                       "2026-02-28T22:00:00Z",
		"0s":                        "2026-02-28T23:30:00Z",
		"1h30m":                     "2026-02-28T22:00:00Z",
		"7d":                        "2026-02-21T23:30:00Z",
	} {
		m, err := parseTime(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, m.resolve(now).UTC().Format(time.RFC3339Nano), text)
	}
	for _, text := range []string{"", "d", "-1h", "1.5d", "-7d", "99999d", "tomorrow", "2026-13-01", "2026-11-23 10:00", "1d12h", "3000-01-01", "24"} {
		_, err := parseTime(text)
		assert.Error(t, err, text)
	}
	m, err := parseTime("2262-04-11T23:47:16.854775807Z")
	require.NoError(t, err)
	assert.EqualValues(t, math.MaxInt64, m.resolve(now).UnixNano())
}
