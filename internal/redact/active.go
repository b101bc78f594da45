// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import "slices"

// Active is a detector as an engine has it.
type Active struct {
	Name   string
	Action Action
	Own    bool   // of the user: from a rule file, a pattern or a list of words
	Doc    string // of one from a rule file
}

// Active returns the detectors that are switched on, each once, in the order of their compilation: first SensitiveKey's and the
// one of what a limit left unread.
func (e *Engine) Active() []Active {
	builtin := map[string]bool{KeyDetector: true, UnscannedDetector: true}
	for _, name := range Names() {
		builtin[name] = true
	}
	var out []Active
	for i := range e.dets {
		d := &e.dets[i]
		if d.name == "" || d.name == KeyDetector && !e.keys || slices.ContainsFunc(out, func(a Active) bool { return a.Name == d.name }) {
			continue
		}
		a := Active{Name: d.name, Action: d.action, Own: !builtin[d.name] || d.rule != nil && d.rank == rankUser}
		if a.Own && d.rule != nil {
			a.Doc = d.rule.rule.Description
		}
		out = append(out, a)
	}
	return out
}
