// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/logboom/logboom/test/harness"
)

// mountTmpfs mounts a file system of a size, and returns a function that gives it another.
func mountTmpfs(t *testing.T, dir, size string) (resize func(size string)) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("a full disk needs a small tmpfs, and mounting one needs root")
	}
	require.NoError(t, os.MkdirAll(dir, 0o750))
	if r := harness.Run(t, "mount", "-t", "tmpfs", "-o", "size="+size, "logboom-test", dir); r.Code != 0 {
		t.Skipf("a full disk needs a small tmpfs, and mounting is not possible here: %s", r.Stderr)
	}
	t.Cleanup(func() {
		if r := harness.Run(t, "umount", "--lazy", dir); r.Code != 0 {
			t.Errorf("umount: %s", r.Stderr)
		}
	})
	return func(size string) {
		if r := harness.Run(t, "mount", "-o", "remount,size="+size, dir); r.Code != 0 {
			t.Fatalf("remount: %s", r.Stderr)
		}
	}
}

// randomText does not compress, so that a disk fills up at the pace of what is sent.
func randomText(n int) string {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789  "
	b := make([]byte, n)
	for i := range b {
		b[i] = letters[rand.IntN(len(letters))] //nolint:gosec // filler
	}
	return string(b)
}

// TestFullDisk fills the disk under the archive, under the write-ahead log, and under both: clients are refused with a
// retryable code, the reason is in the log, and when there is space again everything that was acknowledged is found.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	for _, full := range []string{"archive", "wal", "both"} {
		t.Run(full, func(t *testing.T) {
			t.Parallel()
			dir := harness.TempDir(t)
			small := filepath.Join(dir, "small")
			resize := mountTmpfs(t, small, "6m")
			archive, wal := filepath.Join(small, "archive"), filepath.Join(small, "wal")
			if full == "archive" {
				wal = filepath.Join(dir, "wal")
			}
			if full == "wal" {
				archive = filepath.Join(dir, "archive")
			}
			cfg := harness.GatewayConfig(fmt.Sprintf(`
exporters: {object_storage: {bucket: {url: 'file://%s'}, wal: {directory: '%s', max_size_mib: 24}, flush: {interval: 200ms}, retry_on_failure: {initial_interval: 200ms, max_interval: 500ms}}}
extensions:
  archive_query: {bucket: {url: 'file://%s'}}
  healthcheckv2:
    use_v2: true
    component_health: {include_recoverable_errors: true, recovery_duration: 1ms}
    http: {endpoint: '{{addr "health"}}', status: {enabled: true, path: /health}, config: {enabled: false}}
service: {extensions: [archive_query, healthcheckv2]}
`, archive, wal, archive))
			cfg.Dir = dir
			gw := harness.Start(t, cfg)
			conn := harness.DialOTLP(t, gw.Addr("otlp"))

			acked := map[string]bool{}
			send := func(i int) error {
				bodies := make([]string, 5)
				for j := range bodies {
					bodies[j] = fmt.Sprintf("record %04d/%02d %s", i, j, randomText(20_000))
				}
				err := conn.Send(context.Background(), harness.Logs("disk", bodies...))
				if err == nil {
					for _, b := range bodies {
						acked[b[:14]] = true
					}
				}
				return err
			}
			var refused error
			i := 0
			for ; i < 1000 && refused == nil; i++ { // 100 KB each
				refused = send(i)
				if refused != nil && full == "wal" {
					// Space comes back with every flush; refusals come and go.
					break
				}
			}
			require.Error(t, refused, "a full disk refuses in the end")
			require.Equal(t, codes.Unavailable, status.Code(unwrapAll(refused)), "code of %v", refused)
			gw.WaitLog("no space left on device", time.Minute)
			require.True(t, gw.Running())
			health := gw.Loki("health")
			// A flush may make room for a moment; so it is filled until the health check has seen it.
			harness.Eventually(t, time.Minute, func() error {
				i++
				_ = send(i)
				_, err := health.Get("/health", url.Values{"verbose": {""}})
				if err == nil || !strings.Contains(err.Error(), "no space left on device") {
					return fmt.Errorf("health while the disk is full: %v", err) //nolint:errorlint // may be nil
				}
				return nil
			})

			resize("200m")
			harness.Eventually(t, time.Minute, func() error {
				i++
				return send(i)
			})
			harness.Eventually(t, time.Minute, func() error {
				got, err := gw.Loki("query").Range(`{service_name="disk"}`, time.Now().Add(-time.Hour), time.Now().Add(time.Hour), 5000)
				if err != nil {
					return err
				}
				seen := map[string]bool{}
				for _, e := range got {
					seen[e.Line[:14]] = true
				}
				for b := range acked {
					if !seen[b] {
						return fmt.Errorf("%q was acknowledged and is not in the archive (%d of %d are)", b, len(seen), len(acked))
					}
				}
				return nil
			})
			harness.Eventually(t, time.Minute, func() error {
				_, err := health.Get("/health", url.Values{"verbose": {""}})
				return err
			})
			require.NotContains(t, strings.ToLower(gw.Log()), "panic")
			gw.Terminate()
		})
	}
}

func unwrapAll(err error) error {
	for {
		u, ok := err.(interface{ Unwrap() error }) //nolint:errorlint // it walks the chain
		if !ok || u.Unwrap() == nil {
			return err
		}
		err = u.Unwrap()
	}
}
