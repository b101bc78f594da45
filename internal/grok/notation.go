// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

import (
	"bufio"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
)

// The files of the folder library are in a notation of their own, so that one text serves both libraries. Its README
// describes it. What is read here becomes plain definitions before anything else sees it.

const maxPieceDepth = 20

// readLibrary returns the definitions of a library.
func readLibrary(library string) (map[string]string, error) {
	n := notation{set: &Set{defs: map[string]string{}}, library: library}
	err := fs.WalkDir(libraryFiles, "library", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, ".md") {
			return err
		}
		f, err := libraryFiles.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := n.read(f); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read pattern library %s: %w", library, err)
	}
	defs, err := n.definitions()
	if err != nil {
		return nil, fmt.Errorf("read pattern library %s: %w", library, err)
	}
	return defs, nil
}

// notation reads files in the library's notation for one library.
type notation struct {
	set     *Set
	library string
	order   []string // the names, as the files have them
	depth   int      // of pieces within pieces
}

// read adds the definitions of one file. A line that begins with a blank goes on with the definition before it.
func (n *notation) read(r io.Reader) error {
	var def string
	sc := bufio.NewScanner(r)
	for sc.Scan() {
		line := sc.Text()
		if line == "" || line[0] == '#' {
			continue
		}
		if line[0] == ' ' {
			def += strings.TrimLeft(line, " ")
			continue
		}
		if err := n.define(def); err != nil {
			return err
		}
		def = line
	}
	if err := sc.Err(); err != nil {
		return err
	}
	return n.define(def)
}

// define adds `NAME REGEX`, `NAME@library REGEX` or, for each of the words, `NAME_{A,B} REGEX`.
func (n *notation) define(def string) error {
	if def == "" {
		return nil
	}
	name, expr, _ := strings.Cut(def, " ")
	name, library, marked := strings.Cut(name, "@")
	if marked && !slices.Contains([]string{LibraryECS, LibraryLegacy}, library) {
		return fmt.Errorf("%s: unknown library %q", name, library)
	}
	if marked && library != n.library {
		return nil
	}
	before, words, family := strings.Cut(name, "{")
	if !family {
		return n.add(name, expr)
	}
	words, after, _ := strings.Cut(words, "}")
	for word := range strings.SplitSeq(words, ",") {
		e := strings.ReplaceAll(expr, "{}", word)
		e = strings.ReplaceAll(e, "{ }", strings.ReplaceAll(word, "_", " "))
		if err := n.add(before+word+after, e); err != nil {
			return err
		}
	}
	return nil
}

func (n *notation) add(name, expr string) error {
	if _, ok := n.set.defs[name]; ok {
		return fmt.Errorf("%s is defined twice", name)
	}
	n.order = append(n.order, name)
	return n.set.Define(name, expr)
}

// definitions returns what was read in plain syntax, without the pieces.
func (n *notation) definitions() (map[string]string, error) {
	defs := map[string]string{}
	for _, name := range n.order {
		if isPiece(name) {
			continue
		}
		expr, err := n.expand(n.set.defs[name])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		defs[name] = expr
	}
	return defs, nil
}

// expand writes expr in plain syntax.
func (n *notation) expand(expr string) (string, error) {
	var b strings.Builder
	for {
		i := strings.IndexAny(expr, "%(")
		if i < 0 {
			b.WriteString(expr)
			return b.String(), nil
		}
		b.WriteString(expr[:i])
		expr = expr[i:]
		open, end := "%{", byte('}')
		if strings.HasPrefix(expr, "(?<") && !strings.HasPrefix(expr, "(?<=") && !strings.HasPrefix(expr, "(?<!") {
			open, end = "(?<", '>'
		}
		if !strings.HasPrefix(expr, open) || (i > 0 && b.String()[b.Len()-1] == '\\') {
			b.WriteByte(expr[0])
			expr = expr[1:]
			continue
		}
		j := strings.IndexByte(expr, end)
		if j < 0 {
			return "", fmt.Errorf("%s is not closed", open)
		}
		inner := expr[len(open):j]
		expr = expr[j+1:]
		if open == "(?<" {
			b.WriteString("(?<" + n.choose(inner) + ">")
			continue
		}
		ref, err := n.reference(inner)
		if err != nil {
			return "", err
		}
		b.WriteString(ref)
	}
}

// isPiece reports whether name is that of a piece: it is put in place here, and nobody else sees it.
func isPiece(name string) bool { return 'a' <= name[0] && name[0] <= 'z' }

// reference writes what stands between the braces of a reference, [TEXT|]NAME[:FIELDS] or PREFIX_*, in plain syntax.
func (n *notation) reference(s string) (string, error) {
	if prefix, ok := strings.CutSuffix(s, "*"); ok {
		var refs []string
		for _, name := range n.order {
			if strings.HasPrefix(name, prefix) {
				refs = append(refs, "%{"+name+"}")
			}
		}
		if refs == nil {
			return "", fmt.Errorf("no name begins with %s", prefix)
		}
		return "(?:" + strings.Join(refs, "|") + ")", nil
	}
	text := ""
	name, fields, _ := strings.Cut(s, ":")
	if i := strings.LastIndexByte(name, '|'); i >= 0 {
		text, name = name[:i+1], name[i+1:]
	}
	if !isPiece(name) {
		if f := n.choose(fields); f != "" {
			name += ":" + f
		}
		if text == "" {
			return "%{" + name + "}", nil
		}
		return "(?:" + text + "%{" + name + "})", nil
	}
	piece, ok := n.set.defs[name]
	if !ok || fields != "" {
		return "", fmt.Errorf("%%{%s} is no piece", s)
	}
	if n.depth++; n.depth > maxPieceDepth {
		return "", fmt.Errorf("pieces nest too deep: %%{%s}", s)
	}
	piece, err := n.expand(piece)
	n.depth--
	return "(?:" + text + piece + ")", err
}

// choose returns the library's part of `ecs|legacy`, or the whole if both libraries share it.
func (n *notation) choose(fields string) string {
	ecs, legacy, two := strings.Cut(fields, "|")
	if two && n.library == LibraryLegacy {
		return legacy
	}
	return ecs
}
