// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package requestsamplingprocessor

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/confmap/xconfmap"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/logboom/logboom/internal/tailsample"
	"github.com/logboom/logboom/processor/requestsamplingprocessor/internal/metadata"
)

func ptr[T any](v T) *T { return &v }

// load reads a block of testdata/config.yaml.
func load(t *testing.T, id string) *Config {
	t.Helper()
	conf, err := confmaptest.LoadConf("testdata/config.yaml")
	require.NoError(t, err)
	sub, err := conf.Sub(id)
	require.NoError(t, err)
	cfg := createDefaultConfig().(*Config)
	require.NoError(t, sub.Unmarshal(cfg))
	return cfg
}

func TestConfig(t *testing.T) {
	small := load(t, "request_sampling")
	require.NoError(t, xconfmap.Validate(small))
	want := createDefaultConfig().(*Config)
	want.Policies = []PolicyConfig{{Name: "rest", Rate: ptr(0.05)}}
	assert.Equal(t, want, small)

	cfg := load(t, "request_sampling/everything")
	require.NoError(t, xconfmap.Validate(cfg))
	p, err := newPlan(cfg, componenttest.NewNopTelemetrySettings(), nil)
	require.NoError(t, err)
	small.Wait = time.Second // below the default of end.grace
	require.NoError(t, small.Validate())
	assert.Equal(t, time.Minute, p.engine.Wait)
	assert.Equal(t, 20*time.Second, p.engine.Idle)
	assert.Equal(t, 5*time.Second, p.engine.Grace)
	assert.Equal(t, int64(64<<20), p.engine.MaxHeldBytes)
	assert.Equal(t, int64(4<<20), p.engine.MaxRequestBytes)
	assert.Equal(t, int64(8<<20), p.engine.DecisionBytes)
	assert.Equal(t, "keyless", p.engine.Keyless.Name)
	require.Len(t, p.engine.Policies, 18)
	last := p.engine.Policies[17]
	assert.Equal(t, tailsample.Policy{Name: "rest", Threshold: 0xf3333000000000, RecordsPerSecond: 1000, BytesPerSecond: 1e6}, last)
	assert.Equal(t, tailsample.NeverThreshold, p.engine.Policies[16].Threshold)
	assert.Zero(t, p.engine.Policies[0].Threshold)
	assert.Len(t, p.engine.Measures, 4)
	assert.False(t, p.reader.rootSpanEnds)
	assert.NotNil(t, p.reader.ends)
}

// TestConditionsAreShared: equal conditions of several policies are one bit, and are looked at once.
func TestConditionsAreShared(t *testing.T) {
	p := mustPlan(t, policies(
		PolicyConfig{Name: "a", Severity: "error", Attribute: &AttributeConfig{Key: "k", Min: ptr(5.0)}},
		PolicyConfig{Name: "b", Severity: "ERROR", HTTPStatus: &HTTPStatusConfig{Min: 500}},
		PolicyConfig{Name: "c", Attribute: &AttributeConfig{Key: "k", Min: ptr(5.0)}, HTTPStatus: &HTTPStatusConfig{Min: 500, Max: 999}},
		PolicyConfig{Name: "d", Latency: &LatencyConfig{Min: time.Second}},
		PolicyConfig{Name: "e", Latency: &LatencyConfig{Min: time.Second, From: "spans"}, Size: &SizeConfig{MinRecords: 2}},
	))
	got := p.engine.Policies
	assert.Equal(t, uint64(0b00011), got[0].Conditions)
	assert.Equal(t, uint64(0b00101), got[1].Conditions)
	assert.Equal(t, uint64(0b00110), got[2].Conditions)
	assert.Equal(t, uint64(0b01000), got[3].Conditions)
	assert.Equal(t, uint64(0b11000), got[4].Conditions)
	assert.Zero(t, got[5].Conditions)
	assert.Len(t, p.reader.logs, 3)
	assert.Len(t, p.reader.spans, 2, "severity is no condition on spans")
}

func TestConfigErrors(t *testing.T) {
	many := make([]PolicyConfig, 0, tailsample.MaxPolicies+1)
	for i := range cap(many) {
		many = append(many, PolicyConfig{Name: string(rune('A' + i)), HTTPStatus: &HTTPStatusConfig{Min: 100 + i}})
	}
	one := func(p PolicyConfig) func(*Config) {
		p.Name = "p"
		return func(c *Config) { c.Policies = []PolicyConfig{p, {Name: "rest"}} }
	}
	for want, change := range map[string]func(*Config){
		`policies must hold at least one policy, such as {name: rest, rate: 0.05}`:                     func(c *Config) { c.Policies = nil },
		`policies must hold at most 64 policies, got 65`:                                               func(c *Config) { c.Policies = many },
		`policies must have at most 64 different conditions together`:                                  func(c *Config) { c.Policies = many },
		`policies[0]: name must have 1 to 256 bytes of UTF-8, got ""`:                                  func(c *Config) { c.Policies[0].Name = "" },
		`policies[0]: name must have 1 to 256 bytes of UTF-8, got "\xff"`:                              func(c *Config) { c.Policies[0].Name = "\xff" },
		`policies[1]: name must be unique ("keyless" is that of records without a key), got "a"`:       func(c *Config) { c.Policies = []PolicyConfig{{Name: "a", Severity: "warn"}, {Name: "a"}} },
		`policies[0]: name must be unique ("keyless" is that of records without a key), got "keyless"`: func(c *Config) { c.Policies[0].Name = "keyless" },
		`policy "a": the last policy must have no condition, so that every request has a policy, got severity, ottl`: func(c *Config) {
			c.Policies = []PolicyConfig{{Name: "a", Severity: "warn", OTTL: &OTTLConfig{Logs: []string{"true"}}}}
		},
		`policy "a": only the last policy must have no condition, because those after it never apply, got none of seve`: func(c *Config) { c.Policies = []PolicyConfig{{Name: "a"}, {Name: "b"}} },
		`wait must be 1ms to 24h0m0s with its unit, such as 30s, got 0s`:                                                func(c *Config) { c.Wait = 0 },
		`wait must be 1ms to 24h0m0s with its unit, such as 30s, got 24h0m0.000000001s`:                                 func(c *Config) { c.Wait = 24*time.Hour + 1 },
		`idle must be 0 (off), or 1ms to wait (30s) with its unit, such as 5s, got 31s`:                                 func(c *Config) { c.Idle = 31 * time.Second },
		`idle must be 0 (off), or 1ms to wait (30s) with its unit, such as 5s, got -1ns`:                                func(c *Config) { c.Idle = -1 },
		`end: grace must be 0, or 1ms to 24h0m0s with its unit, such as 10s, got -1s`:                                   func(c *Config) { c.End.Grace = -time.Second },
		`end: conditions[0] must be a condition in OTTL, got "attributes ="`:                                            func(c *Config) { c.End.Conditions = []string{"attributes ="} },
		`correlation[1] must be the name of an attribute, got ""`:                                                       func(c *Config) { c.Correlation = []string{"a", ""} },
		`correlation[1] must not be named before, got "a"`:                                                              func(c *Config) { c.Correlation = []string{"a", "a"} },
		`correlation must name at most 16 attributes, got 17`:                                                           func(c *Config) { c.Correlation = make([]string, 17) },
		`keyless: rate must be 0 to 1 (and not so small that it is never reached), got 1.5`:                             func(c *Config) { c.Keyless.Rate = 1.5 },
		`policy "rest": rate must be 0 to 1 (and not so small that it is never reached), got -0.1`:                      func(c *Config) { c.Policies[0].Rate = ptr(-0.1) },
		`got NaN`:   func(c *Config) { c.Policies[0].Rate = ptr(math.NaN()) },
		`got 1e-30`: func(c *Config) { c.Policies[0].Rate = ptr(1e-30) },
		`policy "rest": limit: records_per_second must be 0 (no limit) to 1e15, got -1`:                                           func(c *Config) { c.Policies[0].Limit.RecordsPerSecond = -1 },
		`policy "rest": limit: bytes_per_second must be 0 (no limit) to 1e15, got +Inf`:                                           func(c *Config) { c.Policies[0].Limit.BytesPerSecond = math.Inf(1) },
		`max_held_mib must be 1 to 16777216, got 0`:                                                                               func(c *Config) { c.MaxHeldMiB = 0 },
		`max_request_mib must be 1 to 16777216, got -1`:                                                                           func(c *Config) { c.MaxRequestMiB = -1 },
		`decision_cache_mib must be 1 to 16777216, got 0`:                                                                         func(c *Config) { c.DecisionCacheMiB = 0 },
		`max_request_mib must be at most max_held_mib (4), got 8`:                                                                 func(c *Config) { c.MaxHeldMiB = 4 },
		`policy_attribute must not be an attribute that holds how the record was sampled, got "sampling.threshold"`:               func(c *Config) { c.PolicyAttribute = "sampling.threshold" },
		`policy_attribute must have at most 256 bytes, got 300`:                                                                   func(c *Config) { c.PolicyAttribute = string(make([]byte, 300)) },
		`policy "p": severity must be one of trace, debug, info, warn, error, fatal, each also followed by 2, 3 or 4, got "loud"`: one(PolicyConfig{Severity: "loud"}),
		`policy "p": body must have exactly one of contains and regex, got none`:                                                  one(PolicyConfig{Body: &BodyConfig{}}),
		`policy "p": body must have exactly one of contains and regex, got 2`:                                                     one(PolicyConfig{Body: &BodyConfig{Contains: []string{"a"}, Regex: "a"}}),
		`policy "p": body: contains[0] must not be empty, got ""`:                                                                 one(PolicyConfig{Body: &BodyConfig{Contains: []string{""}}}),
		`policy "p": body: regex must be an expression in Go's syntax, got "("`:                                                   one(PolicyConfig{Body: &BodyConfig{Regex: "("}}),
		`policy "p": attribute: key must be the name of an attribute, got ""`:                                                     one(PolicyConfig{Attribute: &AttributeConfig{}}),
		`policy "p": attribute: "k" must have exactly one of values, regex, min with max, and bool, got none`:                     one(PolicyConfig{Attribute: &AttributeConfig{Key: "k"}}),
		`policy "p": attribute: "k" must have exactly one of values, regex, min with max, and bool, got 3`:                        one(PolicyConfig{Attribute: &AttributeConfig{Key: "k", Regex: "x", Bool: ptr(true), Min: ptr(1.0)}}),
		`policy "p": attribute: "k" must have a min of at most max, got 2 and 1`:                                                  one(PolicyConfig{Attribute: &AttributeConfig{Key: "k", Min: ptr(2.0), Max: ptr(1.0)}}),
		`policy "p": attribute: "k" must have a min of at most max, got NaN and +Inf`:                                             one(PolicyConfig{Attribute: &AttributeConfig{Key: "k", Min: ptr(math.NaN())}}),
		`policy "p": attribute: values[1] must be a string, a number or a boolean, got map[]`:                                     one(PolicyConfig{Attribute: &AttributeConfig{Key: "k", Values: []any{1, map[string]any{}}}}),
		`policy "p": attribute: values[0] must not be empty, got ""`:                                                              one(PolicyConfig{Attribute: &AttributeConfig{Key: "k", Values: []any{""}}}),
		`policy "p": attribute: regex must be an expression in Go's syntax, got "["`:                                              one(PolicyConfig{Attribute: &AttributeConfig{Key: "k", Regex: "["}}),
		`policy "p": latency: min must be at least 1ms with its unit, such as 2s, got 0s`:                                         one(PolicyConfig{Latency: &LatencyConfig{}}),
		`policy "p": latency: from must be one of spans, records, attribute, got "span"`:                                          one(PolicyConfig{Latency: &LatencyConfig{Min: time.Second, From: "span"}}),
		`policy "p": latency: attribute and unit must only be set with from: attribute, got "d" and "ms"`:                         one(PolicyConfig{Latency: &LatencyConfig{Min: time.Second, Attribute: "d", Unit: "ms"}}),
		`policy "p": latency: attribute must be the name of an attribute, got ""`:                                                 one(PolicyConfig{Latency: &LatencyConfig{Min: time.Second, From: "attribute", Unit: "ms"}}),
		`policy "p": latency: unit must be one of ns, us, ms, s, got "m"`:                                                         one(PolicyConfig{Latency: &LatencyConfig{Min: time.Second, From: "attribute", Attribute: "d", Unit: "m"}}),
		`policy "p": http_status must have min, max or both, got none`:                                                            one(PolicyConfig{HTTPStatus: &HTTPStatusConfig{}}),
		`policy "p": http_status: min and max must be 100 to 999, and min at most max, got 500 and 400`:                           one(PolicyConfig{HTTPStatus: &HTTPStatusConfig{Min: 500, Max: 400}}),
		`policy "p": grpc_status: codes must hold at least one status of gRPC such as UNAVAILABLE, got none`:                      one(PolicyConfig{GRPCStatus: &GRPCStatusConfig{}}),
		`policy "p": grpc_status: codes[1] must be a status of gRPC such as UNAVAILABLE, or its number 0 to 16, got 17`:           one(PolicyConfig{GRPCStatus: &GRPCStatusConfig{Codes: []any{0, 17}}}),
		`policy "p": grpc_status: codes[0] must be a status of gRPC such as UNAVAILABLE, or its number 0 to 16, got nope`:         one(PolicyConfig{GRPCStatus: &GRPCStatusConfig{Codes: []any{"nope"}}}),
		`policy "p": span_status must be one of error, ok, got "unset"`:                                                           one(PolicyConfig{SpanStatus: "unset"}),
		`policy "p": size must have min_records, min_mib or both, got none`:                                                       one(PolicyConfig{Size: &SizeConfig{}}),
		`policy "p": size: min_records must not be negative, got -1`:                                                              one(PolicyConfig{Size: &SizeConfig{MinRecords: -1}}),
		`policy "p": size: min_mib must be 0 to 16777216, got -1`:                                                                 one(PolicyConfig{Size: &SizeConfig{MinMiB: -1}}),
		`policy "p": ottl must have conditions under logs, spans or both, got none`:                                               one(PolicyConfig{OTTL: &OTTLConfig{}}),
		`policy "p": ottl: logs[1] must be a condition in OTTL, got "nonsense("`:                                                  one(PolicyConfig{OTTL: &OTTLConfig{Logs: []string{"true", "nonsense("}}}),
		`policy "p": ottl: spans[0] must be a condition in OTTL, got "body == 1"`:                                                 one(PolicyConfig{OTTL: &OTTLConfig{Spans: []string{"body == 1"}}}),
	} {
		cfg := createDefaultConfig().(*Config)
		cfg.Policies = []PolicyConfig{{Name: "rest"}}
		require.NoError(t, cfg.Validate())
		change(cfg)
		require.ErrorContains(t, cfg.Validate(), want)
	}
}

// TestConfigErrorsTogether: all mistakes are told at once.
func TestConfigErrorsTogether(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	cfg.Wait = -1
	cfg.Policies = []PolicyConfig{{Name: "a", Severity: "loud", SpanStatus: "bad"}, {Rate: ptr(2.0)}}
	err := cfg.Validate()
	for _, want := range []string{"wait must", "severity must", "span_status must", "policies[1]: name must", "policies[1]: rate must"} {
		assert.ErrorContains(t, err, want)
	}
}

// TestCreateErrors: what Validate refuses, the factory refuses too.
func TestCreateErrors(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	cfg.Policies = []PolicyConfig{{Name: "a", Severity: "loud"}, {Name: "rest"}}
	_, err := NewFactory().CreateLogs(t.Context(), processortest.NewNopSettings(metadata.Type), cfg, consumertest.NewNop())
	require.ErrorContains(t, err, "compile policies: policy \"a\": severity must")
	_, err = NewFactory().CreateTraces(t.Context(), processortest.NewNopSettings(metadata.Type), cfg, consumertest.NewNop())
	require.Error(t, err)
}

func TestFingerprint(t *testing.T) {
	a := load(t, "request_sampling/everything")
	b := load(t, "request_sampling/everything")
	b.Policies[0].Name, b.Policies[3].Rate, b.Policies[4].Limit.RecordsPerSecond = "other", ptr(0.5), 7
	assert.Equal(t, fingerprint(a), fingerprint(b), "names, rates and limits mean nothing to conditions")
	for name, change := range map[string]func(*Config){
		"severity":    func(c *Config) { c.Policies[0].Severity = "warn" },
		"number":      func(c *Config) { *c.Policies[5].Attribute.Min++ },
		"order":       func(c *Config) { c.Policies[0], c.Policies[1] = c.Policies[1], c.Policies[0] },
		"correlation": func(c *Config) { c.Correlation = c.Correlation[1:] },
	} {
		c := load(t, "request_sampling/everything")
		change(c)
		assert.NotEqual(t, fingerprint(a), fingerprint(c), name)
	}
}
