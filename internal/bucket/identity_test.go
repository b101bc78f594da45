// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package bucket

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestIdentity(t *testing.T) {
	identity := func(c Config) string {
		id, err := Identity(c)
		require.NoError(t, err)
		return id
	}
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "archive"), 0o700))
	require.NoError(t, os.Symlink(filepath.Join(dir, "archive"), filepath.Join(dir, "link")))
	file := identity(Config{URL: "file://" + dir + "/archive"})
	assert.Equal(t, file, identity(Config{URL: "file://" + dir, Prefix: "archive/"}))
	assert.Equal(t, file, identity(Config{URL: "file://" + dir + "/link"}))
	assert.NotEqual(t, file, identity(Config{URL: "file://" + dir}))
	assert.NotContains(t, file, "archive")
	t.Chdir(dir)
	assert.Equal(t, file, identity(Config{URL: "file://./archive"}))

	s3 := identity(Config{URL: "s3://b/p", Endpoint: "http://Localhost:9000/"})
	assert.Equal(t, s3, identity(Config{URL: "s3://b", Prefix: "p", Endpoint: "http://localhost:9000", Region: "eu-central-1", AccessKeyID: "other"}))
	assert.NotEqual(t, s3, identity(Config{URL: "s3://b/p"}))
	assert.NotEqual(t, s3, identity(Config{URL: "gs://b/p", Endpoint: "http://localhost:9000"}))
	assert.NotEqual(t, identity(Config{URL: "azblob://c", AccountName: "a"}), identity(Config{URL: "azblob://c", AccountName: "b"}))
	assert.Equal(t, identity(Config{URL: "mem://x/y"}), identity(Config{URL: "mem://x", Prefix: "y"}))
	_, err := Identity(Config{URL: "nonsense"})
	assert.Error(t, err)
}
