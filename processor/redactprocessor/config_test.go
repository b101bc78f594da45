// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redactprocessor

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/logboom/logboom/internal/redact"
	"github.com/logboom/logboom/processor/redactprocessor/internal/metadata"
)

func TestConfigErrors(t *testing.T) {
	cfg := defaults()
	cfg.Action = "erase"
	cfg.Detectors = map[string]DetectorConfig{"emial": {}}
	cfg.Limits.MaxRecordBytes = 0
	err := cfg.Validate()
	for _, want := range []string{`action must be one of`, `"emial"`, "limits.max_record_bytes must be positive, got 0"} {
		assert.ErrorContains(t, err, want)
	}
	assert.NoError(t, defaults().Validate())
	_, err = NewFactory().CreateLogs(context.Background(), processortest.NewNopSettings(metadata.Type), cfg, consumertest.NewNop())
	require.Error(t, err)
}

func TestConfigErrorsOfFurtherSettings(t *testing.T) {
	cfg := defaults()
	cfg.MaskText = "a=b"
	cfg.TagAttribute = "user.password"
	cfg.RuleFiles = []string{""}
	cfg.Words = []WordsConfig{{Name: "codename"}, {Name: "email", Words: []string{"x"}}}
	err := cfg.Validate()
	for _, want := range []string{
		"mask_text must hold none of the characters",
		`tag_attribute must not be a name under which values are hidden, got "user.password"`,
		`rule_files[0] must name a file, got ""`,
		"words[0] must have words or a file, got neither",
		`words[1].name must not be the name of another detector, got "email"`,
		"words[1].words[0]: a word must have 2 to 256 bytes, got 1",
	} {
		assert.ErrorContains(t, err, want)
	}
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestWordsOfAFile(t *testing.T) {
	cfg := defaults()
	cfg.Words = []WordsConfig{{Name: "codename", Words: []string{"Falcon"}, File: write(t, "words.txt", "\ufeff# projects\n\nblue harvest\r\nMüller")}}
	require.NoError(t, cfg.Validate())
	e, err := cfg.NewEngine()
	require.NoError(t, err)
	got, _ := e.NewScanner().Text("falcon, Blue Harvest and müller")
	assert.Equal(t, "[REDACTED:codename], [REDACTED:codename] and [REDACTED:codename]", got)
}

func TestRuleFile(t *testing.T) {
	cfg := defaults()
	cfg.RuleFiles = []string{write(t, "rules.toml", "[[rules]]\nid = 'acme-token'\nregex = 'acme_([a-z0-9]{12})'\nkeywords = ['acme_']\n")}
	require.NoError(t, cfg.Validate())
	e, err := cfg.NewEngine()
	require.NoError(t, err)
	got, _ := e.NewScanner().Text("sent acme_q7lm2zxt9vkp now")
	assert.Equal(t, "sent acme_[REDACTED:acme_token] now", got)
}

// TestFileErrors: what a file holds may be secret itself, so errors name the place and quote nothing.
func TestFileErrors(t *testing.T) {
	const word = "hush-hush"
	large := write(t, "large.txt", strings.Repeat("x", maxFileBytes+1))
	for message, file := range map[string]string{
		"no such file or directory":                             filepath.Join(t.TempDir(), "missing"),
		"is no regular file":                                    t.TempDir(),
		"is larger than 8388608 bytes":                          large,
		"words.txt:2: a word must have 2 to 256 bytes, got 301": write(t, "words.txt", word+"\n"+strings.Repeat("y", 301)),
		"words.txt:1: a word must be UTF-8":                     write(t, "words.txt", word+"\xff"),
		"empty.txt holds no word":                               write(t, "empty.txt", "# "+word+"\n"),
	} {
		cfg := defaults()
		cfg.Words = []WordsConfig{{Name: "codename", File: file}}
		require.NoError(t, cfg.Validate(), "Validate reads no file")
		_, err := cfg.NewEngine()
		require.ErrorContains(t, err, message)
		assert.ErrorContains(t, err, `read words of "codename"`)
		assert.NotContains(t, err.Error(), word)
		_, err = NewFactory().CreateLogs(context.Background(), processortest.NewNopSettings(metadata.Type), cfg, consumertest.NewNop())
		require.ErrorContains(t, err, message)
	}
	cfg := defaults()
	cfg.RuleFiles = []string{large, filepath.Join(t.TempDir(), "missing.toml")}
	_, err := cfg.NewEngine()
	require.ErrorContains(t, err, "large.txt is larger than")
	require.ErrorContains(t, err, "missing.toml")
}

// TestPageListsEveryDetector compares the page of detectors with those that exist.
func TestPageListsEveryDetector(t *testing.T) {
	page, err := os.ReadFile("DETECTORS.md")
	require.NoError(t, err)
	var missing []string
	for _, name := range redact.Names() {
		if !strings.Contains(string(page), "`"+name+"`") {
			missing = append(missing, name)
		}
	}
	assert.Empty(t, missing)
}
