// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grokprocessor

import (
	"context"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor"

	"github.com/logboom/logboom/processor/grokprocessor/internal/metadata"
)

type grokProcessor struct {
	telemetry *metadata.TelemetryBuilder
}

func newGrokProcessor(set processor.Settings, _ *Config) (*grokProcessor, error) {
	tb, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	return &grokProcessor{telemetry: tb}, nil
}

func (p *grokProcessor) shutdown(context.Context) error {
	p.telemetry.Shutdown()
	return nil
}

func (*grokProcessor) processLogs(_ context.Context, ld plog.Logs) (plog.Logs, error) {
	return ld, nil
}
