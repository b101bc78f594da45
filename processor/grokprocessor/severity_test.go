// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grokprocessor

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
)

func TestSeverity(t *testing.T) {
	read := func(name string, v any, mapping map[string]string) (string, plog.SeverityNumber) {
		t.Helper()
		r, err := newSeverityReader(&SeverityConfig{Mapping: mapping})
		require.NoError(t, err)
		text, n, ok := r.readAs(fmt.Sprint(v), numberingOf(name))
		if !ok {
			return "", -1
		}
		return text, n
	}
	check := func(name string, v any, wantText string, want plog.SeverityNumber) {
		t.Helper()
		text, n := read(name, v, map[string]string{"Hot": "error2", "5": "debug"})
		assert.Equal(t, want, n, "%s %v", name, v)
		assert.Equal(t, wantText, text, "%s %v", name, v)
	}
	check("level", "INFO", "INFO", plog.SeverityNumberInfo)
	check("level", "warning", "warning", plog.SeverityNumberWarn)
	check("level", " Error ", "Error", plog.SeverityNumberError)
	check("level", "FATAL", "FATAL", plog.SeverityNumberFatal)
	check("level", "notice", "notice", plog.SeverityNumberInfo2)
	check("level", "W", "W", plog.SeverityNumberWarn)
	check("level", int64(30), "INFO", plog.SeverityNumberInfo)
	check("level", "50", "ERROR", plog.SeverityNumberError)
	check("level", int64(3), "err", plog.SeverityNumberError)
	check("level", int64(5), "5", plog.SeverityNumberDebug)
	check("level", "hot", "hot", plog.SeverityNumberError2)
	check("syslog.priority", int64(134), "info", plog.SeverityNumberInfo)
	check("syslog5424_pri", "165", "notice", plog.SeverityNumberInfo2)
	check("PRIORITY", "3", "err", plog.SeverityNumberError)
	check("priority", int64(192), "", -1)
	check("level", "loud", "", -1)
	check("level", int64(99), "", -1)
	check("level", "", "", -1)
	check("level", strings.Repeat("x", 100), "", -1)
	check("level", "[WARN]", "WARN", plog.SeverityNumberWarn)
	check("level", "Error:", "Error", plog.SeverityNumberError)
	check("level", "INFO+2", "INFO+2", plog.SeverityNumberInfo3)
	check("level", "DEBUG-4", "DEBUG-4", plog.SeverityNumberTrace)
	check("level", "ERROR+99", "ERROR+99", plog.SeverityNumberFatal4)
	check("level", "DEBUG3", "DEBUG3", plog.SeverityNumberDebug3)
	check("level", "Trace8", "Trace8", plog.SeverityNumberTrace)
	check("level", "D2", "D2", plog.SeverityNumberDebug)
	check("level", "-", "", -1)
	check("level", "+1", "", -1)
	check("level", "no such+1", "", -1)
	check("level", int64(250), "NOTICE", plog.SeverityNumberInfo2)
	check("level", int64(300), "WARN", plog.SeverityNumberWarn)
	check("level_value", int64(20000), "INFO", plog.SeverityNumberInfo)
	check("level", int64(7), "debug", plog.SeverityNumberDebug)
	check("level", "1234567", "", -1)
	check("log.syslog.severity.code", int64(4), "warning", plog.SeverityNumberWarn)
	check("log.syslog.severity.name", "Informational", "Informational", plog.SeverityNumberInfo)
	check("syslog.priority", "<34>", "", -1)
	check("levelno", int64(30), "WARNING", plog.SeverityNumberWarn)
	check("levelno", int64(60), "", -1)
	check("severity_number", int64(14), "WARN2", plog.SeverityNumberWarn2)
	check("severity_number", int64(25), "", -1)
	check("cef.severity", "10", "Very-High", plog.SeverityNumberError2)
	check("cef.severity", "3", "Low", plog.SeverityNumberInfo)
	check("cef.severity", "High", "High", plog.SeverityNumberError)
	check("cef.severity", "11", "", -1)
}

// TestSeverityWords: every word is found in any case, and none that differs from all in one letter.
func TestSeverityWords(t *testing.T) {
	r, err := newSeverityReader(&SeverityConfig{Mapping: map[string]string{"Ärger": "error", "info": "fatal4"}})
	require.NoError(t, err)
	for word, n := range severityTexts {
		if word == "info" {
			n = plog.SeverityNumberFatal4
		}
		for _, text := range []string{word, strings.ToUpper(word), strings.ToUpper(word[:1]) + word[1:]} {
			got, ok := r.words.find(text)
			assert.True(t, ok, text)
			assert.Equal(t, n, got, text)
		}
		_, ok := r.words.find(word + "q")
		assert.False(t, ok, word)
		_, ok = r.words.find("\x00" + word[1:])
		assert.False(t, ok, word)
	}
	n, ok := r.words.find("ÄRGER")
	assert.True(t, ok)
	assert.Equal(t, plog.SeverityNumberError, n)
}

// FuzzSeverity: numbers are OpenTelemetry's, texts are short.
func FuzzSeverity(f *testing.F) {
	f.Add("INFO", uint8(0))
	f.Add("<134>", uint8(1))
	f.Add("ERROR+3", uint8(0))
	r, err := newSeverityReader(&SeverityConfig{})
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, text string, numbers uint8) {
		got, n, ok := r.readAs(text, numbering(numbers%5))
		if ok && (n < 1 || n > 24 || got == "" || len(got) > maxSeverityText) {
			t.Fatalf("%q is %d %q", text, n, got)
		}
	})
}

func BenchmarkSeverity(b *testing.B) {
	r, err := newSeverityReader(&SeverityConfig{})
	require.NoError(b, err)
	for _, text := range []string{"INFO", "warning", "E", "30", "134"} {
		b.Run(text, func(b *testing.B) {
			numbers := numberingLevel
			if text == "134" {
				numbers = numberingPriority
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, _, ok := r.readAs(text, numbers); !ok {
					b.Fatal("not read")
				}
			}
		})
	}
}
