// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package weight writes how a record was sampled, for every component that drops some and lets the others stand for them.
//
// A record that passed carries a threshold and, where it does not follow from the trace id, the randomness that reached it: numbers of
// 56 bits, as in OpenTelemetry's consistent probability sampling
// (https://opentelemetry.io/docs/specs/otel/trace/tracestate-probability-sampling/). It stands for 1 / (1 - threshold / [All])
// records. Log records have both in attributes, as contrib's probabilistic_sampler writes them.
package weight // import "github.com/logboom/logboom/internal/weight"

import (
	"encoding/binary"
	"math/bits"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/sampling"
)

// Attributes of log records that say how they were sampled, in hexadecimal.
const (
	ThresholdAttribute  = "sampling.threshold"
	RandomnessAttribute = "sampling.randomness"
)

const (
	// All is the number of different randomnesses; a threshold of All would keep nothing.
	All = uint64(1) << 56
	// Unknown stands for the randomness of a record that does not tell.
	Unknown = ^uint64(0)
)

// Weight is how a record was sampled: the threshold, and the randomness that reached it.
type Weight struct{ Threshold, Randomness uint64 }

// Decision is what a sampler did with a record that it kept. Explicit asks for the randomness to be written even where nothing was
// sampled.
//
// Given is not 0 if whoever brought Randomness had passed that threshold with it before: then the randomness is one of those that
// are not less, and a record that was not sampled by it was kept with the share (1 - Threshold) / (1 - Given).
type Decision struct {
	Threshold, Randomness, Given uint64
	Explicit                     bool
}

// Outgoing combines the threshold that a record came with (0 is none) with a decision. own is the randomness that was compared with
// it, or Unknown. A threshold above it cannot be, and is ignored.
//
// Where both samplers used one randomness, whoever passes the greater threshold passes the other. Where they used two, both had to
// be passed, so that shares multiply; the randomness is then stretched over what the new threshold leaves.
func Outgoing(came, own uint64, d Decision) (w Weight, consistent bool) {
	d.Threshold = min(d.Threshold, All-1) // what is kept was not kept at All
	d.Randomness = min(max(d.Randomness, d.Threshold), All-1)
	known := own != Unknown
	if d.Given > 0 && own != d.Randomness {
		d = d.given()
	}
	consistent = !known || came <= own
	if !consistent {
		came = 0
	}
	switch {
	case came == 0 || known && own == d.Randomness:
		w = Weight{max(came, d.Threshold), d.Randomness}
	case known && d.Threshold == 0:
		w = Weight{came, own}
	default:
		left := max(mulDiv(All-came, All-d.Threshold, All), 1)
		w.Threshold = All - left
		w.Randomness = w.Threshold + mulDiv(d.Randomness-d.Threshold, left, All-d.Threshold)
	}
	if w.Threshold == 0 && known && !d.Explicit {
		w.Randomness = own // nobody asked for another: leave it as it is
	}
	return w, consistent
}

// given is the decision for records that were not sampled by its randomness before: what lies above Given is stretched over all.
func (d Decision) given() Decision {
	given := min(d.Given, d.Randomness)
	stretch := func(v uint64) uint64 { return mulDiv(max(v, given)-given, All, All-given) }
	d.Threshold, d.Randomness, d.Given = stretch(d.Threshold), stretch(d.Randomness), 0
	return d
}

// mulDiv is a*b/c, of which a*b may have 128 bits and the result must have 64.
func mulDiv(a, b, c uint64) uint64 {
	high, low := bits.Mul64(a, b)
	q, _ := bits.Div64(high, low, c)
	return q
}

// OfTrace is the randomness of a trace id, its lower 56 bits, as the W3C's trace context, level 2, has it.
func OfTrace(id pcommon.TraceID) uint64 { return binary.BigEndian.Uint64(id[8:]) & (All - 1) }

// ThresholdText is a threshold in hexadecimal, without zeros at its end; "0" is the threshold of those that are all kept.
func ThresholdText(threshold uint64) string {
	t, err := sampling.UnsignedToThreshold(threshold)
	if err != nil { // nothing is kept at All
		return ""
	}
	return t.TValue()
}

// RandomnessText is a randomness in hexadecimal.
func RandomnessText(randomness uint64) string {
	r, err := sampling.UnsignedToRandomness(randomness)
	if err != nil {
		return ""
	}
	return r.RValue()
}

// ParseThreshold reads what contrib's TValueToThreshold reads, and allocates nothing.
func ParseThreshold(s string) (uint64, bool) {
	if s == "" || len(s) > sampling.NumHexDigits {
		return 0, false
	}
	n, ok := parseHex(s)
	return n << (4 * (sampling.NumHexDigits - len(s))), ok
}

// ParseRandomness reads what contrib's RValueToRandomness reads, and allocates nothing.
func ParseRandomness(s string) (uint64, bool) {
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
