// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/logboom/logboom/test/harness"
)

// TestS3 keeps the archive on an S3 server that is away for a while: what was acknowledged meanwhile is found afterwards.
func TestS3(t *testing.T) {
	t.Parallel()
	s3 := harness.StartS3(t)
	bucket := s3.BucketYAML("team/archive")
	gw := harness.StartGateway(t, fmt.Sprintf(`
exporters: {object_storage: {bucket: %s, flush: {interval: 200ms}, retry_on_failure: {initial_interval: 100ms, max_interval: 500ms}}}
extensions: {archive_query: {bucket: %s}}
`, bucket, bucket))
	l := startLoad(t, gw.Addr("otlp"), 2, true)
	time.Sleep(500 * time.Millisecond)
	s3.Stop()
	time.Sleep(time.Second)
	s3.Start()
	time.Sleep(300 * time.Millisecond)
	l.end()
	l.verify(t, gw.Loki("query"))

	// A restart in the middle, and another reader of the same bucket.
	gw.Terminate()
	gw.Restart()
	l.verify(t, gw.Loki("query"))
	gw.Terminate()
}
