// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/confmap"

	"github.com/logboom/logboom/internal/bucket"
)

// bucketFlags are the flags that say where an archive lies: its URL with settings of the `bucket` block, or the
// configuration of the Collector that has the block.
type bucketFlags struct {
	endpoint, region string
	pathStyle        bool
	settings         []string // KEY=VALUE
	files            []string
	component        string
}

func (f *bucketFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.endpoint, "endpoint", "", "URL of an S3-compatible server")
	flags.StringVar(&f.region, "region", "", "S3 region")
	flags.BoolVar(&f.pathStyle, "path-style", false, "bucket name in the path, as most S3-compatible servers want it")
	flags.StringArrayVar(&f.settings, "set", nil, "KEY=VALUE: any other setting of the bucket block, such as role_arn=…; a secret as ${env:NAME}; may be repeated")
	flags.StringArrayVar(&f.files, "config", nil, "take the bucket block from this configuration file of the Collector, instead of a URL; may be repeated")
	flags.StringVar(&f.component, "component", "", "the component of --config whose bucket it is, e.g. object_storage/prod; needed when there are several")
}

// config returns the bucket block, checked. url is empty when the configuration of a Collector names the bucket.
func (f *bucketFlags) config(ctx context.Context, url string) (bucket.Config, error) {
	var cfg bucket.Config
	switch {
	case url == "" && len(f.files) == 0:
		return cfg, errors.New("want the URL of an archive, or --config with the Collector's configuration")
	case url != "" && len(f.files) > 0:
		return cfg, errors.New("want the URL of an archive or --config, not both")
	case f.component != "" && len(f.files) == 0:
		return cfg, errors.New("--component is for --config only")
	case len(f.files) > 0:
		var err error
		if cfg, err = f.fromFiles(ctx); err != nil {
			return cfg, err
		}
	default:
		cfg.URL = url
	}
	for _, s := range []struct {
		flag string
		to   *string
	}{{f.endpoint, &cfg.Endpoint}, {f.region, &cfg.Region}} {
		if s.flag != "" {
			*s.to = s.flag
		}
	}
	cfg.PathStyle = cfg.PathStyle || f.pathStyle
	for _, s := range f.settings {
		if err := set(&cfg, s); err != nil {
			return cfg, err
		}
	}
	return cfg, cfg.Validate()
}

// envReference is the one form in which a secret may stand on the command line, where others can read it.
var envReference = regexp.MustCompile(`^\$\{env:([A-Za-z_][A-Za-z0-9_]*)\}$`)

// set applies KEY=VALUE to the block.
func set(cfg *bucket.Config, setting string) error {
	key, value, ok := strings.Cut(setting, "=")
	if !ok || key == "" {
		return fmt.Errorf("--set must be KEY=VALUE, got %q", setting)
	}
	kinds := map[string]reflect.Type{}
	settingsOf(reflect.TypeFor[bucket.Config](), "", kinds)
	kind, ok := kinds[key]
	if !ok {
		return fmt.Errorf("--set %s: no such setting of the bucket block; there are %s", key, strings.Join(slices.Sorted(maps.Keys(kinds)), ", "))
	}
	if m := envReference.FindStringSubmatch(value); m != nil {
		if value, ok = os.LookupEnv(m[1]); !ok {
			return fmt.Errorf("--set %s: the environment has no %s", key, m[1])
		}
	} else if kind == reflect.TypeFor[configopaque.String]() {
		return fmt.Errorf("--set %s: a secret does not belong on the command line, where others can read it; write ${env:NAME}, or use --config", key)
	}
	var typed any = value
	if kind.Kind() == reflect.Bool {
		if value != "true" && value != "false" {
			return fmt.Errorf("--set %s must be true or false, got %q", key, value)
		}
		typed = value == "true"
	}
	if err := confmap.NewFromStringMap(map[string]any{key: typed}).Unmarshal(cfg); err != nil {
		return fmt.Errorf("--set %s: %w", key, err)
	}
	return nil
}

// settingsOf collects the settings of a block by their keys, nested ones with "::".
func settingsOf(t reflect.Type, prefix string, to map[string]reflect.Type) {
	for i := range t.NumField() {
		field := t.Field(i)
		key := field.Tag.Get("mapstructure")
		switch {
		case key == "" || prefix+key == "url":
		case field.Type.Kind() == reflect.Struct:
			settingsOf(field.Type, prefix+key+"::", to)
		default:
			to[prefix+key] = field.Type
		}
	}
}

// fromFiles finds the bucket block in the configuration of a Collector, put together as the Collector does it.
func (f *bucketFlags) fromFiles(ctx context.Context) (bucket.Config, error) {
	conf, err := resolveConfig(ctx, f.files)
	if err != nil {
		return bucket.Config{}, err
	}
	found, err := bucketsOf(conf.ToStringMap())
	if err != nil {
		return bucket.Config{}, fmt.Errorf("read --config: %w", err)
	}
	names := slices.Sorted(maps.Keys(found))
	if f.component != "" {
		names = slices.DeleteFunc(names, func(name string) bool { return name != f.component && !strings.HasSuffix(name, "::"+f.component) })
	}
	if len(names) == 0 && f.component != "" {
		return bucket.Config{}, fmt.Errorf("--component %s has no bucket there; those with one: %s", f.component, orNone(slices.Sorted(maps.Keys(found))))
	}
	if len(names) == 0 {
		return bucket.Config{}, errors.New("no component of --config has a bucket")
	}
	for _, name := range names[1:] {
		if !reflect.DeepEqual(found[name], found[names[0]]) {
			return bucket.Config{}, fmt.Errorf("--config has several buckets; name one with --component: %s", strings.Join(names, ", "))
		}
	}
	return found[names[0]], nil
}

// bucketsOf returns the bucket blocks of a configuration by component, such as exporters::object_storage.
func bucketsOf(conf map[string]any) (map[string]bucket.Config, error) {
	found := map[string]bucket.Config{}
	for _, section := range []string{"receivers", "processors", "exporters", "connectors", "extensions"} {
		components, _ := conf[section].(map[string]any)
		for name, component := range components {
			settings, _ := component.(map[string]any)
			block, _ := settings["bucket"].(map[string]any)
			if _, ok := block["url"]; !ok {
				continue // not the block that this is about
			}
			var cfg bucket.Config
			if err := confmap.NewFromStringMap(block).Unmarshal(&cfg); err != nil {
				return nil, fmt.Errorf("%s::%s::bucket: %w", section, name, err)
			}
			found[section+"::"+name] = cfg
		}
	}
	return found, nil
}

func orNone(list []string) string {
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, ", ")
}
