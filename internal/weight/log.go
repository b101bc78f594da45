// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package weight

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// Writer writes weights. It remembers what it wrote last: each goroutine has its own. The zero value is ready.
type Writer struct {
	// Inconsistent counts thresholds that were ignored, because they cannot be read or cannot be.
	Inconsistent int64

	lastThreshold uint64
	lastText      string
}

// Log writes how a log record was sampled into its attributes, combined with what stands there.
func (w *Writer) Log(lr plog.LogRecord, d Decision) {
	attrs := lr.Attributes()
	var cameAs, hadRandomness pcommon.Value
	for name, v := range attrs.All() {
		if len(name) == len(ThresholdAttribute) && name == ThresholdAttribute {
			cameAs = v
		} else if len(name) == len(RandomnessAttribute) && name == RandomnessAttribute {
			hadRandomness = v
		}
	}
	own := Unknown
	written := false // whether the record's randomness stands in an attribute
	if hadRandomness != (pcommon.Value{}) && hadRandomness.Type() == pcommon.ValueTypeStr {
		if n, ok := ParseRandomness(hadRandomness.Str()); ok {
			own, written = n, true
		}
	}
	if !written {
		if id := lr.TraceID(); !id.IsEmpty() {
			own = OfTrace(id)
		}
	}
	var came uint64
	readable := true
	if cameAs != (pcommon.Value{}) {
		came, readable = 0, false
		if cameAs.Type() == pcommon.ValueTypeStr {
			came, readable = ParseThreshold(cameAs.Str())
		}
	}
	weight, consistent := Outgoing(came, own, d)
	if !readable || !consistent {
		w.Inconsistent++
	}
	if cameAs == (pcommon.Value{}) {
		attrs.PutStr(ThresholdAttribute, w.text(weight.Threshold))
	} else if came != weight.Threshold || !readable {
		cameAs.SetStr(w.text(weight.Threshold))
	}
	// A record without a trace id gives a later sampler nothing to go by but the attribute.
	if weight.Randomness != own && (own != Unknown || weight.Threshold > 0 || d.Explicit) {
		attrs.PutStr(RandomnessAttribute, RandomnessText(weight.Randomness))
	} else if hadRandomness != (pcommon.Value{}) && !written {
		attrs.Remove(RandomnessAttribute)
	}
}

// text is ThresholdText, of which most are the last one again.
func (w *Writer) text(threshold uint64) string {
	if w.lastText == "" || w.lastThreshold != threshold {
		w.lastThreshold, w.lastText = threshold, ThresholdText(threshold)
	}
	return w.lastText
}
