// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logql

import (
	"fmt"
	"sync"
)

// Filter returns a test of entries: whether they pass the expression's matchers and its pipeline. It is for those who want
// the entries as they are, so it refuses stages that change what an entry is (such as line_format); parsers are allowed in
// front of label filters. The test is safe for concurrent use.
func (e *LogExpr) Filter() (func(*Entry) bool, error) {
	for _, s := range e.Stages {
		switch s.(type) {
		case *LineFilter, LabelFilter, *JSONParser, *LogfmtParser, *RegexpParser, *PatternParser:
		default:
			return nil, fmt.Errorf("stage %q does not filter: only line filters, label filters and parsers in front of them do", s.String())
		}
	}
	n := needs{names: []string{}}
	n.stages(e.Stages)
	needed := wantedOf(n.sorted())
	sets := sync.Pool{New: func() any { return &labelSet{wanted: needed} }}
	return func(entry *Entry) bool {
		if !MatchStream(entry.Stream, e.Matchers) {
			return false
		}
		if len(e.Stages) == 0 {
			return true
		}
		ls := sets.Get().(*labelSet)
		defer sets.Put(ls)
		ls.reset(entry)
		return runStages(e.Stages, &lineState{line: entry.Line, ts: entry.Timestamp}, ls)
	}, nil
}
