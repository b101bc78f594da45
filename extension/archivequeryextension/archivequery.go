// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"
)

type archiveQuery struct {
	cfg *Config
	set extension.Settings
}

func newExtension(set extension.Settings, cfg *Config) (*archiveQuery, error) {
	return &archiveQuery{cfg: cfg, set: set}, nil
}

func (*archiveQuery) Start(context.Context, component.Host) error { return nil }

func (*archiveQuery) Shutdown(context.Context) error { return nil }
