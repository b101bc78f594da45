// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivecompactorextension

import (
	"context"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"

	"github.com/logboom/logboom/extension/archivecompactorextension/internal/metadata"
	"github.com/logboom/logboom/internal/bucket"
)

// NewFactory creates a factory for the archive_compactor extension.
func NewFactory() extension.Factory {
	return extension.NewFactory(metadata.Type, createDefaultConfig, create, metadata.ExtensionStability)
}

func createDefaultConfig() component.Config {
	return &Config{
		Bucket:        bucket.Config{URL: "file:///var/lib/logboom/archive"},
		Interval:      time.Minute,
		MinAge:        10 * time.Minute,
		MaxObjects:    64,
		TargetSizeMiB: 256,
		MaxMemoryMiB:  1024,
		Compression:   "best",
		Grace:         time.Hour,
		Lease:         LeaseConfig{TTL: time.Minute},
		Lists:         true,
	}
}

func create(_ context.Context, set extension.Settings, cfg component.Config) (extension.Extension, error) {
	return newExtension(set, cfg.(*Config))
}
