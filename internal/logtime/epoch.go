// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logtime

import "math"

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

// unitFor is the unit that the layouts name, or a guess.
func (r *Reader) unitFor(v float64) int64 {
	if r.unit > 0 {
		return r.unit
	}
	return unitOf(v)
}

// minEpoch is the least number that is taken for a time where no layout says the unit: the year 1973 in seconds. A counter
// or a duration that happens to be called time is not one.
const minEpoch = 1e8

// Int reads a whole number as Unix time: in the unit of the first layout that is one, or of the unit that its size suggests. Without
// layouts a number below 1e8 is not a time. ns and ok are those of Read.
func (r *Reader) Int(v int64) (ns int64, ok bool) {
	if v < 0 || len(r.layouts) == 0 && v < minEpoch {
		return 0, false
	}
	unit := r.unitFor(float64(v))
	if v >= year2262*1e9/unit {
		return 0, false
	}
	return v * unit, true
}

// Float is Int for a number with a fraction, rounded to microseconds: a float64 holds no more of a time of our days.
func (r *Reader) Float(v float64) (ns int64, ok bool) {
	if v < 0 || len(r.layouts) == 0 && v < minEpoch || math.IsNaN(v) {
		return 0, false
	}
	unit := r.unitFor(v)
	whole, frac := math.Modf(v)
	if whole >= float64(year2262*1e9/unit) {
		return 0, false
	}
	return int64(whole)*unit + int64(math.Round(frac*float64(unit)/1e3))*1e3, true
}

// epochTime is epochText for what needs no more to be a time.
func epochTime(s string, unit int64) (Time, bool) {
	ns, ok := epochText(s, unit)
	return Time{Nanos: ns, Year: true, Zone: true}, ok
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

// Unix is the time of seconds and nanoseconds that stand apart. ok is false for less than 1e8 seconds, for a second or more of nanoseconds,
// and for times from 2262 on.
func Unix(sec, nanos int64) (ns int64, ok bool) {
	return pack(sec, int(nanos), sec >= minEpoch && nanos >= 0 && nanos < 1e9)
}
