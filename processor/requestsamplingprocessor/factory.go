// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package requestsamplingprocessor

import (
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/processor"

	"github.com/logboom/logboom/processor/requestsamplingprocessor/internal/metadata"
)

const (
	defaultWait             = 30 * time.Second
	defaultGrace            = 10 * time.Second
	defaultMaxHeldMiB       = 512
	defaultMaxRequestMiB    = 8
	defaultDecisionCacheMiB = 64
)

// NewFactory returns the factory of the request_sampling processor. The processors that it creates with one configuration
// share what they hold.
func NewFactory() processor.Factory {
	r := &registry{}
	return processor.NewFactory(
		metadata.Type,
		createDefaultConfig,
		processor.WithLogs(r.createLogs, metadata.LogsStability),
		processor.WithTraces(r.createTraces, metadata.TracesStability),
	)
}

func createDefaultConfig() component.Config {
	return &Config{
		Wait:             defaultWait,
		End:              EndConfig{RootSpan: true, Grace: defaultGrace},
		Keyless:          KeylessConfig{Rate: 1},
		MaxHeldMiB:       defaultMaxHeldMiB,
		MaxRequestMiB:    defaultMaxRequestMiB,
		DecisionCacheMiB: defaultDecisionCacheMiB,
	}
}
