// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package bucket

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestDirectoryGone: a directory that disappears, with its volume for instance, must not be made anew: the archive
// would be split in two.
func TestDirectoryGone(t *testing.T) {
	root := filepath.Join(t.TempDir(), "archive")
	b, err := Open(t.Context(), Config{URL: "file://" + filepath.ToSlash(root)})
	require.NoError(t, err)
	defer b.Close()
	require.NoError(t, b.Create(t.Context(), "logs/a", []byte("a")))
	require.NoError(t, os.Rename(root, root+".away"))
	require.ErrorContains(t, b.Create(t.Context(), "logs/b", []byte("b")), "is its volume mounted?")
	require.NoDirExists(t, root)
	require.NoError(t, os.Rename(root+".away", root))
	require.NoError(t, b.Create(t.Context(), "logs/b", []byte("b")))
}
