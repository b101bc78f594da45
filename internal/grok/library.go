// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

import (
	"bufio"
	"cmp"
	"embed"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
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
	defs   map[string]string
	places map[string]place // where definitions came from that are not the library's
}

// place is where a definition was made.
type place struct {
	file string // empty: by Define
	line int
	nth  int // definitions made before
}

func (p place) String() string {
	if p.file == "" {
		return "definition"
	}
	return fmt.Sprintf("pattern file %s, line %d", p.file, p.line)
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
func (s *Set) Define(name, expr string) error { return s.define(name, expr, place{}) }

func (s *Set) define(name, expr string, at place) error {
	if !IsPatternName(name) {
		return fmt.Errorf("name of a pattern must be letters, digits and _, got %q", shorten(name))
	}
	if s.places == nil {
		s.places = map[string]place{}
	}
	at.nth = len(s.places)
	s.defs[name] = expr
	s.places[name] = at
	return nil
}

// Names returns the names of all definitions, sorted.
func (s *Set) Names() []string { return slices.Sorted(maps.Keys(s.defs)) }

// Added returns the names of the definitions that are not the library's, in the order in which they were made.
func (s *Set) Added() []string {
	return slices.SortedFunc(maps.Keys(s.places), func(a, b string) int {
		return cmp.Or(cmp.Compare(s.places[a].nth, s.places[b].nth), cmp.Compare(a, b))
	})
}

// Definition returns the text of a definition.
func (s *Set) Definition(name string) (string, bool) {
	d, ok := s.defs[name]
	return d, ok
}

// ReadFiles adds the definitions of all files that the globs name, in the order of the globs and of the file names. A glob
// that names no file is an error. It reads on after a mistake, and returns all of them.
func (s *Set) ReadFiles(globs ...string) error {
	var errs []error
	for _, g := range globs {
		names, err := filepath.Glob(g)
		if err != nil {
			errs = append(errs, fmt.Errorf("read pattern files %q: %w", g, err))
			continue
		}
		if len(names) == 0 {
			errs = append(errs, fmt.Errorf("read pattern files %q: no such file", g))
		}
		for _, name := range names {
			if info, err := os.Stat(name); err == nil && info.IsDir() {
				if len(names) == 1 {
					errs = append(errs, fmt.Errorf("read pattern files %q: is a directory, name its files with %s", g, filepath.Join(g, "*")))
				}
				continue
			}
			f, err := os.Open(name)
			if err != nil {
				errs = append(errs, fmt.Errorf("read pattern file: %w", err))
				continue
			}
			errs = append(errs, s.Read(f, name))
			f.Close()
		}
	}
	return errors.Join(errs...)
}

// maxFileErrors bounds how many lines of one file are complained of.
const maxFileErrors = 10

// Read adds the definitions of r: lines `NAME REGEX`; empty lines and lines that begin with # mean nothing. name stands in
// errors. It reads on after a line that is wrong, and returns all mistakes.
func (s *Set) Read(r io.Reader, name string) error {
	var errs []error
	sc := bufio.NewScanner(r)
	sc.Buffer(nil, maxPatternSize)
	n := 0
	for len(errs) < maxFileErrors && sc.Scan() {
		n++
		line := strings.TrimLeft(strings.TrimSuffix(sc.Text(), "\r"), " \t")
		if n == 1 {
			line = strings.TrimLeft(strings.TrimPrefix(line, "\ufeff"), " \t")
		}
		if line == "" || line[0] == '#' {
			continue
		}
		if !utf8.ValidString(line) {
			errs = append(errs, fmt.Errorf("read pattern file %s, line %d: is not UTF-8", name, n))
			continue
		}
		i := strings.IndexAny(line, " \t")
		if i < 0 || strings.Trim(line[i:], " \t") == "" {
			errs = append(errs, fmt.Errorf("read pattern file %s, line %d: definition must be NAME REGEX, got %q", name, n, shorten(line)))
			continue
		}
		if err := s.define(line[:i], strings.TrimLeft(line[i:], " \t"), place{file: name, line: n}); err != nil {
			errs = append(errs, fmt.Errorf("read pattern file %s, line %d: %w", name, n, err))
		}
	}
	if err := sc.Err(); err != nil {
		if errors.Is(err, bufio.ErrTooLong) {
			err = fmt.Errorf("longer than %d bytes", maxPatternSize)
		}
		errs = append(errs, fmt.Errorf("read pattern file %s, line %d: %w", name, n+1, err))
	}
	return errors.Join(errs...)
}

func shorten(s string) string {
	const most = 60
	if len(s) <= most {
		return s
	}
	cut := most
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}

// Check parses the named definitions, or with no name all that are not the library's, whether anything refers to them or
// not, and returns all mistakes, each once and with the definition's file and line.
func (s *Set) Check(names ...string) error {
	if len(names) == 0 {
		names = s.Added()
	}
	type spot struct {
		text   string
		offset int
	}
	found := map[spot]bool{}
	var errs, others []error
	for _, name := range names {
		e := s.parseDefinition(name)
		if e == nil {
			continue
		}
		at := spot{e.Definition, e.Offset}
		if found[at] {
			continue
		}
		err := error(e)
		if place, is := s.places[e.Definition]; is { // where the mistake is: in what name refers to, it may be
			err = fmt.Errorf("%s: %w", place, e)
		} else if place, is = s.places[name]; is {
			err = fmt.Errorf("%s: %w", place, e)
		}
		if e.Definition != name && slices.Contains(names, e.Definition) { // reported at its own place, unless it is all right by itself
			others = append(others, err)
			continue
		}
		found[at] = true
		errs = append(errs, err)
	}
	for _, err := range others {
		var e *Error
		errors.As(err, &e)
		if at := (spot{e.Definition, e.Offset}); !found[at] {
			found[at] = true
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// parseDefinition returns what is wrong with a definition, nil if nothing is.
func (s *Set) parseDefinition(name string) (e *Error) {
	defer func() {
		if r := recover(); r != nil {
			err, ok := r.(*Error)
			if !ok {
				panic(r)
			}
			e = err
		}
	}()
	b := &builder{set: s}
	src, ok := s.defs[name]
	if !ok {
		return &Error{Msg: fmt.Sprintf("unknown pattern %q%s", name, b.suggest(name)), Text: name}
	}
	b.path = []string{name}
	n := b.parse(&source{name: name, text: src}, flags{})
	b.resolveLate()
	b.checkSize(n, src)
	return nil
}
