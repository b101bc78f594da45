// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/test/harness"
)

// TestArchiveIsLookedAfterUnderLoad merges, sums up and deletes all the time, beside writing and queries, and kills the process in
// between: every acknowledged record is found once, the archive is sound, and what was merged is gone.
func TestArchiveIsLookedAfterUnderLoad(t *testing.T) {
	t.Parallel()
	gw := harness.StartGateway(t, `
extensions: {archive_compactor: {interval: 100ms, max_objects: 3, target_size_mib: 16, max_memory_mib: 96, grace: 1s, lease: {ttl: 1s}}}
exporters: {object_storage: {flush: {interval: 50ms}}}`)
	l := startLoad(t, gw.Addr("otlp"), 4, true)
	for range 3 {
		time.Sleep(700 * time.Millisecond)
		gw.Kill()
		gw.Restart()
	}
	time.Sleep(300 * time.Millisecond)
	l.end()
	l.verify(t, gw.Loki("query"))
	archive := gw.Dir("archive")
	harness.Eventually(t, time.Minute, func() error { // the lease of the killed process first runs out
		if n := len(parquetFiles(t, archive)); n > 12 {
			return fmt.Errorf("%d objects are in the bucket", n)
		}
		return nil
	})
	l.verify(t, gw.Loki("query"))
	gw.Terminate()
	r := harness.Run(t, harness.CtlBinary(t), "archive", "verify", "file://"+archive)
	require.Zero(t, r.Code, r.Stdout+r.Stderr)
}
