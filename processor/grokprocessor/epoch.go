// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grokprocessor

import (
	"math"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// unitOf guesses the unit of a Unix time from its size: up to the year 5138 in seconds, and so on in thousands.
func unitOf(v float64) int64 {
	switch {
	case v < 1e11:
		return 1e9
	case v < 1e14:
		return 1e6
	case v < 1e17:
		return 1e3
	}
	return 1
}

// unit is the unit the configuration names, or a guess.
func (r *timestampReader) unit(v float64) int64 {
	for _, l := range r.layouts {
		if u, ok := epochUnits[l]; ok {
			return u
		}
	}
	return unitOf(v)
}

// minEpoch is the least number that is taken for a time when no unit is configured: the year 1973 in seconds. A counter
// or a duration that happens to be called time is not one.
const minEpoch = 1e8

func (r *timestampReader) epochInt(v int64) (int64, bool) {
	if v < 0 || len(r.layouts) == 0 && v < minEpoch {
		return 0, false
	}
	unit := r.unit(float64(v))
	if v >= year2262*1e9/unit {
		return 0, false
	}
	return v * unit, true
}

// epochFloat rounds to microseconds: a float64 holds no more of a time of our days.
func (r *timestampReader) epochFloat(v float64) (int64, bool) {
	if v < 0 || len(r.layouts) == 0 && v < minEpoch || math.IsNaN(v) {
		return 0, false
	}
	unit := r.unit(v)
	whole, frac := math.Modf(v)
	if whole >= float64(year2262*1e9/unit) {
		return 0, false
	}
	return int64(whole)*unit + int64(math.Round(frac*float64(unit)/1e3))*1e3, true
}

// epochText reads a decimal number exactly. unit 0 is a guess from the number's size.
func epochText(s string, unit int64) (int64, bool) {
	v, i := int64(0), 0
	for ; i < len(s) && isDigit(s[i]); i++ {
		if i == 18 && v > (math.MaxInt64-9)/10 || i > 18 {
			return 0, false
		}
		v = v*10 + int64(s[i]-'0')
	}
	if i == 0 {
		return 0, false
	}
	if unit == 0 {
		if v < minEpoch {
			return 0, false
		}
		unit = unitOf(float64(v))
	}
	if v > math.MaxInt64/unit {
		return 0, false
	}
	ns, scale := v*unit, unit
	if i < len(s) {
		if s[i] != '.' {
			return 0, false
		}
		for i++; i < len(s); i++ {
			if !isDigit(s[i]) {
				return 0, false
			}
			scale /= 10
			ns += int64(s[i]-'0') * scale
		}
	}
	return ns, ns >= 0 && ns < year2262*1e9
}

// epochMap reads seconds and nanoseconds that stand apart: log4j's instant and a timestamp of Protocol Buffers.
func epochMap(m pcommon.Map) (int64, bool) {
	for _, keys := range [][2]string{{"epochSecond", "nanoOfSecond"}, {"seconds", "nanos"}} {
		sec, ok := m.Get(keys[0])
		if !ok || sec.Type() != pcommon.ValueTypeInt {
			continue
		}
		nanos, ok := m.Get(keys[1])
		if !ok {
			return pack(sec.Int(), 0, sec.Int() >= minEpoch)
		}
		n := nanos.Int()
		return pack(sec.Int(), int(n), sec.Int() >= minEpoch && n >= 0 && n < 1e9)
	}
	return 0, false
}
