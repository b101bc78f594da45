// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redactprocessor

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/logboom/logboom/internal/redact"
)

// maxFileBytes bounds each file that the configuration names.
const maxFileBytes = 8 << 20

// readFiles adds to the options what stands in the files of the configuration.
func (c *Config) readFiles(o *redact.Options) error {
	var errs []error
	for _, name := range c.RuleFiles {
		data, err := readFile(name)
		if err != nil {
			errs = append(errs, fmt.Errorf("read rule file: %w", err))
			continue
		}
		o.RuleFiles = append(o.RuleFiles, redact.RuleFile{Name: name, Data: data})
	}
	for i, w := range c.Words {
		if w.File == "" {
			continue
		}
		words, err := readWords(w.File)
		if err != nil {
			errs = append(errs, fmt.Errorf("read words of %q: %w", w.Name, err))
			continue
		}
		o.Words[i].Words = slices.Concat(w.Words, words)
	}
	return errors.Join(errs...)
}

// readFile reads a regular file of bounded size. Its errors name the file.
func readFile(name string) ([]byte, error) {
	if info, err := os.Stat(name); err != nil {
		return nil, err
	} else if !info.Mode().IsRegular() { // opening a pipe would wait for its other end
		return nil, fmt.Errorf("%s is no regular file", name)
	}
	f, err := os.Open(name) //nolint:gosec // the file that the user names
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, maxFileBytes+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxFileBytes {
		return nil, fmt.Errorf("%s is larger than %d bytes", name, maxFileBytes)
	}
	return data, nil
}

// readWords reads a list of words, one a line. Errors name file and line, and no word.
func readWords(name string) ([]string, error) {
	data, err := readFile(name)
	if err != nil {
		return nil, err
	}
	var words []string
	number := 0
	for line := range strings.Lines(strings.TrimPrefix(string(data), "\ufeff")) {
		number++
		word := strings.TrimSpace(line)
		if word == "" || word[0] == '#' {
			continue
		}
		if err := redact.CheckWord(word); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, number, err)
		}
		words = append(words, word)
	}
	if len(words) == 0 {
		return nil, fmt.Errorf("%s holds no word", name)
	}
	return words, nil
}
