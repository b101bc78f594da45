// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package spikeguardprocessor

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"unicode/utf8"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// attributeTruncated is how many bytes were left out of a body.
const attributeTruncated = "logboom.spike_guard.truncated_bytes"

// truncate shortens the body of a record, and tells whether it was too long.
func (r *reader) truncate(lr plog.LogRecord) bool {
	left := r.truncateValue(lr.Body(), 0)
	if left == 0 {
		return false
	}
	if !r.dry {
		attrs := lr.Attributes()
		if v, ok := attrs.Get(attributeTruncated); ok && v.Type() == pcommon.ValueTypeInt {
			v.SetInt(v.Int() + left) // another guard shortened it before
		} else {
			attrs.PutInt(attributeTruncated, left)
		}
	}
	return true
}

// maxBodyDepth bounds how deep texts are looked for: deeper than anybody nests.
const maxBodyDepth = 64

// truncateValue shortens the texts of a value and returns how many bytes it left out.
func (r *reader) truncateValue(v pcommon.Value, depth int) (left int64) {
	switch v.Type() {
	case pcommon.ValueTypeStr:
		s := v.Str()
		if len(s) <= r.maxBodyBytes {
			return 0
		}
		short, n := shorten(s, r.maxBodyBytes)
		if !r.dry {
			v.SetStr(short)
		}
		return int64(n)
	case pcommon.ValueTypeMap:
		if depth < maxBodyDepth {
			for _, e := range v.Map().All() {
				left += r.truncateValue(e, depth+1)
			}
		}
	case pcommon.ValueTypeSlice:
		if depth < maxBodyDepth {
			for _, e := range v.Slice().All() {
				left += r.truncateValue(e, depth+1)
			}
		}
	}
	return left
}

// shorten keeps three quarters of what fits into most bytes from the head of a text, and a quarter from its tail. Between them it says
// how many bytes it left out, and the SHA-256 of the whole. It cuts no character in two.
func shorten(s string, most int) (short string, left int) {
	sum := sha256.Sum256([]byte(s))
	mark := func(left int) string {
		return "…[" + strconv.Itoa(left) + " bytes, sha256 " + hex.EncodeToString(sum[:]) + "]…"
	}
	keep := max(most-len(mark(len(s))), 0)
	head := keep / 4 * 3
	tail := len(s) - (keep - head)
	for back := 0; back < utf8.UTFMax-1 && head > 0 && !utf8.RuneStart(s[head]); back++ {
		head--
	}
	for forth := 0; forth < utf8.UTFMax-1 && tail < len(s) && !utf8.RuneStart(s[tail]); forth++ {
		tail++
	}
	left = tail - head
	return s[:head] + mark(left) + s[tail:], left
}
