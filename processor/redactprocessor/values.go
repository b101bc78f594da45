// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redactprocessor

import (
	"slices"
	"strconv"
	"unsafe"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/logboom/logboom/internal/redact"
)

const (
	// maxDepth is how deep maps and slices may be nested; what lies deeper is masked unread.
	maxDepth = 64
	// maxKeptBuffer is what a walker keeps of a buffer between two values.
	maxKeptBuffer = 1 << 20
)

// attributes masks the values of a map, by what they hold and by the names they stand under, and the names themselves.
// An entry whose name or value has a finding with the action drop_attribute is removed.
func (w *walker) attributes(m pcommon.Map, depth int) {
	name, paired := pairName(m)
	var named redact.KeyInfo
	if paired {
		named = w.sc.NameInfo(name)
	}
	var renamed []string
	m.RemoveIf(func(key string, v pcommon.Value) (drop bool) {
		masked, effect, info := w.sc.Key(key)
		w.note(effect)
		switch {
		case info.Sensitive(), paired && named.Sensitive() && isPairValue(key):
			effect |= w.hide(v, depth)
		case v.Type() == pcommon.ValueTypeStr:
			out, of := w.sc.Value(info, v.Str())
			if of == 0 && paired && isPairValue(key) {
				out, of = w.sc.Value(named, v.Str())
			}
			w.note(of)
			if effect |= of; of&redact.Changed != 0 && !w.dryRun {
				v.SetStr(out)
			}
		case info.Speaks() && isNumber(v):
			effect |= w.numberUnder(info, v)
		case paired && named.Speaks() && isNumber(v) && isPairValue(key):
			effect |= w.numberUnder(named, v)
		case v.Type() == pcommon.ValueTypeSlice && isHeaderName(key) && isFlatPairs(v.Slice()):
			effect |= w.flatPairs(v.Slice())
		default:
			effect |= w.value(v, depth)
		}
		if w.dryRun {
			return false
		}
		if effect&redact.DropsAttribute != 0 {
			return true
		}
		if masked != key {
			renamed = append(renamed, key, masked)
		}
		return false
	})
	rename(m, renamed)
}

// value masks a value in place, at any depth, and returns the effect of the value itself: what maps and slices hold has
// its effect within them.
func (w *walker) value(v pcommon.Value, depth int) (own redact.Effect) {
	switch v.Type() {
	case pcommon.ValueTypeStr:
		out, effect := w.sc.Text(v.Str())
		w.note(effect)
		if effect&redact.Changed != 0 && !w.dryRun {
			v.SetStr(out)
		}
		return effect
	case pcommon.ValueTypeInt:
		return w.number(v, v.Int())
	case pcommon.ValueTypeDouble:
		if f := v.Double(); f >= 1e12 && f < 1<<63 && f == float64(int64(f)) {
			return w.number(v, int64(f))
		}
	case pcommon.ValueTypeBytes:
		return w.bytes(v.Bytes())
	case pcommon.ValueTypeMap:
		if depth >= maxDepth {
			w.tooDeep(v)
			return 0
		}
		w.attributes(v.Map(), depth+1)
	case pcommon.ValueTypeSlice:
		if depth >= maxDepth {
			w.tooDeep(v)
			return 0
		}
		w.slice(v.Slice(), depth+1)
	}
	return 0
}

// slice masks the elements, and removes those with a finding whose action says so.
func (w *walker) slice(s pcommon.Slice, depth int) {
	args := arguments{on: hasOption(s)}
	w.line = w.line[:0]
	s.RemoveIf(func(e pcommon.Value) (drop bool) {
		var effect redact.Effect
		if args.on && e.Type() == pcommon.ValueTypeStr {
			return w.argument(e, &args, depth)
		}
		if e.Type() == pcommon.ValueTypeSlice && isPair(e.Slice()) && w.sc.SensitiveKey(e.Slice().At(0).Str()) {
			effect = w.hide(e.Slice().At(1), depth+1)
		}
		if args.hides && isNumber(e) {
			w.hide(e, depth)
		} else {
			effect |= w.value(e, depth)
		}
		w.line = w.line[:0] // of this list again
		args = arguments{on: args.on}
		return effect&redact.DropsAttribute != 0 && !w.dryRun
	})
}

// number looks at an integer as text.
func (w *walker) number(v pcommon.Value, n int64) redact.Effect {
	out, effect := w.sc.Number(n)
	if w.note(effect); effect&redact.Changed != 0 && !w.dryRun {
		v.SetStr(out)
	}
	return effect
}

func isNumber(v pcommon.Value) bool {
	return v.Type() == pcommon.ValueTypeInt || v.Type() == pcommon.ValueTypeDouble
}

// numberUnder looks at a number below a key that holds a word some detector looks for before one.
func (w *walker) numberUnder(info redact.KeyInfo, v pcommon.Value) redact.Effect {
	n := v.Int()
	if v.Type() == pcommon.ValueTypeDouble {
		f := v.Double()
		if f < 0 || f >= 1<<63 || f != float64(int64(f)) {
			return 0
		}
		n = int64(f)
	}
	if n < 0 {
		return 0
	}
	out, effect := w.sc.Value(info, strconv.FormatInt(n, 10))
	if w.note(effect); effect&redact.Changed != 0 && !w.dryRun {
		v.SetStr(out)
	}
	return effect
}

// bytes looks at bytes as text, whatever they are: what is found in others than UTF-8 is masked as well.
func (w *walker) bytes(b pcommon.ByteSlice) redact.Effect {
	if b.Len() == 0 {
		return 0
	}
	text := w.textOf(b)
	out, effect := w.sc.Text(text)
	var tried utf16Starts
	for tried.next(out) {
		narrow, wide := fromUTF16(out, tried.start)
		if narrow == "" {
			continue
		}
		tried.read = true
		masked, of := w.sc.Text(narrow)
		if effect |= of; of&redact.Changed != 0 {
			out = wide(masked)
		}
	}
	if w.note(effect); effect&redact.Changed != 0 && !w.dryRun {
		b.FromRaw([]byte(out))
	}
	return effect
}

// textOf returns the bytes as a text that lives until the next call.
func (w *walker) textOf(b pcommon.ByteSlice) string {
	if cap(w.buf) > maxKeptBuffer {
		w.buf = nil
	}
	n := b.Len()
	w.buf = slices.Grow(w.buf[:0], n)[:n]
	for i := range w.buf {
		w.buf[i] = b.At(i)
	}
	return unsafe.String(unsafe.SliceData(w.buf), n)
}

// hide masks every text and number under a name that says what it is, and returns the effect of all of them together.
func (w *walker) hide(v pcommon.Value, depth int) (effect redact.Effect) {
	var text string
	switch v.Type() {
	case pcommon.ValueTypeStr:
		text = v.Str()
	case pcommon.ValueTypeInt, pcommon.ValueTypeDouble:
		text = v.AsString()
	case pcommon.ValueTypeBytes:
		text = w.textOf(v.Bytes())
	case pcommon.ValueTypeSlice:
		if depth >= maxDepth {
			w.tooDeep(v)
			return 0
		}
		for _, e := range v.Slice().All() {
			effect |= w.hide(e, depth+1)
		}
		return effect
	case pcommon.ValueTypeMap:
		if depth >= maxDepth {
			w.tooDeep(v)
			return 0
		}
		return w.hideMap(v.Map(), depth+1)
	default:
		return 0
	}
	out, effect := w.sc.Hide(text)
	if effect == 0 { // a word that stands for nothing, or a text that is allowed, or masked before
		return w.value(v, depth)
	}
	if effect&redact.Tagged != 0 { // its text may hold more, of another detector
		effect |= w.value(v, depth)
	}
	if w.note(effect); effect&redact.Changed == 0 || w.dryRun || out == text {
		return effect
	}
	if v.Type() == pcommon.ValueTypeBytes {
		v.Bytes().FromRaw([]byte(out))
	} else {
		v.SetStr(out)
	}
	return effect
}

func (w *walker) hideMap(m pcommon.Map, depth int) (effect redact.Effect) {
	var renamed []string
	for key, v := range m.All() {
		masked, of, _ := w.sc.Key(key)
		w.note(of)
		if effect |= of | w.hide(v, depth); masked != key && !w.dryRun {
			renamed = append(renamed, key, masked)
		}
	}
	rename(m, renamed)
	return effect
}

func (w *walker) tooDeep(v pcommon.Value) {
	out := w.sc.TooDeep()
	if !w.dryRun {
		v.SetStr(out)
	}
}
