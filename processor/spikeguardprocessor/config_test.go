// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package spikeguardprocessor

import (
	"math"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/confmap/xconfmap"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/logboom/logboom/internal/spike"
	"github.com/logboom/logboom/processor/spikeguardprocessor/internal/metadata"
)

func load(t *testing.T, name string) *Config {
	t.Helper()
	all, err := confmaptest.LoadConf(filepath.Join("testdata", "config.yaml"))
	require.NoError(t, err)
	sub, err := all.Sub(name)
	require.NoError(t, err)
	cfg := createDefaultConfig().(*Config)
	require.NoError(t, sub.Unmarshal(cfg))
	require.NoError(t, xconfmap.Validate(cfg))
	return cfg
}

func TestConfig(t *testing.T) {
	assert.Equal(t, createDefaultConfig(), load(t, "spike_guard"))
	id := component.MustNewIDWithName("file_storage", "guard")
	assert.Equal(t, &Config{
		Key: []string{"k8s.namespace.name", "service.name"},
		Budget: BudgetConfig{
			Global: RateConfig{BytesPerSecond: 20_000_000, RecordsPerSecond: 50_000},
			PerKey: RateConfig{BytesPerSecond: 100_000, RecordsPerSecond: 300},
			Learned: LearnedConfig{
				Headroom: 4, Floor: RateConfig{BytesPerSecond: 50_000}, Ceiling: RateConfig{BytesPerSecond: 5_000_000, RecordsPerSecond: 10_000},
				Rise: 5 * time.Minute, Fall: 3 * time.Hour, Learn: time.Minute,
			},
			Overrides: []OverrideConfig{{Key: "shop/audit"}, {Key: "shop/frontend", RateConfig: RateConfig{BytesPerSecond: 1000, RecordsPerSecond: 7}}},
			Burst:     5 * time.Second,
		},
		Calm: 30 * time.Second, Action: actionSummarize, Summarize: SummarizeConfig{Interval: time.Minute}, Divert: DivertConfig{Attribute: "overflow"},
		Truncate: TruncateConfig{MaxBodyBytes: 65536}, NewTemplates: 0.2, DryRun: true, MaxKeys: 500, MaxTemplateMiB: 16, Storage: &id,
	}, load(t, "spike_guard/everything"))
}

func TestEngineConfig(t *testing.T) {
	cfg := load(t, "spike_guard/everything")
	e := cfg.engine()
	assert.Nil(t, e.Key.Learned)
	assert.Equal(t, spike.Rate{Bytes: 100_000, Records: 300}, e.Key.Fixed)
	assert.Equal(t, map[string]spike.Limit{"shop/audit": {}, "shop/frontend": {Fixed: spike.Rate{Bytes: 1000, Records: 7}}}, e.Overrides)
	assert.False(t, e.Summarize, "nothing is to be changed")
	cfg.Budget.Learned.Enabled, cfg.DryRun = true, false
	e = cfg.engine()
	assert.Nil(t, e.Key.Learned, "a fixed budget comes first")
	assert.True(t, e.Summarize)
	cfg.Budget.PerKey = RateConfig{}
	e = cfg.engine()
	assert.Equal(t, &spike.Learned{
		Headroom: 4, Floor: spike.Rate{Bytes: 50_000}, Ceiling: spike.Rate{Bytes: 5_000_000, Records: 10_000},
		Rise: 5 * time.Minute, Fall: 3 * time.Hour, Learn: time.Minute,
	}, e.Key.Learned)
}

func TestConfigErrors(t *testing.T) {
	for want, change := range map[string]func(*Config){
		`key must name 1 to 8 attributes, got 0`:                                                         func(c *Config) { c.Key = nil },
		`key must name 1 to 8 attributes, got 9`:                                                         func(c *Config) { c.Key = []string{"a", "b", "c", "d", "e", "f", "g", "h", "i"} },
		`key[1] must be the name of an attribute, got ""`:                                                func(c *Config) { c.Key = []string{"a", ""} },
		`key[1] must not be named before, got "a"`:                                                       func(c *Config) { c.Key = []string{"a", "a"} },
		`budget: global: bytes_per_second must be 0 (no limit) to 1e+15, got -1`:                         func(c *Config) { c.Budget.Global.BytesPerSecond = -1 },
		`budget: per_key: records_per_second must be 0 (no limit) to 1e+15, got NaN`:                     func(c *Config) { c.Budget.PerKey.RecordsPerSecond = math.NaN() },
		`budget: learned: floor: records_per_second must be 0 (no limit) to 1e+15, got +Inf`:             func(c *Config) { c.Budget.Learned.Floor.RecordsPerSecond = math.Inf(1) },
		`budget: learned: ceiling: bytes_per_second must be 0 (no limit) to 1e+15, got -2`:               func(c *Config) { c.Budget.Learned.Ceiling.BytesPerSecond = -2 },
		`budget: learned: ceiling: records_per_second must be 0 (none) or at least the floor (200), got`: func(c *Config) { c.Budget.Learned.Ceiling.RecordsPerSecond = 199 },
		`budget: learned: headroom must be more than 1, at most 1e6, got 1`:                              func(c *Config) { c.Budget.Learned.Headroom = 1 },
		`budget: learned: rise must be 1s to 720h0m0s with its unit, such as 10m, got 600ns`:             func(c *Config) { c.Budget.Learned.Rise = 600 },
		`budget: learned: fall must be 1s to 720h0m0s with its unit, such as 10m, got 0s`:                func(c *Config) { c.Budget.Learned.Fall = 0 },
		`budget: learned: learn must be 0s to 720h0m0s with its unit, such as 10m, got 600ns`:            func(c *Config) { c.Budget.Learned.Learn = 600 },
		`budget: burst must be 10ms to 1h0m0s with its unit, such as 2s, got 2ns`:                        func(c *Config) { c.Budget.Burst = 2 },
		`budget: must have a limit: learned, per_key, global or overrides, got none`:                     func(c *Config) { c.Budget.Learned.Enabled = false },
		`budget: overrides[0]: key must have 1 to 256 bytes, got ""`:                                     func(c *Config) { c.Budget.Overrides = []OverrideConfig{{}} },
		`budget: overrides[1]: key must not be named before, got "a"`:                                    func(c *Config) { c.Budget.Overrides = []OverrideConfig{{Key: "a"}, {Key: "a"}} },
		`budget: overrides[0]: records_per_second must be 0 (no limit) to 1e+15, got -3`: func(c *Config) {
			c.Budget.Overrides = []OverrideConfig{{Key: "a", RateConfig: RateConfig{RecordsPerSecond: -3}}}
		},
		`budget: overrides must be at most 10000, got 10001`:                                func(c *Config) { c.Budget.Overrides = make([]OverrideConfig, 10_001) },
		`calm must be 10ms to 720h0m0s with its unit, such as 10s, got 10ns`:                func(c *Config) { c.Calm = 10 },
		`action must be one of thin, summarize, divert, refuse, drop, got "sample"`:         func(c *Config) { c.Action = "sample" },
		`summarize: interval must be 100ms to 24h0m0s with its unit, such as 10s, got 10ns`: func(c *Config) { c.Summarize.Interval = 10 },
		`divert: attribute must be the name of an attribute, got ""`:                        func(c *Config) { c.Divert.Attribute = "" },
		`truncate: max_body_bytes must be 0 (off) or 256 to 1073741824, got 100`:            func(c *Config) { c.Truncate.MaxBodyBytes = 100 },
		`new_templates must be a share, 0 to 0.5, got 0.6`:                                  func(c *Config) { c.NewTemplates = 0.6 },
		`max_keys must be 1 to 10000000, got 0`:                                             func(c *Config) { c.MaxKeys = 0 },
		`max_template_mib must be 1 to 1048576, got 0`:                                      func(c *Config) { c.MaxTemplateMiB = 0 },
	} {
		cfg := createDefaultConfig().(*Config)
		require.NoError(t, cfg.Validate())
		change(cfg)
		require.ErrorContains(t, cfg.Validate(), want)
	}
}

// TestConfigErrorsTogether: all mistakes are told at once.
func TestConfigErrorsTogether(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	cfg.Key, cfg.Action, cfg.Budget.Burst, cfg.MaxKeys = nil, "x", 0, -1
	err := cfg.Validate()
	for _, want := range []string{"key must", "action must", "budget: burst must", "max_keys must"} {
		assert.ErrorContains(t, err, want)
	}
}

// TestLimitsWithoutLearning: any limit will do.
func TestLimitsWithoutLearning(t *testing.T) {
	for _, change := range []func(*BudgetConfig){
		func(b *BudgetConfig) { b.Global.RecordsPerSecond = 1 },
		func(b *BudgetConfig) { b.PerKey.BytesPerSecond = 1 },
		func(b *BudgetConfig) { b.Overrides = []OverrideConfig{{Key: "a"}} },
	} {
		cfg := createDefaultConfig().(*Config)
		cfg.Budget.Learned.Enabled = false
		change(&cfg.Budget)
		require.NoError(t, cfg.Validate())
		_, err := spike.New(cfg.engine())
		require.NoError(t, err)
	}
}

// TestCreateErrors: what Validate refuses, the engine refuses too.
func TestCreateErrors(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	cfg.Budget.Burst = 0
	_, err := NewFactory().CreateLogs(t.Context(), processortest.NewNopSettings(metadata.Type), cfg, consumertest.NewNop())
	require.ErrorContains(t, err, "create engine: ")
}
