// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grokprocessor

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processorhelper"

	"github.com/logboom/logboom/internal/grok"
	"github.com/logboom/logboom/processor/grokprocessor/internal/metadata"
)

const (
	defaultMaxRecordBytes = 1 << 20
	defaultMaxFields      = 1000
	defaultMaxJSONDepth   = 64
	defaultMaxMatchSteps  = grok.DefaultMaxSteps
	defaultMaxSources     = 10_000
)

// NewFactory returns the factory of the grok processor.
func NewFactory() processor.Factory {
	return processor.NewFactory(
		metadata.Type,
		createDefaultConfig,
		processor.WithLogs(createLogs, metadata.LogsStability),
	)
}

func createDefaultConfig() component.Config {
	return &Config{
		Library:             grok.LibraryECS,
		SemanticConventions: true,
		MaxRecordBytes:      defaultMaxRecordBytes,
		MaxFields:           defaultMaxFields,
		MaxJSONDepth:        defaultMaxJSONDepth,
		MaxMatchSteps:       defaultMaxMatchSteps,
		MaxSources:          defaultMaxSources,
	}
}

func createLogs(ctx context.Context, set processor.Settings, cfg component.Config, next consumer.Logs) (processor.Logs, error) {
	p, err := newGrokProcessor(set, cfg.(*Config))
	if err != nil {
		return nil, err
	}
	return processorhelper.NewLogs(ctx, set, cfg, next, p.processLogs,
		processorhelper.WithCapabilities(consumer.Capabilities{MutatesData: true}),
		processorhelper.WithShutdown(p.shutdown),
	)
}
