// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/logboom/logboom/test/harness"
)

// sections of the manifest and of the binary's `components` output.
var sections = []string{"receivers", "processors", "exporters", "connectors", "extensions"}

// TestManifest compares builder-config.yaml, the code that ocb made of it, and what the binary says it consists of.
func TestManifest(t *testing.T) {
	type module struct {
		GoMod  string `yaml:"gomod"`
		Import string `yaml:"import"`
	}
	raw, err := os.ReadFile(filepath.Join(harness.Root(), "builder-config.yaml"))
	require.NoError(t, err)
	var manifest map[string]yaml.Node
	require.NoError(t, yaml.Unmarshal(raw, &manifest))

	code, err := os.ReadFile(filepath.Join(harness.Root(), "cmd", "logboom", "components.go"))
	require.NoError(t, err)
	imported := regexp.MustCompile(`(?m)^\t(\w+) "([^"]+)"$`)
	imports := map[string]string{} // package name → import path
	for _, m := range imported.FindAllStringSubmatch(string(code), -1) {
		imports[m[1]] = m[2]
	}

	out := harness.Run(t, harness.Binary(t), "components")
	require.Zero(t, out.Code, out.Stderr)
	type component struct {
		Name   string `yaml:"name"`
		Module string `yaml:"module"`
	}
	var shipped map[string]yaml.Node
	require.NoError(t, yaml.Unmarshal([]byte(out.Stdout), &shipped))

	for _, section := range sections {
		var listed []module
		node := manifest[section]
		require.NoError(t, node.Decode(&listed), section)
		var wantModules, wantImports []string
		for _, m := range listed {
			wantModules = append(wantModules, m.GoMod)
			if m.Import == "" {
				m.Import, _, _ = strings.Cut(m.GoMod, " ")
			}
			wantImports = append(wantImports, m.Import)
		}
		slices.Sort(wantModules)
		slices.Sort(wantImports)

		// The generated map of modules names each component's package and module.
		body := string(code)
		kind := strings.ToUpper(section[:1]) + strings.TrimSuffix(section[1:], "s")
		_, body, ok := strings.Cut(body, "factories."+kind+"Modules = ")
		require.True(t, ok, "components.go names the modules of %s", section)
		body, _, _ = strings.Cut(body, "})")
		var gotModules, gotImports []string
		for _, m := range regexp.MustCompile(`(\w+)\.NewFactory\(\)\.Type\(\): "([^"]+)"`).FindAllStringSubmatch(body, -1) {
			gotImports = append(gotImports, imports[m[1]])
			gotModules = append(gotModules, m[2])
		}
		slices.Sort(gotModules)
		slices.Sort(gotImports)
		require.Equal(t, wantModules, gotModules, "%s: builder-config.yaml and components.go (run make generate)", section)
		require.Equal(t, wantImports, gotImports, "%s: builder-config.yaml and components.go (run make generate)", section)

		var have []component
		node = shipped[section]
		require.NoError(t, node.Decode(&have), section)
		var binaryModules []string
		for _, c := range have {
			binaryModules = append(binaryModules, c.Module)
		}
		slices.Sort(binaryModules)
		// A component with a deprecated alias is listed under both names.
		require.Equal(t, slices.Compact(wantModules), slices.Compact(binaryModules), "%s: builder-config.yaml and the binary (run make build)", section)
	}
}
