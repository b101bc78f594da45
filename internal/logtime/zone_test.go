// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logtime

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestPlacesBounded: however many zones that there are not texts name, few are kept.
func TestPlacesBounded(t *testing.T) {
	for i := range 3 * maxUnknownPlaces {
		require.Nil(t, places.find(fmt.Sprint("No/Where", i)))
	}
	assert.LessOrEqual(t, len(places.unknown), maxUnknownPlaces)
	assert.NotNil(t, places.find("Asia/Tokyo"))
	assert.Nil(t, places.find("/etc/passwd"))
	assert.Nil(t, places.find("../UTC"))
}
