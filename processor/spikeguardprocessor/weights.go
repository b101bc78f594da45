// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package spikeguardprocessor

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/logboom/logboom/internal/spike"
	"github.com/logboom/logboom/internal/weight"
)

// former is what a record said about how it was sampled, before its weight was written. What was no text meant nothing.
type former struct{ threshold, randomness string }

func formerOf(attrs pcommon.Map) (f former) {
	text := func(name string) string {
		if v, ok := attrs.Get(name); ok && v.Type() == pcommon.ValueTypeStr {
			return v.Str()
		}
		return ""
	}
	return former{text(weight.ThresholdAttribute), text(weight.RandomnessAttribute)}
}

func (f former) restore(attrs pcommon.Map) {
	put := func(name, value string) {
		if value == "" {
			attrs.Remove(name)
		} else {
			attrs.PutStr(name, value)
		}
	}
	put(weight.ThresholdAttribute, f.threshold)
	put(weight.RandomnessAttribute, f.randomness)
}

// unweigh takes the weights away that were written into the records that stayed in a batch, so many.
func (b *batch) unweigh(ld plog.Logs, stayed int) {
	if len(b.formers) == 0 || ld.LogRecordCount() != stayed {
		return // whoever refused it has taken it apart
	}
	i, formers := 0, b.formers
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, lr := range sl.LogRecords().All() {
				for b.items[i].Verdict == spike.Over {
					i++
				}
				if b.items[i].Threshold > 0 {
					formers[0].restore(lr.Attributes())
					formers = formers[1:]
				}
				i++
			}
		}
	}
}
