// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/provider/envprovider"
	"go.opentelemetry.io/collector/confmap/provider/fileprovider"
	"go.opentelemetry.io/collector/confmap/provider/yamlprovider"
)

// resolveConfig puts a configuration together as the Collector does: files, or locations with the scheme file:, yaml: or env:,
// merged in their order, ${env:NAME} and the like expanded.
func resolveConfig(ctx context.Context, locations []string) (*confmap.Conf, error) {
	var uris []string
	for _, l := range locations {
		if !strings.HasPrefix(l, "yaml:") && !strings.HasPrefix(l, "env:") && !strings.HasPrefix(l, "file:") {
			l = "file:" + l
		}
		uris = append(uris, l)
	}
	resolver, err := confmap.NewResolver(confmap.ResolverSettings{
		URIs:              uris,
		DefaultScheme:     "env",
		ProviderFactories: []confmap.ProviderFactory{fileprovider.NewFactory(), envprovider.NewFactory(), yamlprovider.NewFactory()},
	})
	if err != nil {
		return nil, fmt.Errorf("read --config: %w", err)
	}
	defer func() { _ = resolver.Shutdown(ctx) }()
	conf, err := resolver.Resolve(ctx)
	if err != nil {
		return nil, fmt.Errorf("read --config: %w", err)
	}
	return conf, nil
}

// processorBlock finds the block of a processor in a configuration: below processors: in that of a Collector, below its own name,
// or the whole file. name chooses one of several, as type/name or only the name; without one it must be the only one.
func processorBlock(ctx context.Context, location, kind, name string) (*confmap.Conf, error) {
	conf, err := resolveConfig(ctx, []string{location})
	if err != nil {
		return nil, err
	}
	whole := conf.IsSet("processors")
	if whole {
		if conf, err = conf.Sub("processors"); err != nil {
			return nil, fmt.Errorf("read --config: %w", err)
		}
	}
	var ids []string
	for id := range conf.ToStringMap() {
		if id == kind || strings.HasPrefix(id, kind+"/") {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	all := orNone(ids)
	switch {
	case len(ids) == 0 && !whole && name == "":
		return conf, nil
	case len(ids) == 0:
		return nil, fmt.Errorf("read --config: there is no %s among its processors", kind)
	case name != "":
		ids = slices.DeleteFunc(ids, func(id string) bool { return id != name && id != kind+"/"+name })
		if len(ids) == 0 {
			return nil, fmt.Errorf("--processor %s is not there; there are: %s", name, all)
		}
	case len(ids) > 1:
		return nil, fmt.Errorf("--config has several; name one with --processor: %s", all)
	}
	if conf, err = conf.Sub(ids[0]); err != nil {
		return nil, fmt.Errorf("read --config: %w", err)
	}
	return conf, nil
}
