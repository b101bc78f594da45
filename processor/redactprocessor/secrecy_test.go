// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redactprocessor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/processor/processortest"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/logboom/logboom/processor/redactprocessor/internal/metadata"
)

// TestNothingInOwnTelemetry sends records full of secrets through a processor, also with a consumer behind it that
// fails, and searches all that the processor says about itself.
func TestNothingInOwnTelemetry(t *testing.T) {
	core, logs := observer.New(zap.DebugLevel)
	tel := componenttest.NewTelemetry()
	set := processortest.NewNopSettings(metadata.Type)
	set.TelemetrySettings = tel.NewTelemetrySettings()
	set.Logger = zap.New(core)
	cfg := defaults()
	cfg.Limits.MaxRecordBytes = 2000
	cfg.Detectors = map[string]DetectorConfig{"payment_card": {Action: "drop_record"}}
	p, err := NewFactory().CreateLogs(context.Background(), set, cfg, consumertest.NewErr(errors.New("away")))
	require.NoError(t, err)
	require.NoError(t, p.Start(context.Background(), componenttest.NewNopHost()))
	for _, secret := range []string{card, email, github, "password=Hx7Lq2Pz", strings.Repeat(email+" ", 500)} {
		err := p.ConsumeLogs(context.Background(), everywhere(secret))
		if secret == card { // all of it is dropped
			require.NoError(t, err)
			continue
		}
		require.EqualError(t, err, "away", "the next consumer's error comes back as it is")
	}
	require.NoError(t, p.Shutdown(context.Background()))
	var said strings.Builder
	for _, l := range logs.All() {
		fmt.Fprintln(&said, l.Message, l.ContextMap())
	}
	for _, name := range []string{"otelcol_processor_redact_findings", "otelcol_processor_redact_unscanned", "otelcol_processor_redact_dropped_items"} {
		m, err := tel.GetMetric(name)
		require.NoError(t, err)
		text, err := json.Marshal(m)
		require.NoError(t, err)
		said.Write(text)
		fmt.Fprintf(&said, "%+v", m)
	}
	for _, secret := range []string{card, email, github, "Hx7Lq2Pz"} {
		assert.NotContains(t, said.String(), secret)
	}
	assert.Contains(t, said.String(), "max_record_bytes")
	require.NoError(t, tel.Shutdown(context.Background()))
}

func TestHashKeyIsNotPrinted(t *testing.T) {
	cfg := defaults()
	cfg.Hash.Key = "a-key-that-nobody-may-see"
	assert.NotContains(t, fmt.Sprintf("%v %+v", cfg, *cfg), "nobody-may-see")
}
