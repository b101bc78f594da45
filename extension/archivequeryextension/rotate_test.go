// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// read returns the lines of a file; none if it is not there.
func read(t *testing.T, path string) []string {
	body, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return nil
	}
	require.NoError(t, err)
	require.True(t, len(body) == 0 || body[len(body)-1] == '\n', "%q ends in a line", path)
	return strings.Fields(string(body))
}

func TestRotatingFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "queries.jsonl")
	require.NoError(t, os.WriteFile(path, []byte("before\n"), 0o644)) //nolint:gosec // it is made tighter
	f, err := openRotating(path, 21, 2)
	require.NoError(t, err)
	for i := range 10 {
		require.NoError(t, f.write(fmt.Appendf(nil, "line-%d\n", i)))
	}
	require.NoError(t, f.write([]byte(strings.Repeat("x", 30)+"\n"))) // longer than a file
	require.NoError(t, f.write([]byte("end\n")))
	require.NoError(t, f.close())
	require.NoError(t, f.close())
	require.ErrorIs(t, f.write([]byte("late\n")), os.ErrClosed)

	require.Equal(t, []string{"end"}, read(t, path))
	require.Equal(t, []string{strings.Repeat("x", 30)}, read(t, path+".1"))
	require.Equal(t, []string{"line-8", "line-9"}, read(t, path+".2"))
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, files, 3)
	if runtime.GOOS != "windows" {
		for _, file := range files {
			info, err := file.Info()
			require.NoError(t, err)
			require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), file.Name())
		}
	}

	f, err = openRotating(path, 21, 0) // goes on where it ended, and keeps nothing
	require.NoError(t, err)
	for range 3 {
		require.NoError(t, f.write([]byte("0123456789\n")))
	}
	require.NoError(t, f.close())
	require.Equal(t, []string{"0123456789"}, read(t, path))
	require.Equal(t, []string{strings.Repeat("x", 30)}, read(t, path+".1"), "what another setting kept is left alone")

	_, err = openRotating(filepath.Join(dir, "no", "such", "directory"), 21, 0)
	require.Error(t, err)
}

// TestRotatingFileComesBack: what hindered a rotation is gone, and writing goes on.
func TestRotatingFileComesBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "queries.jsonl")
	f, err := openRotating(path, 10, 1)
	require.NoError(t, err)
	defer f.close()
	require.NoError(t, f.write([]byte("first\n")))
	require.NoError(t, os.MkdirAll(filepath.Join(path+".1", "in the way"), 0o700))
	require.Error(t, f.write([]byte("second\n")))
	require.NoError(t, os.RemoveAll(path+".1"))
	require.NoError(t, f.write([]byte("third\n")))
	require.Equal(t, []string{"first"}, read(t, path+".1"))
	require.Equal(t, []string{"third"}, read(t, path))
}

func TestRotatingFileOfMany(t *testing.T) {
	path := filepath.Join(t.TempDir(), "queries.jsonl")
	f, err := openRotating(path, 1000, 100)
	require.NoError(t, err)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 100 {
				if err := f.write(fmt.Appendf(nil, "%d-%d\n", i, j)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	require.NoError(t, f.close())
	seen := map[string]bool{}
	for i := range 101 {
		for _, line := range read(t, f.name(i)) {
			require.False(t, seen[line], line)
			seen[line] = true
		}
	}
	require.Len(t, seen, 800)
}
