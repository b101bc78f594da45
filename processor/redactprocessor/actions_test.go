// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redactprocessor

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/logboom/logboom/processor/redactprocessor/internal/metadata"
)

func TestDryRunChangesNothingAndCounts(t *testing.T) {
	cfg := defaults()
	cfg.DryRun = true
	before, err := new(plog.ProtoMarshaler).MarshalLogs(everywhere(email))
	require.NoError(t, err)
	tel := componenttest.NewTelemetry()
	set := processortest.NewNopSettings(metadata.Type)
	set.TelemetrySettings = tel.NewTelemetrySettings()
	sink := new(consumertest.LogsSink)
	p, err := NewFactory().CreateLogs(context.Background(), set, cfg, sink)
	require.NoError(t, err)
	require.NoError(t, p.ConsumeLogs(context.Background(), everywhere(email)))
	after, err := new(plog.ProtoMarshaler).MarshalLogs(sink.AllLogs()[0])
	require.NoError(t, err)
	assert.Equal(t, before, after)
	points := findingsOf(t, tel)
	assert.Equal(t, map[string]int64{"email/none": 19}, points)
	require.NoError(t, p.Shutdown(context.Background()))
	require.NoError(t, tel.Shutdown(context.Background()))
}
