// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package bucket

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDirectoryLeavesNoHalfObject(t *testing.T) {
	dir := t.TempDir()
	b, err := Open(context.Background(), Config{URL: "file://" + filepath.ToSlash(dir)})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, tempPrefix+"1234"), []byte("half"), 0o600))
	for info, err := range b.List(context.Background(), "", "") {
		t.Fatalf("listed %v %v", info, err)
	}
	require.NoError(t, b.Create(context.Background(), "a/b", []byte("x")))
	entries, err := os.ReadDir(filepath.Join(dir, "a"))
	require.NoError(t, err)
	require.Len(t, entries, 1)
}
