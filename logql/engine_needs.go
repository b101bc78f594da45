// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logql

import (
	"slices"
	"strings"
	"text/template/parse"
)

// wanted are the only labels whose values matter to a pipeline; nil: all do.
type wanted struct{ names []string }

func wantedOf(labels []string) *wanted {
	if labels == nil {
		return nil
	}
	return &wanted{labels}
}

// has reports whether a label that a parser finds must be kept, under this name or with the suffix of those that an
// entry has already.
func (w *wanted) has(name string) bool {
	if w == nil {
		return true
	}
	for _, n := range w.names {
		if n == name {
			return true
		}
	}
	switch name {
	case labelError, labelErrorDetails, labelPreserveError:
		return true
	}
	return false
}

// neededLabels returns the labels that an aggregation looks at, nil for all.
func neededLabels(r *LogRange, g *Grouping) []string {
	if g == nil || g.Without {
		return nil
	}
	n := needs{names: []string{}}
	for _, name := range g.Names {
		n.visit(name)
	}
	n.stages(r.Log.Stages)
	if r.Unwrap != nil {
		n.visit(r.Unwrap.Label)
		for _, f := range r.Unwrap.Filters {
			f.names(n.visit)
		}
	}
	return n.sorted()
}

// needs collects names of labels.
type needs struct {
	names []string
	all   bool
}

// visit adds a name. A parser renames what collides with a label of the entry: both matter then.
func (n *needs) visit(name string) {
	n.names = append(n.names, name, strings.TrimSuffix(name, extractedSuffix))
}

// sorted returns the names, nil if all labels matter.
func (n *needs) sorted() []string {
	if n.all {
		return nil
	}
	slices.Sort(n.names)
	return slices.Compact(n.names)
}

func (n *needs) stages(stages []Stage) {
	parsed := false
	for _, s := range stages {
		switch s := s.(type) {
		case LabelFilter:
			s.names(n.visit)
		case *LogfmtParser:
			// An expression asks whether an earlier parser has found its key.
			for _, x := range s.Extractions {
				if parsed {
					n.visit(x.Label)
					n.visit(x.Path)
				}
			}
			parsed = true
		case *LineFilter, *JSONParser, *RegexpParser, *PatternParser, *UnpackParser, *Decolorize:
			parsed = true
		case *DropLabels:
			n.picks(s.Picks)
		case *KeepLabels:
			n.picks(s.Picks)
		case *LineFormat:
			n.template(s.t)
		case *LabelFormat:
			for _, a := range s.Assign {
				n.visit(a.Dst)
				if a.IsText {
					n.template(a.t)
				} else {
					n.visit(a.Src)
				}
			}
		default:
			n.all = true
		}
	}
}

func (n *needs) picks(picks []LabelPick) {
	for _, p := range picks {
		n.visit(p.Name)
	}
}

// template adds the fields of a template. One that uses all labels at once ({{ . }}) needs them all.
func (n *needs) template(t *template) {
	for _, named := range t.t.Templates() {
		if named.Tree == nil || named.Root == nil {
			continue
		}
		n.node(named.Root)
	}
}

func (n *needs) node(node parse.Node) {
	switch node := node.(type) {
	case nil, *parse.TextNode, *parse.CommentNode, *parse.NumberNode, *parse.StringNode, *parse.BoolNode, *parse.NilNode,
		*parse.IdentifierNode, *parse.BreakNode, *parse.ContinueNode:
	case *parse.ListNode:
		if node != nil {
			for _, c := range node.Nodes {
				n.node(c)
			}
		}
	case *parse.ActionNode:
		n.node(node.Pipe)
	case *parse.PipeNode:
		if node != nil {
			for _, c := range node.Cmds {
				for _, a := range c.Args {
					n.node(a)
				}
			}
		}
	case *parse.ChainNode:
		n.node(node.Node)
	case *parse.FieldNode:
		n.visit(node.Ident[0])
	case *parse.VariableNode:
		if node.Ident[0] == "$" {
			if len(node.Ident) == 1 {
				n.all = true
				return
			}
			n.visit(node.Ident[1])
		}
	case *parse.IfNode:
		n.branch(&node.BranchNode)
	case *parse.RangeNode:
		n.branch(&node.BranchNode)
	case *parse.WithNode:
		n.branch(&node.BranchNode)
	default: // a dot, or a template that is called with one
		n.all = true
	}
}

func (n *needs) branch(b *parse.BranchNode) {
	n.node(b.Pipe)
	n.node(b.List)
	n.node(b.ElseList)
}
