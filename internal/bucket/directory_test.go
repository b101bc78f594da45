// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package bucket

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/archive"
)

func openIn(t *testing.T, dir string) archive.Bucket {
	t.Helper()
	b, err := Open(t.Context(), Config{URL: "file://" + filepath.ToSlash(dir)})
	require.NoError(t, err)
	return b
}

func names(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestDirectoryLeavesNoHalfObject(t *testing.T) {
	dir := t.TempDir()
	b := openIn(t, dir)
	require.NoError(t, os.WriteFile(filepath.Join(dir, tempPrefix+"1234"), []byte("half"), 0o600))
	for info, err := range b.List(t.Context(), "", "") {
		t.Fatalf("listed %v %v", info, err)
	}
	require.NoError(t, b.Create(t.Context(), "a/b", []byte("x")))
	require.ErrorIs(t, b.Create(t.Context(), "a/b", []byte("x")), archive.ErrExists)
	assert.Equal(t, []string{"b"}, names(t, filepath.Join(dir, "a")))
	assert.Empty(t, names(t, filepath.Join(dir, tempDirectory)))
}

// TestDirectorySweep: what a killed process left is removed by the next one that writes, and what another process
// writes at this time is not, nor anything of somebody else's.
func TestDirectorySweep(t *testing.T) {
	dir := t.TempDir()
	temps := filepath.Join(dir, tempDirectory)
	require.NoError(t, openIn(t, dir).Create(t.Context(), "a/b", []byte("x")))
	put := func(name string, age time.Duration) {
		at := filepath.Join(temps, name)
		require.NoError(t, os.WriteFile(at, []byte("half"), 0o600))
		require.NoError(t, os.Chtimes(at, time.Now().Add(-age), time.Now().Add(-age)))
	}
	put(tempPrefix+"old", 25*time.Hour)
	put(tempPrefix+"older", 1000*time.Hour)
	put(tempPrefix+"live", 23*time.Hour)
	put(tempPrefix+"ahead", -1000*time.Hour)
	put("README", 1000*time.Hour)
	require.NoError(t, os.Mkdir(filepath.Join(temps, tempPrefix+"directory"), 0o700))

	reader := openIn(t, dir)
	for range reader.List(t.Context(), "", "") { //nolint:revive // as a reader does
	}
	_, err := reader.Get(t.Context(), "a/b")
	require.NoError(t, err)
	require.Len(t, names(t, temps), 6, "who reads leaves everything as it is")

	require.NoError(t, openIn(t, dir).Create(t.Context(), "c", []byte("x")))
	left := []string{tempPrefix + "ahead", tempPrefix + "directory", tempPrefix + "live", "README"}
	assert.Equal(t, left, names(t, temps))

	// A process that lives for long sweeps again, and takes its time when there is much.
	b := openIn(t, dir).(*directory)
	require.NoError(t, b.Create(t.Context(), "d", []byte("x")))
	for i := range maxSweep + 10 {
		put(fmt.Sprintf("%s%d", tempPrefix, i), 48*time.Hour)
	}
	for i, want := range []int{maxSweep + 10, 10, 0} {
		if i > 0 {
			b.swept = b.swept.Add(-2 * sweepInterval)
		}
		require.NoError(t, b.Create(t.Context(), fmt.Sprintf("e/%d", i), []byte("x")))
		assert.Len(t, names(t, temps), want+len(left))
	}
}

// TestDirectoryDeleted: a directory below the archive that somebody deletes, also that of the temporary files, is made
// again.
func TestDirectoryDeleted(t *testing.T) {
	dir := t.TempDir()
	b := openIn(t, dir)
	for i, deleted := range []string{"", tempDirectory, "a"} {
		if deleted != "" {
			require.NoError(t, os.RemoveAll(filepath.Join(dir, deleted)))
			require.Error(t, b.Create(t.Context(), fmt.Sprint("a/", i), []byte("x")), deleted)
		}
		require.NoError(t, b.Create(t.Context(), fmt.Sprint("a/", i), []byte("x")), deleted)
	}
}
