// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"go.opentelemetry.io/collector/config/configopaque"

	"github.com/logboom/logboom/processor/redactprocessor"
)

// configuration is the block of --config, or the defaults, with the other flags on top.
func (f *redactFlags) configuration(ctx context.Context) (*redactprocessor.Config, error) {
	cfg := redactprocessor.NewFactory().CreateDefaultConfig().(*redactprocessor.Config)
	switch {
	case f.config != "":
		block, err := processorBlock(ctx, f.config, "redact", f.processor)
		if err != nil {
			return nil, err
		}
		if err := block.Unmarshal(cfg); err != nil {
			return nil, fmt.Errorf("read --config: %w", err)
		}
	case f.processor != "":
		return nil, errors.New("--processor chooses a processor of --config, which is not given")
	}
	if err := f.apply(cfg); err != nil {
		return nil, err
	}
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("check configuration: %w", err)
	}
	return cfg, nil
}

// apply puts the flags over the configuration.
func (f *redactFlags) apply(cfg *redactprocessor.Config) error {
	if len(f.groups) > 0 {
		cfg.Groups = redactprocessor.GroupsConfig{}
		for _, g := range f.groups {
			if err := switchGroup(&cfg.Groups, g); err != nil {
				return err
			}
		}
	}
	if len(f.detectors) > 0 && cfg.Detectors == nil {
		cfg.Detectors = map[string]redactprocessor.DetectorConfig{}
	}
	only := false
	for _, name := range f.detectors {
		name, off := strings.CutPrefix(name, "-")
		on := !off
		only = only || on
		d := cfg.Detectors[name]
		d.Enabled = &on
		cfg.Detectors[name] = d
	}
	if only && len(f.groups) == 0 {
		cfg.Groups = redactprocessor.GroupsConfig{}
	}
	if f.action != "" {
		cfg.Action = f.action
	}
	cfg.RuleFiles = append(cfg.RuleFiles, f.rules...)
	cfg.Allow = append(cfg.Allow, f.allow...)
	if f.hashKeyFile != "" {
		key, err := os.ReadFile(f.hashKeyFile)
		if err != nil {
			return fmt.Errorf("read --hash-key-file: %w", err)
		}
		cfg.Hash.Key = configopaque.String(strings.TrimRight(string(key), "\r\n"))
	}
	return nil
}

func switchGroup(groups *redactprocessor.GroupsConfig, name string) error {
	switch name {
	case "secrets":
		groups.Secrets = true
	case "personal":
		groups.Personal = true
	case "payment_card":
		groups.PaymentCard = true
	case "network":
		groups.Network = true
	case "all":
		*groups = redactprocessor.GroupsConfig{Secrets: true, Personal: true, PaymentCard: true, Network: true}
	case "none":
	default:
		return fmt.Errorf("--groups must be of secrets, personal, payment_card, network, all, none, got %q", name)
	}
	return nil
}
