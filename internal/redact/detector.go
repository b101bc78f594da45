// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import "slices"

// Group is a family of detectors that is switched on and off together.
type Group string

// The groups.
const (
	Secrets     Group = "secrets"
	Personal    Group = "personal"
	PaymentCard Group = "payment_card"
	Network     Group = "network"
)

// Action is what is done with a finding.
type Action string

// The actions. The empty action means "that of the engine".
const (
	Mask          Action = "mask"
	Partial       Action = "partial"
	Hash          Action = "hash"
	DropAttribute Action = "drop_attribute" // where the text has no attribute of its own, such as a body, it is masked
	DropRecord    Action = "drop_record"
	Tag           Action = "tag" // the text stays; the record gets the detector's name
)

// Actions holds every action, in the order of the documentation.
var Actions = []Action{Mask, Partial, Hash, DropAttribute, DropRecord, Tag}

func (a Action) valid() bool { return a == "" || slices.Contains(Actions, a) }

// Effect tells what the findings in a text ask for.
type Effect uint8

// The effects; a text may have several.
const (
	// Changed: the returned text differs from the one that was given.
	Changed Effect = 1 << iota
	// DropsAttribute and DropsRecord: a finding's action says so. The returned text is masked nevertheless.
	DropsAttribute
	DropsRecord
	// Tagged: a finding stays in the text, and its detector is among Scanner.Tags.
	Tagged
)

// Detector is one kind of secret or personal datum. Its matcher is a rule of a rule file, or a find function.
type Detector struct {
	// Name is what metrics, findings and masks call it: lower case, digits, underscores.
	Name  string
	Group Group
	// Doc says in a line what it finds, for people.
	Doc string
	// Triggers are regular expressions in Go's syntax without anchors. The automaton reports the end of every match.
	// A trigger may start with a class for the character before the finding; the start of a text counts as a line feed.
	Triggers []string
	// rule is what looks for it; find is nil then, and the rule has the triggers.
	rule *compiledRule
	// find is called with the end of a trigger's match and returns the finding.
	find func(c *cursor, end int) (start, stop int, ok bool)
	// rank decides whose name a finding bears that several detectors share; higher wins.
	rank int
	// Match and Miss are run as tests. In Match the finding stands between « and ».
	Match, Miss []string
}

// KeyDetector is the name of findings by key name; it belongs to Secrets.
const KeyDetector = "sensitive_key"
