// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package stores

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/require"
)

// readArchive returns how many rows the archive's objects hold, read by the Parquet library alone, and whether any value
// contains the text. What writes the archive must have been stopped.
func readArchive(t *testing.T, root, text string) (rows int, found bool) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".parquet") {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		file, err := parquet.OpenFile(bytes.NewReader(raw), int64(len(raw)))
		if err != nil {
			return fmt.Errorf("open %q: %w", path, err)
		}
		rows += int(file.NumRows())
		for _, group := range file.RowGroups() {
			has, err := contains(group, text)
			if err != nil {
				return fmt.Errorf("read %q: %w", path, err)
			}
			found = found || has
		}
		return nil
	}))
	return rows, found
}

// contains looks for a text in every value of a row group.
func contains(group parquet.RowGroup, text string) (bool, error) {
	rows := group.Rows()
	defer func() { _ = rows.Close() }()
	buffer := make([]parquet.Row, 64)
	for {
		n, err := rows.ReadRows(buffer)
		for _, row := range buffer[:n] {
			for _, value := range row {
				if value.Kind() == parquet.ByteArray && bytes.Contains(value.ByteArray(), []byte(text)) {
					return true, nil
				}
			}
		}
		if errors.Is(err, io.EOF) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
	}
}
