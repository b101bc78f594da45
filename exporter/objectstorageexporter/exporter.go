// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package objectstorageexporter

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/pdata/plog"
)

type objectStorageExporter struct{}

func newExporter(exporter.Settings, *Config) (*objectStorageExporter, error) {
	return &objectStorageExporter{}, nil
}

func (*objectStorageExporter) start(context.Context, component.Host) error { return nil }
func (*objectStorageExporter) shutdown(context.Context) error              { return nil }
func (*objectStorageExporter) consume(context.Context, plog.Logs) error    { return nil }
