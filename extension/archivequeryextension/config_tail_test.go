// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTailConfig(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	require.NoError(t, cfg.Tail.Validate())
	err := (&TailConfig{MaxConcurrent: -1, MaxDuration: 60}).Validate()
	require.Error(t, err)
	assert.Equal(t, "max_concurrent must be positive, got -1\nmax_duration must be at least 1ms, got 60ns: does it have a unit, such as 1h?", err.Error())
	err = (&TailConfig{MaxConcurrent: 1, MaxDuration: -time.Second}).Validate()
	require.Error(t, err)
	assert.Equal(t, "max_duration must be positive, got -1s", err.Error())
}
