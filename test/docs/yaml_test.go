// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package docs tests the documentation: what a reader copies from it works, and what it says of defaults is so.
package docs

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/logboom/logboom/test/harness"
)

// skippedDirs are not documentation, or not ours.
var skippedDirs = []string{".git", "node_modules", "bin", "data", "build", ".tools"}

// walk calls visit for each file of the repository with this suffix.
func walk(t *testing.T, suffix string, visit func(path, rel string)) {
	t.Helper()
	root := harness.Root()
	require.NoError(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if slices.Contains(skippedDirs, d.Name()) {
				return filepath.SkipDir
			}
			return nil
		}
		if strings.HasSuffix(path, suffix) {
			rel, err := filepath.Rel(root, path)
			if err != nil {
				return err
			}
			visit(path, filepath.ToSlash(rel))
		}
		return nil
	}))
}

// block is a fenced YAML block.
type block struct {
	line int // where it begins, from 1
	text string
}

// yamlBlocks returns the blocks of a Markdown text that are fenced as `yaml`.
func yamlBlocks(text string) []block {
	var out []block
	var cur *block
	indent := ""
	for i, line := range strings.Split(text, "\n") {
		trimmed := strings.TrimLeft(line, " ")
		switch {
		case cur == nil && (trimmed == "```yaml" || trimmed == "```yml"):
			cur, indent = &block{line: i + 1}, line[:len(line)-len(trimmed)]
		case cur != nil && trimmed == "```":
			out, cur = append(out, *cur), nil
		case cur != nil:
			cur.text += strings.TrimPrefix(line, indent) + "\n"
		}
	}
	return out
}

// TestYAMLBlocks loads every YAML block of every Markdown file with the shipped binary. A block is a whole configuration, or
// top-level sections (`processors:` …) to which the test adds a pipeline. What is no Collector configuration is not fenced as
// `yaml`, with one exception: a manifest for the Collector's builder (`dist:`).
func TestYAMLBlocks(t *testing.T) {
	n := 0
	walk(t, ".md", func(path, rel string) {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		for _, b := range yamlBlocks(string(text)) {
			n++
			t.Run(fmt.Sprintf("%s:%d", rel, b.line), func(t *testing.T) {
				t.Parallel()
				validate(t, b.text)
			})
		}
	})
	require.NotZero(t, n)
}

// TestExampleFiles loads every YAML file of the examples: a whole configuration by itself, an addition to one together with
// the config.yaml beside it.
func TestExampleFiles(t *testing.T) {
	walk(t, ".yaml", func(path, rel string) {
		if !strings.HasPrefix(rel, "examples/") || filepath.Base(path) == "builder-config.yaml" {
			return
		}
		t.Run(strings.TrimPrefix(rel, "examples/"), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			base := filepath.Join(filepath.Dir(path), "config.yaml")
			if path != base && parse(t, string(text))["exporters"] == nil {
				if _, err := os.Stat(base); err == nil {
					run(t, harness.Root(), "--config", base, "--config", path)
					return
				}
			}
			validate(t, string(text), filepath.Dir(path))
		})
	})
}

func parse(t *testing.T, text string) map[string]any {
	t.Helper()
	var doc map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(text), &doc), "YAML")
	return doc
}

func hasPipelines(t *testing.T, text string) bool {
	t.Helper()
	service, _ := parse(t, text)["service"].(map[string]any)
	pipelines, _ := service["pipelines"].(map[string]any)
	for _, p := range pipelines {
		if _, ok := p.(map[string]any)["exporters"]; ok {
			return true
		}
	}
	return false
}

// validate loads a configuration, completed where it is a fragment, in an empty folder; with beside in one that holds the
// files of that folder, which the configuration may name.
func validate(t *testing.T, text string, beside ...string) {
	t.Helper()
	doc := parse(t, text)
	if doc["dist"] != nil {
		return
	}
	sections := []string{"receivers", "processors", "exporters", "connectors", "extensions", "service"}
	for key := range doc {
		require.Contains(t, sections, key, "top-level key of a Collector configuration; fence other YAML as `text`")
	}
	dir := t.TempDir()
	for _, folder := range beside {
		entries, err := os.ReadDir(folder)
		require.NoError(t, err)
		for _, e := range entries {
			if e.Type().IsRegular() {
				harness.CopyFile(t, filepath.Join(folder, e.Name()), filepath.Join(dir, e.Name()))
			}
		}
	}
	path := filepath.Join(dir, "config.yaml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	args := []string{"--config", path}
	if !hasPipelines(t, text) {
		completed := filepath.Join(dir, "completed.yaml")
		out, err := yaml.Marshal(complete(doc))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(completed, out, 0o600))
		args = append(args, "--config", completed)
	}
	// Directories that have to exist do so on the reader's machine, not here.
	if ext, ok := doc["extensions"].(map[string]any); ok {
		for id := range ext {
			if strings.HasPrefix(id, "file_storage") {
				args = append(args, "--config", fmt.Sprintf("yaml:extensions::%s::create_directory: true", id))
			}
		}
	}
	run(t, dir, args...)
}

// complete returns what a fragment lacks: a pipeline of logs through all its processors.
func complete(doc map[string]any) map[string]any {
	ids := func(section string) []string {
		m, _ := doc[section].(map[string]any)
		out := []string{}
		for id := range m {
			out = append(out, id)
		}
		slices.Sort(out)
		return out
	}
	add := map[string]any{}
	pipeline := map[string]any{"receivers": ids("receivers"), "processors": ids("processors"), "exporters": ids("exporters")}
	if len(ids("receivers")) == 0 {
		add["receivers"] = map[string]any{"otlp/docs": map[string]any{"protocols": map[string]any{"grpc": map[string]any{"endpoint": "127.0.0.1:0"}}}}
		pipeline["receivers"] = []string{"otlp/docs"}
	}
	if len(ids("exporters")) == 0 {
		add["exporters"] = map[string]any{"nop/docs": nil}
		pipeline["exporters"] = []string{"nop/docs"}
	}
	add["service"] = map[string]any{"extensions": ids("extensions"), "pipelines": map[string]any{"logs": pipeline}}
	return add
}

// slots bounds how many processes run at once; each takes a fifth of a second of a core.
var slots = make(chan struct{}, 4)

func run(t *testing.T, dir string, args ...string) {
	t.Helper()
	slots <- struct{}{}
	defer func() { <-slots }()
	cmd := exec.Command(harness.Binary(t), append([]string{"validate"}, args...)...) //nolint:noctx // RunCmd bounds it
	cmd.Dir = dir
	if r := harness.RunCmd(t, cmd); r.Code != 0 {
		t.Errorf("validate %s: exit code %d\n%s", strings.Join(args, " "), r.Code, bytes.TrimSpace([]byte(r.Stderr)))
	}
}
