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

// rename moves values under other names; names are pairs of the old and the new one. When a name is taken, a number is
// added, so that no value is lost. Thousands of keys may get the same mask: the numbers are not tried again for each.
func rename(m pcommon.Map, names []string) {
	if len(names) == 0 {
		return
	}
	used := map[string]int{} // new name -> number that was given last
	for i := 0; i < len(names); i += 2 {
		v, ok := m.Get(names[i])
		if !ok {
			continue
		}
		moved := pcommon.NewValueEmpty()
		v.MoveTo(moved)
		m.Remove(names[i])
		to := names[i+1]
		name, number := to, used[to]
		if number > 0 {
			number++
			name = to + "_" + strconv.Itoa(number)
		}
		for {
			if _, taken := m.Get(name); !taken {
				break
			}
			number = max(number, 1) + 1
			name = to + "_" + strconv.Itoa(number)
		}
		used[to] = max(number, 1)
		moved.MoveTo(m.PutEmpty(name))
	}
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
	s.RemoveIf(func(e pcommon.Value) (drop bool) {
		var effect redact.Effect
		if e.Type() == pcommon.ValueTypeSlice && isPair(e.Slice()) && w.sc.SensitiveKey(e.Slice().At(0).Str()) {
			effect = w.hide(e.Slice().At(1), depth+1)
		}
		effect |= w.value(e, depth)
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

// bytes looks at bytes as text, whatever they are: what is found in others than UTF-8 is masked as well.
func (w *walker) bytes(b pcommon.ByteSlice) redact.Effect {
	if b.Len() == 0 {
		return 0
	}
	text := w.textOf(b)
	out, effect := w.sc.Text(text)
	if effect == 0 {
		if narrow, wide := fromUTF16(text); narrow != "" {
			if out, effect = w.sc.Text(narrow); effect&redact.Changed != 0 {
				out = wide(out)
			}
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
