// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redactprocessor

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/logboom/logboom/internal/redact"
	"github.com/logboom/logboom/processor/redactprocessor/internal/metadata"
)

func TestConfigErrors(t *testing.T) {
	cfg := defaults()
	cfg.Action = "erase"
	cfg.Detectors = map[string]DetectorConfig{"emial": {}}
	cfg.Limits.MaxRecordBytes = 0
	err := cfg.Validate()
	for _, want := range []string{`action must be one of`, `"emial"`, "limits.max_record_bytes must be positive, got 0"} {
		assert.ErrorContains(t, err, want)
	}
	assert.NoError(t, defaults().Validate())
	_, err = NewFactory().CreateLogs(context.Background(), processortest.NewNopSettings(metadata.Type), cfg, consumertest.NewNop())
	require.Error(t, err)
}

func TestReadmeListsEveryDetector(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	for _, name := range redact.Names() {
		assert.Contains(t, string(readme), "`"+name+"`")
	}
	assert.Contains(t, string(readme), fmt.Sprintf("| %d built in", len(redact.Names())))
}
