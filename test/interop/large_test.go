// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
)

// TestLargeObject reads one object of 200,000 rows in several row groups with every reader.
func TestLargeObject(t *testing.T) {
	const n = 200_000
	a := writeArchive(t, archiveOptions{large: true}, []plog.Logs{denseCorpus(n, 25*time.Minute)}...)
	files := a.files(t)
	require.Len(t, files, 1)
	require.Greater(t, len(openFile(t, files[0]).footer.RowGroups), 3)
	set := func() *rowset { return &rowset{hashOnly: true} }
	t.Run("DuckDB", func(t *testing.T) {
		got := set()
		readDuck(t, eachFile(files), func(r *row) {
			require.NoError(t, r.checkPromoted())
			got.add(r)
		})
		a.duck.requireEqual(t, got)
	})
	t.Run("Arrow", func(t *testing.T) {
		got := set()
		readArrow(t, files[0], func(r *row) {
			require.NoError(t, r.checkPromoted())
			got.add(r)
		})
		a.want.requireEqual(t, got)
	})
	t.Run("parquet-go", func(t *testing.T) {
		got := set()
		readParquetGo(t, files[0], got.add)
		a.want.requireEqual(t, got)
	})
	t.Run("bytes", func(t *testing.T) { checkFile(t, files[0]) })
}
