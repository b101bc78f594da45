// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redactprocessor

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/plog"
)

// Windows' bytes that were cut in the middle of a character, at either end, are read too.
func TestUTF16ThatWasCut(t *testing.T) {
	wide := ""
	for _, c := range "from bob@example.com now" {
		wide += string(c) + "\x00"
	}
	for _, text := range []string{wide, wide + "x", wide[1:], "\x01" + wide} {
		ld := plog.NewLogs()
		body := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Body()
		body.SetEmptyBytes().FromRaw([]byte(text))
		out := masked(t, defaults(), ld).ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Body().Bytes().AsRaw()
		assert.NotContains(t, string(out), "b\x00o\x00b\x00@", "%q", text)
		assert.Contains(t, string(out), "e\x00m\x00a\x00i\x00l\x00", "%q", text)
		assert.Equal(t, text[len(text)-3:], string(out[len(out)-3:]))
	}
}

// Other bytes may stand before, with a finding of their own, and be more than the UTF-16.
func TestUTF16BehindOtherText(t *testing.T) {
	var little, big string
	for _, c := range "from eve@example.com now" {
		little += string(c) + "\x00"
		big += "\x00" + string(c)
	}
	long := strings.Repeat("plain text, ", 20)
	for _, head := range []string{"of " + email + " ", "of " + email + ". ", long, long + "x", "to " + email + " " + long, long + "x " + email + " "} {
		for _, wide := range []string{little, big, little + "\x01", "\xff\xfe" + little} {
			ld := plog.NewLogs()
			body := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Body()
			body.SetEmptyBytes().FromRaw([]byte(head + wide))
			out := string(masked(t, defaults(), ld).ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Body().Bytes().AsRaw())
			assert.NotContains(t, out, email, "%q", head+wide)
			assert.NotContains(t, out, "e\x00v\x00e\x00@", "%q", head+wide)
			assert.True(t, strings.HasPrefix(out, strings.ReplaceAll(head, email, "[REDACTED:email]")), "%q", out)
			assert.Equal(t, wide[len(wide)-4:], out[len(out)-4:])
		}
	}
}
