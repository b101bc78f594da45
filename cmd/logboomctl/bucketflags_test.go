// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/internal/bucket"
)

const collectorConfig = `
receivers: {otlp: {protocols: {grpc: }}}
exporters:
  object_storage:
    bucket: &prod
      url: s3://logs/prod
      endpoint: http://127.0.0.1:9000
      path_style: true
      access_key_id: ${env:TEST_KEY_ID}
      secret_access_key: ${env:TEST_KEY_SECRET}
      server_side_encryption: {type: kms, kms_key_id: abc}
    wal: {directory: /var/lib/wal}
  object_storage/other: {bucket: {url: 'file:///tmp/other'}}
  awss3: {s3uploader: {s3_bucket: logs}}
extensions:
  archive_query: {bucket: *prod}
service: {pipelines: {logs: {receivers: [otlp], exporters: [object_storage]}}}
`

// TestBucketOfConfiguration takes the bucket from where the Collector has it.
func TestBucketOfConfiguration(t *testing.T) {
	t.Setenv("TEST_KEY_ID", "id")
	t.Setenv("TEST_KEY_SECRET", "hush")
	file := filepath.Join(t.TempDir(), "collector.yaml")
	require.NoError(t, os.WriteFile(file, []byte(collectorConfig), 0o600))
	ctx := context.Background()

	prod := bucket.Config{
		URL: "s3://logs/prod", Endpoint: "http://127.0.0.1:9000", PathStyle: true, AccessKeyID: "id", SecretAccessKey: "hush",
		ServerSideEncryption: bucket.Encryption{Type: "kms", KMSKeyID: "abc"},
	}
	for _, component := range []string{"object_storage", "exporters::object_storage", "archive_query"} {
		cfg, err := (&bucketFlags{files: []string{file}, component: component}).config(ctx, "")
		require.NoError(t, err, component)
		assert.Equal(t, prod, cfg, component)
	}
	_, err := (&bucketFlags{files: []string{file}}).config(ctx, "")
	require.ErrorContains(t, err, "name one with --component: exporters::object_storage, exporters::object_storage/other, extensions::archive_query")
	_, err = (&bucketFlags{files: []string{file}, component: "awss3"}).config(ctx, "")
	require.ErrorContains(t, err, "--component awss3 has no bucket there")

	// Equal buckets are one; a second file is merged over the first; flags go on top.
	cfg, err := (&bucketFlags{files: []string{file, "yaml:exporters::object_storage/other::bucket: null"}, region: "eu-west-1"}).config(ctx, "")
	require.NoError(t, err)
	assert.Equal(t, "eu-west-1", cfg.Region)
	assert.Equal(t, prod.URL, cfg.URL)

	_, err = (&bucketFlags{files: []string{filepath.Join(t.TempDir(), "absent.yaml")}}).config(ctx, "")
	require.ErrorContains(t, err, "absent.yaml")
	_, err = (&bucketFlags{files: []string{"yaml:exporters: {object_storage: {bucket: {url: 'file:///x', tpyo: 1}}}"}}).config(ctx, "")
	require.ErrorContains(t, err, "exporters::object_storage::bucket")
	_, err = (&bucketFlags{files: []string{"yaml:exporters: {debug: }"}}).config(ctx, "")
	require.ErrorContains(t, err, "no component of --config has a bucket")
}

func TestBucketSettings(t *testing.T) {
	t.Setenv("TEST_KEY_SECRET", "hush")
	ctx := context.Background()
	f := bucketFlags{settings: []string{
		"role_arn=arn:aws:iam::1:role/r", "access_key_id=0123", "secret_access_key=${env:TEST_KEY_SECRET}",
		"path_style=true", "server_side_encryption::type=aes256",
	}}
	cfg, err := f.config(ctx, "s3://logs")
	require.NoError(t, err)
	assert.Equal(t, bucket.Config{
		URL: "s3://logs", RoleARN: "arn:aws:iam::1:role/r", AccessKeyID: "0123", SecretAccessKey: "hush", PathStyle: true,
		ServerSideEncryption: bucket.Encryption{Type: "aes256"},
	}, cfg)

	for setting, want := range map[string]string{
		"secret_access_key=hush":               "a secret does not belong on the command line",
		"account_key=hush":                     "a secret does not belong on the command line",
		"connection_string=AccountKey=hush":    "a secret does not belong on the command line",
		"secret_access_key=${env:TEST_ABSENT}": "the environment has no TEST_ABSENT",
		"path_style=maybe":                     `--set path_style must be true or false, got "maybe"`,
		"colour=red":                           "no such setting of the bucket block; there are access_key_id,",
		"url=s3://other":                       "no such setting",
		"role_arn":                             "must be KEY=VALUE",
	} {
		_, err := (&bucketFlags{settings: []string{setting}}).config(ctx, "s3://logs")
		require.ErrorContains(t, err, want, setting)
		assert.NotContains(t, err.Error(), "hush")
	}
	for _, f := range []struct {
		flags bucketFlags
		url   string
		want  string
	}{
		{bucketFlags{}, "", "want the URL of an archive, or --config"},
		{bucketFlags{files: []string{"x"}}, "s3://logs", "not both"},
		{bucketFlags{component: "x"}, "s3://logs", "--component is for --config only"},
	} {
		_, err := f.flags.config(ctx, f.url)
		require.ErrorContains(t, err, f.want)
	}
}

// TestConfigOfCommands reads an archive by the configuration of the exporter that wrote it.
func TestConfigOfCommands(t *testing.T) {
	url, _ := writeTestArchive(t)
	config := fmt.Sprintf("yaml:exporters: {object_storage: {bucket: {url: '%s'}}}", url)
	for _, command := range []string{"ls", "cat", "stats", "verify"} {
		assert.NotEmpty(t, mustArchive(t, command, "--config", config), command)
	}
	code, out, stderr := runCtl(t, "", "query", "--config", config, "--start", "2026-01-02T00:00:00Z", "--end", "2026-01-03T00:00:00Z", `{service_name="web"}`)
	require.Zero(t, code, stderr)
	assert.Contains(t, out, `{"n":1}`)
	code, _, stderr = runArchive(t, "ls", "--config", config, url)
	assert.Equal(t, 2, code)
	assert.Contains(t, stderr, "not both")
}
