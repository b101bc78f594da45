// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package requestsamplingprocessor

import (
	"strings"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/sampling"

	"github.com/logboom/logboom/internal/tailsample"
	"github.com/logboom/logboom/internal/weight"
)

// What contrib's parser reads: this many bytes, and ours beside at most this many members. Where ours makes it too much, it takes
// the place of the others.
const (
	maxTraceStateBytes   = 1024
	maxTraceStateMembers = 30
)

// stateRandomness returns the rv of OpenTelemetry's member of a tracestate, and its th, 0 without one. It allocates nothing, and does not mind what else is in it.
func stateRandomness(state string) (randomness, threshold uint64, ok bool) {
	for state != "" {
		var member string
		member, state, _ = strings.Cut(state, ",")
		member = strings.Trim(member, " \t")
		fields, found := strings.CutPrefix(member, "ot=")
		if !found {
			continue
		}
		for fields != "" {
			var field string
			field, fields, _ = strings.Cut(fields, ";")
			if value, found := strings.CutPrefix(field, "rv:"); found {
				if randomness, ok = weight.ParseRandomness(value); !ok {
					return 0, 0, false
				}
			} else if value, found := strings.CutPrefix(field, "th:"); found {
				threshold, _ = weight.ParseThreshold(value) // 0 if it cannot be read
			}
		}
		return randomness, threshold, ok
	}
	return 0, 0, false
}

// rewriteState returns the tracestate of a span that is kept. ofTrace is the randomness of its trace id. inconsistent tells that a
// threshold was ignored. A tracestate that cannot be parsed is replaced, as the W3C asks for: what can be read of it stays.
func rewriteState(state string, ofTrace uint64, d tailsample.Decision) (rewritten string, inconsistent bool) {
	if came, own, ok := parseSimple(state); ok {
		written := own != tailsample.NoRandomness
		if !written {
			own = ofTrace
		}
		w, consistent := weight.Outgoing(came, own, decided(d))
		return simpleState(w, w.Randomness != ofTrace || written), !consistent
	}
	return rewriteAny(state, ofTrace, d)
}

// parseSimple reads a tracestate that is empty or holds OpenTelemetry's member alone, and in it nothing but a threshold (0 if there is
// none) and randomness (NoRandomness if there is none): what samplers write, many times quicker than what others may have written.
func parseSimple(state string) (came, own uint64, ok bool) {
	own = tailsample.NoRandomness
	if state == "" {
		return 0, own, true
	}
	fields, ok := strings.CutPrefix(state, "ot=")
	if !ok || len(fields) > len("rv:0123456789abcd;th:0123456789abcd") {
		return 0, 0, false
	}
	hasThreshold := false
	for more := true; more; {
		var field string
		field, fields, more = strings.Cut(fields, ";")
		value, isThreshold := strings.CutPrefix(field, "th:")
		switch {
		case isThreshold && !hasThreshold:
			came, ok = weight.ParseThreshold(value)
			hasThreshold = true
		case own == tailsample.NoRandomness:
			value, ok = strings.CutPrefix(field, "rv:")
			if ok {
				own, ok = weight.ParseRandomness(value)
			}
		default:
			ok = false
		}
		if !ok {
			return 0, 0, false
		}
	}
	return came, own, true
}

// rewriteAny is rewriteState for any tracestate.
func rewriteAny(state string, ofTrace uint64, d tailsample.Decision) (rewritten string, inconsistent bool) {
	parsed, err := sampling.NewW3CTraceState(state)
	ot := parsed.OTelValue()
	own, written := ofTrace, false
	if r, ok := ot.RValueRandomness(); ok {
		own, written = r.Unsigned(), true
	}
	var came uint64
	if t, ok := ot.TValueThreshold(); ok {
		came = t.Unsigned()
	}
	w, consistent := weight.Outgoing(came, own, decided(d))
	ot.ClearTValue()
	if t, errT := sampling.UnsignedToThreshold(w.Threshold); errT == nil {
		_ = ot.UpdateTValueWithSampling(t) // errs only if there is a value
	}
	if w.Randomness != ofTrace || written {
		if r, errR := sampling.UnsignedToRandomness(w.Randomness); errR == nil {
			ot.SetRValue(r)
		}
	}
	var out strings.Builder
	_ = parsed.Serialize(&out) // a strings.Builder does not fail
	rewritten = out.String()
	full := len(ot.ExtraValues()) > 0 || len(parsed.ExtraValues()) >= maxTraceStateMembers
	if len(rewritten) > maxTraceStateBytes || full && !readable(rewritten) {
		return simpleState(w, w.Randomness != ofTrace || written), !consistent || err != nil
	}
	return rewritten, !consistent || err != nil
}

// simpleState is a tracestate with OpenTelemetry's member alone.
func simpleState(w weight.Weight, withRandomness bool) string {
	if withRandomness {
		return "ot=rv:" + weight.RandomnessText(w.Randomness) + ";th:" + weight.ThresholdText(w.Threshold)
	}
	return "ot=th:" + weight.ThresholdText(w.Threshold)
}

// readable tells whether the next sampler can read it: what others wrote leaves room for what was added.
func readable(state string) bool {
	_, err := sampling.NewW3CTraceState(state)
	return err == nil
}
