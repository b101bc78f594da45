// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/xconfmap"

	archivecompactor "github.com/logboom/logboom/extension/archivecompactorextension"
	"github.com/logboom/logboom/internal/bucket"
	"github.com/logboom/logboom/internal/compactor"
)

// maintainCall is what a command works with that changes an archive.
type maintainCall struct {
	archiveCall
	settings *archivecompactor.Config
	// configured says that the settings are those of a Collector's archive_compactor.
	configured bool
	verbose    bool
}

// engine makes one for the archive.
func (c *maintainCall) engine() (*compactor.Compactor, error) {
	cfg := c.settings.Engine()
	host, err := os.Hostname()
	if err != nil {
		host = "unknown host"
	}
	cfg.Holder = fmt.Sprintf("logboomctl, process %d on %s", os.Getpid(), host)
	if c.verbose {
		cfg.Logger = slog.New(slog.NewTextHandler(c.errOut, nil))
	}
	return compactor.New(c.bucket, cfg)
}

// maintainArgs is archiveArgs for commands that work as archive_compactor does: with --config, they have its settings, and
// its bucket unless --component names another.
func maintainArgs(cmd *cobra.Command, check func() error, run func(ctx context.Context, c *maintainCall) error) {
	var flags bucketFlags
	var verbose bool
	flags.add(cmd.Flags())
	cmd.Flags().BoolVarP(&verbose, "verbose", "v", false, "say on the error stream what is done, as the Collector's log would")
	cmd.Args = func(_ *cobra.Command, args []string) error {
		if len(args) > 1 || (len(args) == 0 && len(flags.files) == 0) {
			return &usageError{fmt.Errorf("want one archive URL, got %d arguments", len(args))}
		}
		return nil
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		ctx := cmd.Context()
		if check != nil {
			if err := check(); err != nil {
				return &usageError{err}
			}
		}
		settings, err := compactorSettings(ctx, &flags)
		if err != nil {
			return &usageError{err}
		}
		cfg, err := flags.config(ctx, strings.Join(args, ""))
		if err != nil {
			return &usageError{err}
		}
		if err := bucket.MustExist(cfg); err != nil {
			return err
		}
		b, err := bucket.Open(ctx, cfg)
		if err != nil {
			return err
		}
		defer b.Close()
		c := &maintainCall{
			archiveCall: archiveCall{bucket: b, out: bufio.NewWriterSize(cmd.OutOrStdout(), 256<<10), errOut: cmd.ErrOrStderr()},
			settings:    settings, configured: settings != nil, verbose: verbose,
		}
		if settings == nil {
			c.settings = archivecompactor.NewFactory().CreateDefaultConfig().(*archivecompactor.Config)
		}
		err = run(ctx, c)
		return errors.Join(err, c.out.Flush())
	}
}

// compactorSettings returns those of the archive_compactor in the configuration of a Collector, nil when there is none. Where
// there is one and flags name no component, its bucket is the one.
func compactorSettings(ctx context.Context, flags *bucketFlags) (*archivecompactor.Config, error) {
	if len(flags.files) == 0 {
		return nil, nil
	}
	conf, err := resolveConfig(ctx, flags.files)
	if err != nil {
		return nil, err
	}
	extensions, _ := conf.ToStringMap()["extensions"].(map[string]any)
	var ids []string
	for id := range extensions {
		if id == "archive_compactor" || strings.HasPrefix(id, "archive_compactor/") {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	if name, ok := strings.CutPrefix(strings.TrimPrefix(flags.component, "extensions::"), "archive_compactor"); ok && (name == "" || name[0] == '/') {
		ids = slices.DeleteFunc(ids, func(id string) bool { return id != "archive_compactor"+name })
	}
	switch {
	case len(ids) == 0:
		return nil, nil
	case len(ids) > 1:
		return nil, fmt.Errorf("--config has several; name one with --component: %s", strings.Join(ids, ", "))
	}
	cfg := archivecompactor.NewFactory().CreateDefaultConfig().(*archivecompactor.Config)
	block, _ := extensions[ids[0]].(map[string]any)
	if err := confmap.NewFromStringMap(block).Unmarshal(cfg); err != nil {
		return nil, fmt.Errorf("read --config: extensions::%s: %w", ids[0], err)
	}
	if err := xconfmap.Validate(cfg); err != nil {
		return nil, fmt.Errorf("read --config: extensions::%s: %w", ids[0], err)
	}
	if flags.component == "" {
		if _, named := block["bucket"].(map[string]any); named {
			flags.component = "extensions::" + ids[0]
		}
	}
	return cfg, nil
}

// newArchiveCompactCommand returns `logboomctl archive compact`.
func newArchiveCompactCommand() *cobra.Command {
	var output outputFlag
	cmd := &cobra.Command{
		Use:   "compact [URL]",
		Short: "Merge small objects and sum up the commit log, once",
		Long: "Merge the small objects of each hour into large ones, sum up the commit log in a checkpoint, and delete what is out of use\n" +
			"for longer than the grace: what the archive_compactor extension does all the time, once, without its retention. It waits\n" +
			"while another process does the same. With --config, the settings are those of the archive_compactor there.",
		Example: "  logboomctl archive compact s3://logs/prod\n  logboomctl archive compact --config collector.yaml -v",
	}
	output.add(cmd.Flags(), "text or json", "text", "json")
	maintainArgs(cmd, output.check, func(ctx context.Context, c *maintainCall) error {
		engine, err := c.engine()
		if err != nil {
			return err
		}
		report, err := engine.Compact(ctx)
		if output.value == "json" {
			return errors.Join(jsonLine(c.out).Encode(report), err)
		}
		fmt.Fprintf(c.out, "merged    %d objects into %d, %s into %s, %d records\n", report.ObjectsIn, report.ObjectsOut, formatBytes(report.BytesIn), formatBytes(report.BytesOut), report.Rows)
		if report.Duplicates > 0 {
			fmt.Fprintf(c.out, "doubled   %d records were there twice, and are there once\n", report.Duplicates)
		}
		for _, reason := range []string{"superseded", "orphan", "log_record", "checkpoint"} {
			if d := report.Deleted[reason]; d.Objects > 0 {
				fmt.Fprintf(c.out, "deleted   %d objects, %s (%s)\n", d.Objects, formatBytes(d.Bytes), reason)
			}
		}
		fmt.Fprintf(c.out, "archive   %d objects, %d records, %s, checkpoint %d\n", report.Live.Objects, report.Live.Rows, formatBytes(report.Live.Bytes), report.Checkpoint)
		return err
	})
	return cmd
}
