// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package objectstorageexporter

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestImpossibleKeyIsPoison: records whose object no bucket would ever take are set aside; they do not stay before the
// bucket for ever, with all others behind them.
func TestImpossibleKeyIsPoison(t *testing.T) {
	r := newRig(t, testConfig(t))
	require.NoError(t, r.start(context.Background(), r.host))
	sound := r.writer
	r.writer = "a__0x2f__" // the archive makes no such key by itself
	r.send(newLogs(0, 5))
	r.wal.Rotate(0)
	r.eventually("dropped_records", "undecodable", 5)
	r.eventually("held_records", "", 0)
	r.stop()
	assert.Len(t, asideFiles(t, r.cfg), 1)
	r.requireBalance()

	r = newRig(t, r.cfg)
	require.NoError(t, r.start(context.Background(), r.host))
	require.Equal(t, sound, r.writer)
	r.send(newLogs(5, 5))
	r.stop()
	r.requireBalance()
	rows := int64(0)
	for _, o := range r.objects() {
		rows += o.Rows
	}
	assert.EqualValues(t, 5, rows)
}
