// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package spikeguardprocessor

import (
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/processor"

	"github.com/logboom/logboom/processor/spikeguardprocessor/internal/metadata"
)

// NewFactory returns the factory of the spike_guard processor.
func NewFactory() processor.Factory {
	r := &registry{pipelines: map[*Config]int{}}
	return processor.NewFactory(metadata.Type, createDefaultConfig, processor.WithLogs(r.createLogs, metadata.LogsStability))
}

func createDefaultConfig() component.Config {
	return &Config{
		Key: []string{"service.name"},
		Budget: BudgetConfig{
			Learned: LearnedConfig{
				Enabled:  true,
				Headroom: 5,
				Floor:    RateConfig{BytesPerSecond: 100_000, RecordsPerSecond: 200},
				Rise:     10 * time.Minute,
				Fall:     6 * time.Hour,
				Learn:    10 * time.Minute,
			},
			Burst: 2 * time.Second,
		},
		Calm:           10 * time.Second,
		Action:         actionThin,
		Summarize:      SummarizeConfig{Interval: 10 * time.Second},
		Divert:         DivertConfig{Attribute: "logboom.spike_guard.diverted"},
		NewTemplates:   0.1,
		Notices:        true,
		MaxKeys:        10_000,
		MaxTemplateMiB: 64,
	}
}
