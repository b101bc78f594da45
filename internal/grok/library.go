// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

import (
	"bufio"
	"embed"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// The named libraries.
const (
	LibraryECS    = "ecs-v1" // field names of the Elastic Common Schema, nested
	LibraryLegacy = "legacy" // the flat field names of older configurations
	LibraryNone   = "none"   // no definitions at all
)

// The definitions of both libraries, one text for both (see notation).
//
//go:embed library
var libraryFiles embed.FS

// Libraries returns the names of the libraries.
func Libraries() []string { return []string{LibraryECS, LibraryLegacy, LibraryNone} }

// IsLibrary reports whether name is the name of a library.
func IsLibrary(name string) bool { return slices.Contains(Libraries(), name) }

// IsPatternName reports whether name can be used as %{name}: letters, digits and _.
func IsPatternName(name string) bool {
	for i := range len(name) {
		if !isNameByte(name[i]) {
			return false
		}
	}
	return name != ""
}

// Set is a set of named definitions. It must not be changed while a pattern is compiled with it.
type Set struct {
	defs map[string]string
}

var loadLibrary = map[string]func() (map[string]string, error){
	LibraryECS:    sync.OnceValues(func() (map[string]string, error) { return readLibrary(LibraryECS) }),
	LibraryLegacy: sync.OnceValues(func() (map[string]string, error) { return readLibrary(LibraryLegacy) }),
	LibraryNone:   func() (map[string]string, error) { return map[string]string{}, nil },
}

// NewSet returns a set that begins with the definitions of a library.
func NewSet(library string) (*Set, error) {
	load, ok := loadLibrary[library]
	if !ok {
		return nil, fmt.Errorf("library must be one of %s, got %q", strings.Join(Libraries(), ", "), library)
	}
	defs, err := load()
	if err != nil {
		return nil, err
	}
	return &Set{defs: maps.Clone(defs)}, nil
}

// Define adds a definition, replacing one of the same name.
func (s *Set) Define(name, expr string) error {
	if !IsPatternName(name) {
		return fmt.Errorf("name of a pattern must be letters, digits and _, got %q", name)
	}
	s.defs[name] = expr
	return nil
}

// Names returns the names of all definitions, sorted.
func (s *Set) Names() []string { return slices.Sorted(maps.Keys(s.defs)) }

// Definition returns the text of a definition.
func (s *Set) Definition(name string) (string, bool) {
	d, ok := s.defs[name]
	return d, ok
}

// ReadFiles adds the definitions of all files that the globs name, in the order of the globs and of the file names. A glob
// that names no file is an error.
func (s *Set) ReadFiles(globs ...string) error {
	for _, g := range globs {
		names, err := filepath.Glob(g)
		if err != nil {
			return fmt.Errorf("read pattern files %q: %w", g, err)
		}
		if len(names) == 0 {
			return fmt.Errorf("read pattern files %q: no such file", g)
		}
		for _, name := range names {
			if info, err := os.Stat(name); err == nil && info.IsDir() {
				continue
			}
			f, err := os.Open(name)
			if err != nil {
				return fmt.Errorf("read pattern file: %w", err)
			}
			err = s.Read(f, name)
			f.Close()
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// Read adds the definitions of r: lines `NAME REGEX`; empty lines and lines that begin with # mean nothing. name stands in errors.
func (s *Set) Read(r io.Reader, name string) error {
	sc := bufio.NewScanner(r)
	sc.Buffer(nil, maxPatternSize)
	for n := 1; sc.Scan(); n++ {
		line := strings.TrimLeft(strings.TrimSuffix(sc.Text(), "\r"), " \t")
		if n == 1 {
			line = strings.TrimPrefix(line, "\ufeff")
		}
		if line == "" || line[0] == '#' {
			continue
		}
		i := strings.IndexAny(line, " \t")
		if i < 0 {
			return fmt.Errorf("read pattern file %s, line %d: definition must be NAME REGEX, got %q", name, n, line)
		}
		if err := s.Define(line[:i], strings.TrimLeft(line[i:], " \t")); err != nil {
			return fmt.Errorf("read pattern file %s, line %d: %w", name, n, err)
		}
	}
	if err := sc.Err(); err != nil {
		return fmt.Errorf("read pattern file %s: %w", name, err)
	}
	return nil
}

// near returns a name that differs from name only by case or by _ and -, "" if there is none.
func (s *Set) near(name string) string {
	plain := func(s string) string { return strings.ReplaceAll(strings.ToUpper(s), "_", "") }
	for _, n := range s.Names() {
		if plain(n) == plain(name) {
			return n
		}
	}
	return ""
}
