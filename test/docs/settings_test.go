// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/confmap"

	"github.com/logboom/logboom/exporter/objectstorageexporter"
	"github.com/logboom/logboom/extension/archivecompactorextension"
	"github.com/logboom/logboom/extension/archivequeryextension"
	"github.com/logboom/logboom/processor/grokprocessor"
	"github.com/logboom/logboom/processor/redactprocessor"
	"github.com/logboom/logboom/processor/requestsamplingprocessor"
	"github.com/logboom/logboom/processor/spikeguardprocessor"
	"github.com/logboom/logboom/receiver/objectstoragereceiver"
)

// setting is a row of a table `| setting | default | meaning |`.
type setting struct {
	name, def string
	line      int
}

var code = regexp.MustCompile("`([^`]*)`")

// cells splits a row of a table; a pipe within a cell is written \|.
func cells(row string) []string {
	const pipe = "\x00"
	row = strings.ReplaceAll(strings.TrimSpace(row), `\|`, pipe)
	out := strings.Split(strings.TrimSuffix(strings.TrimPrefix(row, "|"), "|"), "|")
	for i := range out {
		out[i] = strings.ReplaceAll(strings.TrimSpace(out[i]), pipe, "|")
	}
	return out
}

// settings returns the rows of the tables that document a component's own settings. A table after a line that begins with
// "Each" documents the items of a list, which have no default of their own.
func settings(text string) []setting {
	var out []setting
	inTable, skip := false, false
	before := ""
	for i, line := range strings.Split(text, "\n") {
		if !strings.HasPrefix(line, "|") {
			inTable = false
			if strings.TrimSpace(line) != "" {
				before = line
			}
			continue
		}
		row := cells(line)
		if len(row) < 3 {
			continue
		}
		if row[0] == "setting" && row[1] == "default" {
			inTable, skip = true, strings.HasPrefix(before, "Each")
			continue
		}
		if !inTable || skip || strings.HasPrefix(row[0], "---") {
			continue
		}
		for _, name := range code.FindAllStringSubmatch(row[0], -1) {
			out = append(out, setting{strings.ReplaceAll(name[1], "::", "."), row[1], i + 1})
		}
	}
	return out
}

// flatten returns the leaves of a marshalled configuration by dotted name, and its inner names with a nil value.
func flatten(prefix string, v any, into map[string]any) {
	m, ok := v.(map[string]any)
	if !ok || (len(m) == 0 && prefix != "") {
		into[prefix] = v
		return
	}
	if prefix != "" {
		into[prefix] = inner{}
		prefix += "."
	}
	for k, child := range m {
		flatten(prefix+k, child, into)
	}
}

// inner is the value of a name that has settings below it.
type inner struct{}

func defaults(t *testing.T, cfg any) map[string]any {
	t.Helper()
	conf := confmap.New()
	require.NoError(t, conf.Marshal(cfg))
	out := map[string]any{}
	flatten("", conf.ToStringMap(), out)
	return out
}

// same reports whether the text of a default cell says what the configuration has.
func same(cell string, v any) bool {
	text := ""
	if m := code.FindStringSubmatch(cell); m != nil {
		text = m[1]
	} else if cell != "" { // words: "host name", "required": nothing is set
		return isZero(v)
	}
	text = strings.Trim(text, `'"`)
	switch v := v.(type) {
	case nil:
		return text == "" || text == "[]" || text == "{}" || text == "null"
	case inner:
		return text == "" || text == "{}"
	case time.Duration:
		d, err := time.ParseDuration(text)
		return err == nil && d == v
	}
	if isZero(v) && (text == "" || text == "[]" || text == "{}") {
		return true
	}
	if d, err := time.ParseDuration(text); err == nil { // marshalled as text
		if have, err := time.ParseDuration(fmt.Sprint(v)); err == nil {
			return d == have
		}
	}
	r := reflect.ValueOf(v)
	if r.Kind() == reflect.Slice {
		parts := make([]string, r.Len())
		for i := range parts {
			parts[i] = fmt.Sprint(r.Index(i).Interface())
		}
		list := strings.FieldsFunc(strings.Trim(text, "[]"), func(c rune) bool { return c == ',' || c == ' ' })
		for i := range list {
			list[i] = strings.Trim(list[i], `'"`)
		}
		return reflect.DeepEqual(list, parts)
	}
	return fmt.Sprint(v) == strings.ReplaceAll(text, "_", "") || fmt.Sprint(v) == text
}

func isZero(v any) bool {
	r := reflect.ValueOf(v)
	if !r.IsValid() || v == any("[REDACTED]") { // a configopaque.String; no default is a secret
		return true
	}
	if k := r.Kind(); k == reflect.Slice || k == reflect.Map {
		return r.Len() == 0
	}
	_, isInner := v.(inner)
	return isInner || r.IsZero()
}

// TestSettings compares the settings tables of the components' READMEs with their default configurations, both ways: each row
// is a setting with that default, and each setting has a row (or its block has one).
func TestSettings(t *testing.T) {
	http := defaults(t, confighttp.NewDefaultServerConfig())
	for _, c := range []struct {
		dir      string
		cfg      component.Config
		embedded map[string]any // settings of a shared block, documented where it comes from
	}{
		{"processor/grokprocessor", grokprocessor.NewFactory().CreateDefaultConfig(), nil},
		{"processor/redactprocessor", redactprocessor.NewFactory().CreateDefaultConfig(), nil},
		{"processor/requestsamplingprocessor", requestsamplingprocessor.NewFactory().CreateDefaultConfig(), nil},
		{"processor/spikeguardprocessor", spikeguardprocessor.NewFactory().CreateDefaultConfig(), nil},
		{"exporter/objectstorageexporter", objectstorageexporter.NewFactory().CreateDefaultConfig(), nil},
		{"receiver/objectstoragereceiver", objectstoragereceiver.NewFactory().CreateDefaultConfig(), nil},
		{"extension/archivequeryextension", archivequeryextension.NewFactory().CreateDefaultConfig(), http},
		{"extension/archivecompactorextension", archivecompactorextension.NewFactory().CreateDefaultConfig(), nil},
	} {
		t.Run(filepath.Base(c.dir), func(t *testing.T) {
			readme := filepath.Join("..", "..", c.dir, "README.md")
			text, err := os.ReadFile(readme)
			require.NoError(t, err)
			rows := settings(string(text))
			require.NotEmpty(t, rows, "%s has no table of settings", readme)
			have := defaults(t, c.cfg)
			documented := map[string]bool{}
			for _, row := range rows {
				documented[row.name] = true
				v, ok := have[row.name]
				if !ok && same(row.def, nil) {
					continue // empty and left out of the marshalled form
				}
				if assert.True(t, ok, "%s:%d: there is no setting %q", readme, row.line, row.name) {
					assert.True(t, same(row.def, v), "%s:%d: default of %s is %v, the table says %s", readme, row.line, row.name, v, row.def)
				}
			}
			for name, v := range have {
				if _, shared := c.embedded[name]; shared {
					continue
				}
				if _, isInner := v.(inner); isInner {
					continue
				}
				found := false
				for at := name; at != "" && !found; at = at[:max(0, strings.LastIndexByte(at, '.'))] {
					found = documented[at]
				}
				assert.True(t, found, "%s: setting %q is in no table", readme, name)
			}
		})
	}
}
