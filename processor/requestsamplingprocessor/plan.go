// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package requestsamplingprocessor

import (
	"errors"
	"fmt"
	"slices"

	"github.com/cespare/xxhash/v2"
	"go.opentelemetry.io/collector/component"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/sampling"

	"github.com/logboom/logboom/internal/tailsample"
	"github.com/logboom/logboom/internal/weight"
)

// keylessPolicy is the name of the policy for records without a key.
const keylessPolicy = "keyless"

// thresholdPrecision is the number of hexadecimal digits of thresholds, as in contrib's probabilistic_sampler: rates are met to
// one in 65,536 of themselves, and thresholds are short to write.
const thresholdPrecision = 4

// plan is the configuration, compiled.
type plan struct {
	engine tailsample.Config
	reader *reader
}

// newPlan compiles the configuration. errs gets the counter of OTTL conditions that end in an error; nil counts them nowhere.
func newPlan(cfg *Config, set component.TelemetrySettings, errs func(tailsample.Signal, string) *cell) (*plan, error) {
	if errs == nil {
		errs = func(tailsample.Signal, string) *cell { return &cell{} }
	}
	c := &compiler{set: set, errors: errs, bits: map[string]uint64{}}
	p := &plan{engine: tailsample.Config{
		Keyless:         tailsample.Policy{Name: keylessPolicy},
		Wait:            cfg.Wait,
		Idle:            cfg.Idle,
		Grace:           cfg.End.Grace,
		MaxHeldBytes:    int64(cfg.MaxHeldMiB) * bytesPerMiB,
		MaxRequestBytes: int64(cfg.MaxRequestMiB) * bytesPerMiB,
		DecisionBytes:   int64(cfg.DecisionCacheMiB) * bytesPerMiB,
		Fingerprint:     fingerprint(cfg),
	}}
	var all []error
	var err error
	if p.engine.Keyless.Threshold, err = threshold(cfg.Keyless.Rate); err != nil {
		all = append(all, fmt.Errorf("keyless: %w", err))
	}
	for i := range cfg.Policies {
		pc := &cfg.Policies[i]
		policy := tailsample.Policy{
			Name:             pc.Name,
			RecordsPerSecond: pc.Limit.RecordsPerSecond,
			BytesPerSecond:   pc.Limit.BytesPerSecond,
		}
		var failed []error
		policy.Conditions, failed = c.conditions(pc)
		if pc.Rate != nil {
			if policy.Threshold, err = threshold(*pc.Rate); err != nil {
				failed = append(failed, err)
			}
		}
		failed = append(failed, pc.Limit.validate())
		for _, err := range failed {
			if err != nil {
				all = append(all, fmt.Errorf("%s: %w", pc.where(i), err))
			}
		}
		p.engine.Policies = append(p.engine.Policies, policy)
	}
	p.engine.Measures = c.measures
	p.reader = &reader{logs: c.logs, spans: c.spans, rootSpanEnds: cfg.End.RootSpan}
	if len(cfg.End.Conditions) > 0 {
		if p.reader.ends, err = c.logConditions("conditions", "", cfg.End.Conditions); err != nil {
			all = append(all, fmt.Errorf("end%w", err))
		}
	}
	for _, name := range cfg.Correlation {
		p.reader.correlation = append(p.reader.correlation, c.keys.slot(name))
	}
	p.reader.randomness = c.keys.slot(weight.RandomnessAttribute)
	p.reader.threshold = c.keys.slot(weight.ThresholdAttribute)
	p.reader.service = c.keys.slot("service.name")
	p.reader.keys = c.keys
	return p, errors.Join(all...)
}

// threshold is the number of 2^56 equal shares that are rejected at a rate.
func threshold(rate float64) (uint64, error) {
	if rate == 0 {
		return tailsample.NeverThreshold, nil
	}
	t, err := sampling.ProbabilityToThresholdWithPrecision(rate, thresholdPrecision)
	if err != nil {
		return 0, fmt.Errorf("rate must be 0 to 1 (and not so small that it is never reached), got %v", rate)
	}
	return t.Unsigned(), nil
}

// fingerprint changes with whatever gives keys and the bits of conditions their meaning.
func fingerprint(cfg *Config) string {
	meaning := struct {
		Correlation, Ends []string
		Policies          []PolicyConfig
	}{cfg.Correlation, cfg.End.Conditions, slices.Clone(cfg.Policies)}
	for i := range meaning.Policies {
		p := &meaning.Policies[i]
		p.Name, p.Rate, p.Limit = "", nil, LimitConfig{}
	}
	return fmt.Sprintf("%016x", xxhash.Sum64String(identity("conditions", meaning)))
}
