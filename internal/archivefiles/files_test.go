// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivefiles

import (
	"bytes"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func view(t *testing.T, f *Files) string {
	var b bytes.Buffer
	require.NoError(t, f.View(&b))
	return b.String()
}

func TestAddress(t *testing.T) {
	here, err := filepath.Abs(".")
	require.NoError(t, err)
	for name, want := range map[string]string{
		"file:///var/lib/logboom":  "/var/lib/logboom/",
		"file://./data/archive/":   filepath.ToSlash(here) + "/data/archive/",
		"file:///C:/archive":       "C:/archive/",
		"s3://bucket/prefix":       "s3://bucket/prefix/",
		"gs://bucket":              "gs://bucket/",
		"azblob://container/a/b/c": "az://container/a/b/c/",
	} {
		assert.Equal(t, want, address(name))
	}
}

func TestView(t *testing.T) {
	one, two := "logs/date=2026-11-23/hour=01/a.parquet", "logs/date=2026-11-23/hour=02/b.parquet"
	f := &Files{base: "s3://it's/", keys: []string{one, two}, partitions: "date/hour"}
	assert.Contains(t, view(t, f), "'s3://it''s/"+one+"',\n  's3://it''s/"+two+"'\n], union_by_name = true, hive_partitioning = true);")
	f.partitions = ""
	assert.Contains(t, view(t, f), "hive_partitioning = false")
	assert.Contains(t, view(t, &Files{}), "WHERE false;")
	var list bytes.Buffer
	require.NoError(t, f.List(&list))
	assert.Equal(t, "s3://it's/"+one+"\ns3://it's/"+two+"\n", list.String())
	assert.Equal(t, "tenant/date/hour", partitionsOf("logs/tenant=a/date=2026-11-23/hour=01/a.parquet"))
}
