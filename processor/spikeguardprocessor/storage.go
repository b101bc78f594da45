// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package spikeguardprocessor

import (
	"context"
	"fmt"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"
)

// storageKey is where the storage holds what was learned.
const storageKey = "baselines"

// openStorage returns a client of the storage extension that the configuration names.
func openStorage(ctx context.Context, host component.Host, extension, processor component.ID) (storage.Client, error) {
	ext, ok := host.GetExtensions()[extension]
	if !ok {
		return nil, fmt.Errorf("storage must be an extension that the service starts, got %q", extension)
	}
	provider, ok := ext.(storage.Extension)
	if !ok {
		return nil, fmt.Errorf("storage must be a storage extension such as file_storage, got %q", extension)
	}
	client, err := provider.GetClient(ctx, component.KindProcessor, processor, "")
	if err != nil {
		return nil, fmt.Errorf("open storage %q: %w", extension, err)
	}
	return client, nil
}

// restore brings back what was learned. What cannot be read is learned anew: a guard that does not start would be worse.
func (g *guard) restore(ctx context.Context, client storage.Client) error {
	data, err := client.Get(ctx, storageKey)
	if err != nil {
		return fmt.Errorf("read %s from storage %q: %w", storageKey, g.cfg.Storage, err)
	}
	if len(data) == 0 {
		return nil
	}
	if err := g.engine.Restore(data); err != nil {
		g.telemetry.unreadable(err)
	}
	return nil
}

func (g *guard) save(ctx context.Context) error {
	if err := g.client.Set(ctx, storageKey, g.engine.AppendSnapshot(nil)); err != nil {
		return fmt.Errorf("write %s to storage %q: %w", storageKey, g.cfg.Storage, err)
	}
	return nil
}
