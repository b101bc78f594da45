// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package requestsamplingprocessor

import (
	"context"
	"fmt"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"

	"github.com/logboom/logboom/internal/tailsample"
)

// A client of a storage extension is a store as it is.
var _ tailsample.Store = storage.Client(nil)

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
