// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"fmt"
	"strings"

	"github.com/logboom/logboom/test/harness"
)

// candidate is an exporter with its settings, as it stands in the configuration of the shipped binary.
type candidate struct {
	name, what string
	s3         bool
	env        []string
	// exporter returns the exporters section; prefix is the candidate's own place in the bucket.
	exporter func(s3 *harness.S3, prefix string) string
	// count returns the records in one stored file; nil when nothing is stored.
	count func(path string) (int, error)
	// exact says that a record must be stored once, not at least once.
	exact bool
}

// memoryLimit is what leaves room for the pages of the binary below 400 MiB of resident memory.
const memoryLimit = "290MiB"

// flushBytes is the default of object_storage's flush::max_raw_mib.
const flushBytes = 24 << 20

var candidates = []candidate{
	{
		name: "nop", what: "the receiver alone: every record is decoded and dropped",
		exporter: func(*harness.S3, string) string { return "exporters: {nop: }\n" },
	},
	{
		name: "object_storage-file", what: "object_storage, defaults, local bucket", exact: true, count: countCommitted,
		exporter: func(*harness.S3, string) string {
			return objectStorage("{url: 'file://{{dir \"archive\"}}'}")
		},
	},
	{
		name: "object_storage-file-" + memoryLimit, what: "the same under Go's own memory limit", env: []string{"GOMEMLIMIT=" + memoryLimit},
		exact: true, count: countCommitted,
		exporter: func(*harness.S3, string) string {
			return objectStorage("{url: 'file://{{dir \"archive\"}}'}")
		},
	},
	{
		name: "object_storage-s3", what: "object_storage, defaults, S3", s3: true, exact: true, count: countCommitted,
		exporter: func(s3 *harness.S3, prefix string) string { return objectStorage(s3.BucketYAML(prefix)) },
	},
	{
		name: "awss3-proto-zstd", what: "awss3, otlp_proto + zstd, an object a request (its default)", s3: true, count: countObject,
		exporter: func(s3 *harness.S3, prefix string) string { return awss3(s3, prefix, "otlp_proto", "zstd", "") },
	},
	{
		name: "awss3-json-gzip", what: "awss3, otlp_json + gzip, an object a request (its default)", s3: true, count: countObject,
		exporter: func(s3 *harness.S3, prefix string) string { return awss3(s3, prefix, "otlp_json", "gzip", "") },
	},
	{
		name: "awss3-proto-zstd-24m", what: "awss3, otlp_proto + zstd, sending_queue::batch of 24 MiB", s3: true, count: countObject,
		exporter: func(s3 *harness.S3, prefix string) string { return awss3(s3, prefix, "otlp_proto", "zstd", batched) },
	},
	{
		name: "awss3-json-gzip-24m", what: "awss3, otlp_json + gzip, sending_queue::batch of 24 MiB", s3: true, count: countObject,
		exporter: func(s3 *harness.S3, prefix string) string { return awss3(s3, prefix, "otlp_json", "gzip", batched) },
	},
}

// The generator's records are of January 2026: max_age lets them lie in the hour of their own time.
func objectStorage(bucket string) string {
	return "exporters: {object_storage: {writer: bench, bucket: " + bucket + ", wal: {directory: '{{dir \"wal\"}}'}, event_time: {max_age: 87600h}}}\n"
}

// batched makes awss3 collect as much for an object as object_storage does for a flush. It acknowledges before the upload
// and keeps in memory what it has acknowledged.
var batched = fmt.Sprintf(", sending_queue: {enabled: true, num_consumers: 2, block_on_overflow: true, sizer: bytes, queue_size: %d, "+
	"batch: {flush_timeout: 30s, min_size: %d, max_size: %d}}", 2*flushBytes, flushBytes, flushBytes)

// awss3's time-out, 5s by default, bounds encoding and upload together; large objects need more.
func awss3(s3 *harness.S3, prefix, marshaler, compression, more string) string {
	return fmt.Sprintf("exporters: {awss3: {marshaler: %s, timeout: 60s, s3uploader: {region: %s, s3_bucket: %s, s3_prefix: '%s', endpoint: '%s', "+
		"s3_force_path_style: true, disable_ssl: true, s3_partition_timezone: UTC, compression: %s}%s}}\n",
		marshaler, s3.Region, s3.Bucket, prefix, s3.Endpoint, compression, more)
}

// config is the whole configuration of the candidate.
func (c *candidate) config(s3 *harness.S3, prefix, profile string) harness.Config {
	id := "object_storage"
	for _, other := range []string{"nop", "awss3"} {
		if strings.HasPrefix(c.name, other) {
			id = other
		}
	}
	extensions, list := "", ""
	if profile != "" {
		extensions, list = fmt.Sprintf("extensions: {pprof: {endpoint: '{{addr \"pprof\"}}', save_to_file: '%s'}}\n", profile), "extensions: [pprof], "
	}
	cfg := harness.Config{
		Name: c.name,
		Args: strings.Fields(*flagArgs),
		Env:  c.env,
		YAML: "receivers: {otlp: {protocols: {grpc: {endpoint: '{{addr \"otlp\"}}'}}}}\n" + c.exporter(s3, prefix) + extensions +
			"service: {" + list + "pipelines: {logs: {receivers: [otlp], exporters: [" + id + "]}}}\n",
	}
	if c.s3 {
		cfg.Env = append(cfg.Env, "AWS_ACCESS_KEY_ID="+s3.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+s3.SecretAccessKey, "AWS_EC2_METADATA_DISABLED=true")
	}
	return cfg
}
