// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/internal/redact"
)

// FuzzRedactLines sends bytes through the reading and printing of lines. Where nothing is looked for they come out as they
// went in, and as many objects as lines with --json, however the input arrives; where a line is too long, all the others do.
func FuzzRedactLines(f *testing.F) {
	for _, seed := range []string{
		"", "\n", "\r\n", "\r", "a\r\r\nb", "a\n\nb\r\n", "\xff\x00\n", "-----BEGIN PRIVATE KEY-----\na\r\n\nb\n", "-----BEGIN PRIVATE KEY-----\na\n-----END PRIVATE KEY-----\nc", strings.Repeat("x", 40) + "\r\ny\n",
	} {
		f.Add(seed, 30)
	}
	f.Fuzz(func(t *testing.T, in string, limit int) {
		none, err := redact.New(redact.Options{Keys: redact.KeyOptions{Disabled: true}, MaxRecordBytes: 1 << 30, MaxRecordSteps: 1 << 30})
		require.NoError(t, err)
		run := func(flags *redactFlags, engine *redact.Engine, limit int, in io.Reader) string {
			var out bytes.Buffer
			r := &redactRun{sc: engine.NewScanner(), out: bufio.NewWriter(&out), max: limit, flags: flags}
			require.NoError(t, r.run("-", in))
			require.NoError(t, r.out.Flush())
			return out.String()
		}
		require.Equal(t, in, run(&redactFlags{}, none, 1<<30, strings.NewReader(in)))
		require.Equal(t, in, run(&redactFlags{}, none, 1<<30, iotest.OneByteReader(strings.NewReader(in))))

		var texts []string
		for object := range strings.Lines(run(&redactFlags{json: true}, none, 1<<30, strings.NewReader(in))) {
			var v struct{ Text string }
			require.NoError(t, json.Unmarshal([]byte(object), &v))
			texts = append(texts, v.Text)
		}
		lines := strings.Count(in, "\n")
		if in != "" && !strings.HasSuffix(in, "\n") {
			lines++
		}
		require.Len(t, texts, lines)

		if limit < 1 || limit > 1<<20 || strings.Contains(in, "-----BEGIN ") {
			return
		}
		short, err := redact.New(redact.Options{Keys: redact.KeyOptions{Disabled: true}, MaxRecordBytes: limit, MaxRecordSteps: 1 << 30})
		require.NoError(t, err)
		want := ""
		for line := range strings.Lines(in) {
			text := strings.TrimSuffix(line, "\n")
			if text != line {
				text = strings.TrimSuffix(text, "\r")
			}
			if len(text) > limit { // the scanner reads no more of it, and the margin before is longer than all of it
				line = run(&redactFlags{}, short, limit, strings.NewReader(text)) + line[len(text):]
				require.True(t, strings.HasSuffix(strings.TrimRight(line, "\r\n"), "[REDACTED:unscanned]"))
			}
			want += line
		}
		require.Equal(t, want, run(&redactFlags{}, short, limit, strings.NewReader(in)))
	})
}
