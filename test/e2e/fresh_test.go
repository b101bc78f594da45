// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/test/harness"
)

// TestFoundOnceAccepted: a line is found through the Loki API as soon as OTLP has accepted it, although no flush is due for
// minutes; also after the process was killed and started again, and once it is in the archive, where it is found once.
func TestFoundOnceAccepted(t *testing.T) {
	t.Parallel()
	for name, memory := range map[string]int{"memory": 36, "disk": 1} { // where the records wait
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gw := harness.StartGateway(t, fmt.Sprintf("exporters: {object_storage: {flush: {interval: 5m, max_memory_mib: %d}}}", memory))
			loki := gw.Loki("query")
			// The reader opens the archive in the background; from then on nothing is waited for.
			harness.Eventually(t, time.Minute, func() error {
				_, err := loki.Count(`{service_name=~".+"}`)
				return err
			})
			client := harness.DialOTLP(t, gw.Addr("otlp"))
			total := 0
			for i := range 8 {
				bodies := make([]string, 700)
				for j := range bodies {
					bodies[j] = fmt.Sprintf("batch %d line %d: %0300d", i, j, j)
				}
				require.NoError(t, client.Send(t.Context(), harness.Logs("shop", bodies...)))
				total += len(bodies)
				got, err := loki.Count(`{service_name="shop"}`)
				require.NoError(t, err)
				require.Equal(t, total, got)
				entries, err := loki.Range(fmt.Sprintf("{service_name=\"shop\"} |= `batch %d line 5:`", i), time.Now().Add(-time.Hour), time.Now().Add(time.Hour), 10)
				require.NoError(t, err)
				require.Len(t, entries, 1)
			}
			if memory > 1 { // else a part is flushed to make room
				require.Empty(t, parquetFiles(t, gw.Dir("archive")), "nothing was flushed")
			}
			values, err := loki.Get("/loki/api/v1/label/service_name/values", nil)
			require.NoError(t, err)
			require.Contains(t, string(values), `"shop"`)

			gw.Kill()
			gw.Restart()
			loki.WaitCount(t, total, `{service_name="shop"}`) // from the write-ahead log; the extension starts a moment before the exporter
			gw.Terminate()                                    // flushes
			gw.Restart()
			loki.WaitCount(t, total, `{service_name="shop"}`)
			require.NotEmpty(t, parquetFiles(t, gw.Dir("archive")))
			gw.Terminate()
		})
	}
}

func parquetFiles(t *testing.T, dir string) (files []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if filepath.Ext(path) == ".parquet" {
			files = append(files, path)
		}
		return err
	}))
	return files
}
