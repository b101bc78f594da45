// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package requestsamplingprocessor

import (
	"math/bits"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/sampling"

	"github.com/logboom/logboom/internal/tailsample"
)

// Attributes of log records that say how they were sampled: hexadecimal, as contrib's probabilistic_sampler writes them.
const (
	thresholdAttribute  = "sampling.threshold"
	randomnessAttribute = "sampling.randomness"
)

// weight is how a record was sampled: the threshold, and the randomness that reached it.
type weight struct{ threshold, randomness uint64 }

// outgoing combines the threshold that a record came with (0 is none) with the decision about its request. own is the randomness
// that was compared with it, or NoRandomness if the record does not tell. A threshold above it cannot be, and is ignored.
//
// Where both samplers used one randomness, whoever passes the greater threshold passes the other. Where they used two, both had to
// be passed, so that shares multiply; the randomness is then stretched over what the new threshold leaves.
func outgoing(came, own uint64, d tailsample.Decision) (w weight, consistent bool) {
	const all = tailsample.NeverThreshold
	d.Threshold = min(d.Threshold, all-1) // what is kept was not kept at NeverThreshold
	d.Randomness = min(max(d.Randomness, d.Threshold), all-1)
	known := own != tailsample.NoRandomness
	consistent = !known || came <= own
	if !consistent {
		came = 0
	}
	switch {
	case came == 0 || known && own == d.Randomness:
		w = weight{max(came, d.Threshold), d.Randomness}
	case known && d.Threshold == 0:
		w = weight{came, own}
	default:
		left := max(mulDiv(all-came, all-d.Threshold, all), 1)
		w.threshold = all - left
		w.randomness = w.threshold + mulDiv(d.Randomness-d.Threshold, left, all-d.Threshold)
	}
	if w.threshold == 0 && known && !d.Explicit {
		w.randomness = own // nobody asked for another: leave it as it is
	}
	return w, consistent
}

// mulDiv is a*b/c, of which a*b may have 128 bits and the result must have 64.
func mulDiv(a, b, c uint64) uint64 {
	high, low := bits.Mul64(a, b)
	q, _ := bits.Div64(high, low, c)
	return q
}

// writer writes weights, and policies' names where they are asked for. It remembers what it wrote last: each goroutine has its own.
type writer struct {
	policies        []string // by index; the last is that of records without a key
	policyAttribute string
	inconsistent    int64 // thresholds that were ignored since this was set to 0

	lastThreshold uint64
	lastText      string
	lastState     stateChange
}

// stateChange is a tracestate that was rewritten.
type stateChange struct {
	from, to     string
	randomness   uint64 // of the trace id
	decision     tailsample.Decision
	inconsistent bool
}

// explicit tells whether a decision's randomness is written even where nothing was sampled. A record without a key shares it with no other.
func (w *writer) explicit(d tailsample.Decision) bool {
	return d.Explicit && int(d.Policy) < len(w.policies)-1
}

// log writes how a record was sampled into its attributes.
func (w *writer) log(lr plog.LogRecord, d tailsample.Decision) {
	d.Explicit = w.explicit(d)
	attrs := lr.Attributes()
	var cameAs, hadRandomness pcommon.Value
	for name, v := range attrs.All() {
		if len(name) == len(thresholdAttribute) && name == thresholdAttribute {
			cameAs = v
		} else if len(name) == len(randomnessAttribute) && name == randomnessAttribute {
			hadRandomness = v
		}
	}
	own := tailsample.NoRandomness
	written := false // whether the record's randomness stands in an attribute
	if hadRandomness != (pcommon.Value{}) && hadRandomness.Type() == pcommon.ValueTypeStr {
		if n, ok := parseRandomness(hadRandomness.Str()); ok {
			own, written = n, true
		}
	}
	if !written {
		if id := lr.TraceID(); !id.IsEmpty() {
			own = traceRandomness(id)
		}
	}
	var came uint64
	readable := true
	if cameAs != (pcommon.Value{}) {
		came, readable = 0, false
		if cameAs.Type() == pcommon.ValueTypeStr {
			came, readable = parseThreshold(cameAs.Str())
		}
	}
	weight, consistent := outgoing(came, own, d)
	if !readable || !consistent {
		w.inconsistent++
	}
	if cameAs == (pcommon.Value{}) {
		attrs.PutStr(thresholdAttribute, w.threshold(weight.threshold))
	} else if came != weight.threshold || !readable {
		cameAs.SetStr(w.threshold(weight.threshold))
	}
	// A record without a trace id gives a later sampler nothing to go by but the attribute.
	if weight.randomness != own && (own != tailsample.NoRandomness || weight.threshold > 0 || d.Explicit) {
		attrs.PutStr(randomnessAttribute, randomnessText(weight.randomness))
	} else if hadRandomness != (pcommon.Value{}) && !written {
		attrs.Remove(randomnessAttribute)
	}
	if w.policyAttribute != "" {
		attrs.PutStr(w.policyAttribute, w.policies[d.Policy])
	}
}

// span writes how a span was sampled into its tracestate.
func (w *writer) span(span ptrace.Span, d tailsample.Decision) {
	d.Explicit = w.explicit(d)
	from := span.TraceState().AsRaw()
	randomness := traceRandomness(span.TraceID())
	last := &w.lastState
	if last.to == "" || last.from != from || last.randomness != randomness || last.decision != d {
		*last = stateChange{from: from, randomness: randomness, decision: d}
		last.to, last.inconsistent = rewriteState(from, randomness, d)
	}
	if last.inconsistent {
		w.inconsistent++
	}
	if last.to != from {
		span.TraceState().FromRaw(last.to)
	}
	if w.policyAttribute != "" {
		span.Attributes().PutStr(w.policyAttribute, w.policies[d.Policy])
	}
}

// threshold is the text of a threshold, without zeros at its end; "0" is the threshold of those that are all kept.
func (w *writer) threshold(threshold uint64) string {
	if w.lastText == "" || w.lastThreshold != threshold {
		w.lastThreshold, w.lastText = threshold, thresholdText(threshold)
	}
	return w.lastText
}

func thresholdText(threshold uint64) string {
	t, err := sampling.UnsignedToThreshold(threshold)
	if err != nil { // the engine keeps nothing at NeverThreshold
		return ""
	}
	return t.TValue()
}

func randomnessText(randomness uint64) string {
	r, err := sampling.UnsignedToRandomness(randomness)
	if err != nil {
		return ""
	}
	return r.RValue()
}

// parseThreshold reads what contrib's TValueToThreshold reads, and allocates nothing.
func parseThreshold(s string) (uint64, bool) {
	if s == "" || len(s) > sampling.NumHexDigits {
		return 0, false
	}
	n, ok := parseHex(s)
	return n << (4 * (sampling.NumHexDigits - len(s))), ok
}

// parseRandomness reads what contrib's RValueToRandomness reads, and allocates nothing.
func parseRandomness(s string) (uint64, bool) {
	if len(s) != sampling.NumHexDigits {
		return 0, false
	}
	return parseHex(s)
}

func parseHex(s string) (n uint64, ok bool) {
	for i := range len(s) {
		c := s[i]
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		n = n<<4 | uint64(c)
	}
	return n, true
}
