// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package severity

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRead(t *testing.T) {
	read := func(name string, v any, mapping map[string]string) (string, Number) {
		t.Helper()
		r, err := New(mapping)
		require.NoError(t, err)
		text, n, ok := r.Read(fmt.Sprint(v), NumberingOf(name))
		if !ok {
			return "", -1
		}
		return text, n
	}
	check := func(name string, v any, wantText string, want Number) {
		t.Helper()
		text, n := read(name, v, map[string]string{"Hot": "error2", "5": "debug"})
		assert.Equal(t, want, n, "%s %v", name, v)
		assert.Equal(t, wantText, text, "%s %v", name, v)
	}
	check("level", "INFO", "INFO", 9)
	check("level", "warning", "warning", 13)
	check("level", " Error ", "Error", 17)
	check("level", "FATAL", "FATAL", 21)
	check("level", "notice", "notice", 10)
	check("level", "W", "W", 13)
	check("level", int64(30), "INFO", 9)
	check("level", "50", "ERROR", 17)
	check("level", int64(3), "err", 17)
	check("level", int64(5), "5", 5)
	check("level", "hot", "hot", 18)
	check("syslog.priority", int64(134), "info", 9)
	check("syslog5424_pri", "165", "notice", 10)
	check("PRIORITY", "3", "err", 17)
	check("priority", int64(192), "", -1)
	check("level", "loud", "", -1)
	check("level", int64(99), "", -1)
	check("level", "", "", -1)
	check("level", strings.Repeat("x", 100), "", -1)
	check("level", "[WARN]", "WARN", 13)
	check("level", "Error:", "Error", 17)
	check("level", "INFO+2", "INFO+2", 11)
	check("level", "DEBUG-4", "DEBUG-4", 1)
	check("level", "ERROR+99", "ERROR+99", 24)
	check("level", "DEBUG3", "DEBUG3", 7)
	check("level", "Trace8", "Trace8", 1)
	check("level", "D2", "D2", 5)
	check("level", "-", "", -1)
	check("level", "+1", "", -1)
	check("level", "no such+1", "", -1)
	check("level", int64(250), "NOTICE", 10)
	check("level", int64(300), "WARN", 13)
	check("level_value", int64(20000), "INFO", 9)
	check("level", int64(7), "debug", 5)
	check("level", "1234567", "", -1)
	check("log.syslog.severity.code", int64(4), "warning", 13)
	check("log.syslog.severity.name", "Informational", "Informational", 9)
	check("syslog.priority", "<34>", "", -1)
	check("levelno", int64(30), "WARNING", 13)
	check("levelno", int64(60), "", -1)
	check("severity_number", int64(14), "WARN2", 14)
	check("severity_number", int64(25), "", -1)
	check("cef.severity", "10", "Very-High", 18)
	check("cef.severity", "3", "Low", 9)
	check("cef.severity", "High", "High", 17)
	check("cef.severity", "11", "", -1)
}

// TestWords: every word is found in any case, and none that differs from all in one letter.
func TestWords(t *testing.T) {
	r, err := New(map[string]string{"Ärger": "error", "info": "fatal4"})
	require.NoError(t, err)
	for word, n := range texts {
		if word == "info" {
			n = 24
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
	assert.EqualValues(t, 17, n)
}

// TestNames: the severities of OpenTelemetry have the names that ByName reads.
func TestNames(t *testing.T) {
	r, err := New(nil)
	require.NoError(t, err)
	for number := Number(1); number <= 24; number++ {
		name, n, ok := r.Read(strconv.Itoa(int(number)), NumberingOTel)
		assert.True(t, ok)
		assert.Equal(t, number, n)
		n, ok = ByName(name)
		assert.True(t, ok, name)
		assert.Equal(t, number, n, name)
	}
	for _, name := range []string{"", "4", "trace1", "info5", "warning", "none"} {
		_, ok := ByName(name)
		assert.False(t, ok, name)
	}
	_, err = New(map[string]string{"x": "loud"})
	require.EqualError(t, err, `mapping: unknown severity "loud"`)
}

// FuzzRead: numbers are OpenTelemetry's, texts are short.
func FuzzRead(f *testing.F) {
	f.Add("INFO", uint8(0))
	f.Add("<134>", uint8(1))
	f.Add("ERROR+3", uint8(0))
	r, err := New(nil)
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, text string, numbers uint8) {
		got, n, ok := r.Read(text, Numbering(numbers%5))
		if ok && (n < 1 || n > 24 || got == "" || len(got) > maxText) {
			t.Fatalf("%q is %d %q", text, n, got)
		}
	})
}

func BenchmarkRead(b *testing.B) {
	r, err := New(nil)
	require.NoError(b, err)
	for _, text := range []string{"INFO", "warning", "E", "30", "134"} {
		b.Run(text, func(b *testing.B) {
			numbers := NumberingLevel
			if text == "134" {
				numbers = NumberingPriority
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, _, ok := r.Read(text, numbers); !ok {
					b.Fatal("not read")
				}
			}
		})
	}
}

// TestReadAllocations: reading costs no garbage.
func TestReadAllocations(t *testing.T) {
	r, err := New(nil)
	require.NoError(t, err)
	for _, text := range []string{"INFO", "warning", "[Error]", "30", "7", "none"} {
		for numbers := range NumberingCEF + 1 {
			assert.Zero(t, testing.AllocsPerRun(20, func() { r.Read(text, numbers) }), text)
		}
	}
}

// TestVMware: two letters are a severity only where ESXi prints them, or with the priority that says the same.
func TestVMware(t *testing.T) {
	r, err := New(nil)
	require.NoError(t, err)
	check := func(text string, numbers Numbering, name string, number Number) {
		t.Helper()
		got, n, ok := r.Read(text, numbers)
		assert.Equal(t, number != 0, ok, text)
		assert.Equal(t, name, got, text)
		assert.Equal(t, number, n, text)
	}
	assert.Equal(t, NumberingVMware, NumberingOf("vmware.level"))
	for text, number := range map[string]Number{"Em": 21, "Al": 19, "Cr": 18, "Er": 17, "Wa": 13, "No": 10, "In": 9, "Db": 5} {
		check(text, NumberingVMware, text, number)
		check(text, NumberingLevel, "", 0)
	}
	check("Wa(180)", NumberingLevel, "Wa", 13)
	check("In(166)", NumberingVMware, "In", 9)
	check("Er(179)", NumberingVMware, "Er", 17)
	check("Db(167)", NumberingVMware, "Db", 5)
	check("In(180)", NumberingVMware, "", 0) // the two do not agree
	check("Wa(1800)", NumberingVMware, "", 0)
	check("Wa()", NumberingVMware, "", 0)
	check("Warning", NumberingVMware, "Warning", 13)
	check("http", NumberingLevel, "http", 9)
	check("silly", NumberingLevel, "silly", 1)
}
