// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package requestsamplingprocessor

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/sampling"

	"github.com/logboom/logboom/internal/tailsample"
)

const (
	halfOfAll  = uint64(1) << 55
	highRandom = uint64(0xe0000000000000) // passes all thresholds up to 7/8
)

// keptAt is a decision by the trace id that ends in highRandom.
func keptAt(threshold uint64) tailsample.Decision {
	return tailsample.Decision{Threshold: threshold, Randomness: highRandom}
}

var highTrace = pcommon.TraceID{1, 2, 3, 4, 5, 6, 7, 8, 0xff, 0xe0} // the first byte of the lower half does not count

func TestLogThreshold(t *testing.T) {
	for name, c := range map[string]struct {
		id           pcommon.TraceID
		attrs        map[string]any
		decision     tailsample.Decision
		want         map[string]any
		inconsistent int64
	}{
		"all":           {id: highTrace, decision: keptAt(0), want: map[string]any{"sampling.threshold": "0"}},
		"half":          {id: highTrace, decision: keptAt(halfOfAll), want: map[string]any{"sampling.threshold": "8"}},
		"1 in 20":       {id: highTrace, decision: tailsample.Decision{Threshold: 0xf3333000000000, Randomness: 0xf4000000000000}, want: map[string]any{"sampling.threshold": "f3333", "sampling.randomness": "f4000000000000"}},
		"no key":        {decision: keptAt(0), want: map[string]any{"sampling.threshold": "0"}},
		"no trace":      {decision: keptAt(halfOfAll), want: map[string]any{"sampling.threshold": "8", "sampling.randomness": "e0000000000000"}},
		"explicit":      {id: highTrace, decision: tailsample.Decision{Threshold: halfOfAll, Randomness: 0x90000000000000, Explicit: true}, want: map[string]any{"sampling.threshold": "8", "sampling.randomness": "90000000000000"}},
		"explicit, all": {decision: tailsample.Decision{Randomness: 0x90000000000000, Explicit: true}, want: map[string]any{"sampling.threshold": "0", "sampling.randomness": "90000000000000"}},
		"as it came": {
			id: highTrace, attrs: map[string]any{"sampling.threshold": "8", "sampling.randomness": "e0000000000000"}, decision: keptAt(halfOfAll),
			want: map[string]any{"sampling.threshold": "8", "sampling.randomness": "e0000000000000"},
		},
		"sampled more before": {id: highTrace, attrs: map[string]any{"sampling.threshold": "c"}, decision: keptAt(halfOfAll), want: map[string]any{"sampling.threshold": "c"}},
		"sampled less before": {id: highTrace, attrs: map[string]any{"sampling.threshold": "4"}, decision: keptAt(halfOfAll), want: map[string]any{"sampling.threshold": "8"}},
		"sampled before, all kept": {
			attrs: map[string]any{"sampling.threshold": "4", "sampling.randomness": "50000000000000"}, decision: keptAt(0),
			want: map[string]any{"sampling.threshold": "4", "sampling.randomness": "50000000000000"},
		},
		"inconsistent": {id: highTrace, attrs: map[string]any{"sampling.threshold": "f"}, decision: keptAt(halfOfAll), want: map[string]any{"sampling.threshold": "8"}, inconsistent: 1},
		"inconsistent with its attribute": {
			id: highTrace, attrs: map[string]any{"sampling.threshold": "8", "sampling.randomness": "10000000000000"},
			decision: tailsample.Decision{Randomness: 0x10000000000000, Explicit: true},
			want:     map[string]any{"sampling.threshold": "0", "sampling.randomness": "10000000000000"}, inconsistent: 1,
		},
		"not hexadecimal": {id: highTrace, attrs: map[string]any{"sampling.threshold": "0x8"}, decision: keptAt(halfOfAll), want: map[string]any{"sampling.threshold": "8"}, inconsistent: 1},
		"empty":           {id: highTrace, attrs: map[string]any{"sampling.threshold": ""}, decision: keptAt(0), want: map[string]any{"sampling.threshold": "0"}, inconsistent: 1},
		"too long":        {id: highTrace, attrs: map[string]any{"sampling.threshold": "800000000000000"}, decision: keptAt(0), want: map[string]any{"sampling.threshold": "0"}, inconsistent: 1},
		"no text":         {id: highTrace, attrs: map[string]any{"sampling.threshold": int64(8)}, decision: keptAt(halfOfAll), want: map[string]any{"sampling.threshold": "8"}, inconsistent: 1},
		"randomness that is none": {
			id: highTrace, attrs: map[string]any{"sampling.randomness": "e"}, decision: keptAt(halfOfAll), want: map[string]any{"sampling.threshold": "8"},
		},
		// Half of all by one randomness, half of those by another: a quarter. The randomness 6/8, halfway between the threshold
		// of the decision and the end, is halfway between the new threshold and the end.
		"two randomnesses": {
			attrs:    map[string]any{"sampling.threshold": "8", "sampling.randomness": "90000000000000"},
			decision: tailsample.Decision{Threshold: halfOfAll, Randomness: 0xc0000000000000, Explicit: true},
			want:     map[string]any{"sampling.threshold": "c", "sampling.randomness": "e0000000000000"},
		},
		"by unknown randomness before": {
			attrs: map[string]any{"sampling.threshold": "8"}, decision: tailsample.Decision{Threshold: halfOfAll, Randomness: 0xc0000000000000},
			want: map[string]any{"sampling.threshold": "c", "sampling.randomness": "e0000000000000"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			lr := plog.NewLogRecord()
			lr.SetTraceID(c.id)
			require.NoError(t, lr.Attributes().FromRaw(c.attrs))
			lr.Attributes().PutStr("other", "stays")
			c.want["other"] = "stays"
			w := writer{policies: []string{"p", keylessPolicy}}
			w.log(lr, c.decision)
			assert.Equal(t, c.want, lr.Attributes().AsRaw())
			assert.Equal(t, c.inconsistent, w.weights.Inconsistent)
			w.log(lr, c.decision)
			if name != "two randomnesses" && !strings.Contains(name, "unknown") {
				assert.Equal(t, c.want, lr.Attributes().AsRaw(), "again")
			}
		})
	}
}

func TestSpanThreshold(t *testing.T) {
	for name, c := range map[string]struct {
		state        string
		decision     tailsample.Decision
		want         string
		inconsistent int64
	}{
		"all":                       {"", keptAt(0), "ot=th:0", 0},
		"half":                      {"", keptAt(halfOfAll), "ot=th:8", 0},
		"explicit":                  {"", tailsample.Decision{Threshold: halfOfAll, Randomness: 0x90000000000000, Explicit: true}, "ot=rv:90000000000000;th:8", 0},
		"others":                    {"a=b,c@d=e", keptAt(halfOfAll), "ot=th:8,a=b,c@d=e", 0},
		"others and ours":           {"a=b,ot=x:y;th:4,c=d", keptAt(halfOfAll), "ot=th:8;x:y,a=b,c=d", 0},
		"as it came":                {"ot=th:8", keptAt(halfOfAll), "ot=th:8", 0},
		"sampled more before":       {"ot=th:c", keptAt(halfOfAll), "ot=th:c", 0},
		"with randomness":           {"ot=rv:e0000000000000", keptAt(halfOfAll), "ot=rv:e0000000000000;th:8", 0},
		"with other randomness":     {"ot=rv:90000000000000;th:8", tailsample.Decision{Randomness: 0x90000000000000, Explicit: true}, "ot=rv:90000000000000;th:8", 0},
		"with randomness, all kept": {"ot=rv:90000000000000;th:8", keptAt(0), "ot=rv:90000000000000;th:8", 0},
		"two randomnesses":          {"ot=rv:90000000000000;th:8", tailsample.Decision{Threshold: halfOfAll, Randomness: 0xc0000000000000}, "ot=rv:e0000000000000;th:c", 0},
		"inconsistent":              {"ot=th:f", keptAt(halfOfAll), "ot=th:8", 1},
		"inconsistent, all kept":    {"ot=th:f", keptAt(0), "ot=th:0", 1},
		"inconsistent with rv":      {"ot=th:8;rv:10000000000000", tailsample.Decision{Randomness: 0x10000000000000, Explicit: true}, "ot=rv:10000000000000;th:0", 1},
		"bad threshold":             {"ot=th:xyz;a:b,c=d", keptAt(halfOfAll), "ot=th:8;a:b,c=d", 1},
		"bad randomness":            {"ot=rv:1,c=d", keptAt(halfOfAll), "ot=th:8,c=d", 1},
		"malformed":                 {"no tracestate", keptAt(halfOfAll), "ot=th:8", 1},
		"malformed ours":            {"ot=;;,c=d", keptAt(halfOfAll), "ot=th:8,c=d", 1},
		"too long":                  {"a=" + strings.Repeat("x", 2000), keptAt(halfOfAll), "ot=th:8", 1},
	} {
		t.Run(name, func(t *testing.T) {
			w := writer{policies: []string{"p", keylessPolicy}, policyAttribute: "policy"}
			for range 2 { // the second is remembered
				s := ptrace.NewSpan()
				s.SetTraceID(highTrace)
				s.TraceState().FromRaw(c.state)
				w.span(s, c.decision)
				assert.Equal(t, c.want, s.TraceState().AsRaw())
				assert.Equal(t, c.inconsistent, w.inconsistent)
				w.inconsistent = 0
				assert.Equal(t, map[string]any{"policy": "p"}, s.Attributes().AsRaw())
			}
		})
	}
}

// TestLongTraceStateStaysReadable: what is added must not make a tracestate too long for the next sampler, which would discard it.
func TestLongTraceStateStaysReadable(t *testing.T) {
	for _, state := range []string{
		"a=" + strings.Repeat("x", 256) + ",b=" + strings.Repeat("x", 256) + ",c=" + strings.Repeat("x", 256) + ",d=" + strings.Repeat("x", 240),
		strings.Repeat("a=b,", 30) + "a=b",
		"ot=x:" + strings.Repeat("y", 250),
	} {
		_, err := sampling.NewW3CTraceState(state)
		require.NoError(t, err)
		got, inconsistent := rewriteState(state, highRandom, keptAt(0xf3333000000000-1<<55))
		assert.False(t, inconsistent)
		parsed, err := sampling.NewW3CTraceState(got)
		require.NoError(t, err)
		th, ok := parsed.OTelValue().TValueThreshold()
		assert.True(t, ok)
		assert.Equal(t, uint64(0xf3333000000000-1<<55), th.Unsigned())
	}
}

// TestPolicyAttribute: the policy's name is written where it is asked for; randomness is not, for a record without a key that is not sampled.
func TestPolicyAttribute(t *testing.T) {
	lr := plog.NewLogRecord()
	w := writer{policies: []string{"errors", "keyless"}, policyAttribute: "sampling.policy"}
	w.log(lr, tailsample.Decision{Policy: 1, Randomness: 7, Explicit: true})
	assert.Equal(t, map[string]any{"sampling.threshold": "0", "sampling.policy": "keyless"}, lr.Attributes().AsRaw())
}
