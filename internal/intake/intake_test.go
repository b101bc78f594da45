// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestActive(t *testing.T) {
	require.False(t, Active())
	Begin()
	Begin()
	End()
	require.True(t, Active(), "one is under way")
	End()
	require.False(t, Active())
}
