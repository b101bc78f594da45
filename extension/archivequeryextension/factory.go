// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"context"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/extension"

	"github.com/logboom/logboom/extension/archivequeryextension/internal/metadata"
	"github.com/logboom/logboom/internal/archivesource"
	"github.com/logboom/logboom/internal/bucket"
)

// maxStreamLabels is how many labels a stream may have, as Loki's index has it (30) with room to spare.
const maxStreamLabels = 100

// NewFactory creates a factory for the archive_query extension.
func NewFactory() extension.Factory {
	return extension.NewFactory(metadata.Type, createDefaultConfig, create, metadata.ExtensionStability)
}

func createDefaultConfig() component.Config {
	server := confighttp.NewDefaultServerConfig()
	server.NetAddr.Endpoint = "localhost:3100"
	server.WriteTimeout = 2 * time.Minute
	// Clients send forms of some hundred bytes, uncompressed. A compressed body may claim to be gigabytes, and
	// confighttp decodes one of snappy before any limit sees it. nil would mean all algorithms.
	server.CompressionAlgorithms = []string{}
	return &Config{
		ServerConfig:    server,
		Bucket:          bucket.Config{URL: "file:///var/lib/logboom/archive"},
		RefreshInterval: time.Second,
		StreamLabels:    archivesource.DefaultStreamLabels(),
		CacheMiB:        256,
		Query: QueryConfig{
			Timeout:       time.Minute,
			MaxConcurrent: 8,
			MaxEntries:    5000,
			MaxSeries:     5000,
			MaxMemoryMiB:  512,

			ResultCacheMiB: 64,
			Weighted:       true,
		},
		Tail: TailConfig{
			MaxConcurrent: 10,
			MaxDuration:   time.Hour,
		},
		Export: ExportConfig{
			MaxConcurrent: 2,
			Timeout:       15 * time.Minute,
		},
		Tenants:  TenantsConfig{MaxQueued: 100},
		QueryLog: QueryLogConfig{SlowThreshold: 10 * time.Second, MaxFileMiB: 100, MaxFiles: 5},
		// Where the Collector's own metrics are by default.
		PipelineMetrics: []string{"http://localhost:8888/metrics"},
	}
}

func create(_ context.Context, set extension.Settings, cfg component.Config) (extension.Extension, error) {
	return newExtension(set, cfg.(*Config))
}
