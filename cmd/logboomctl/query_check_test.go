// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestQueryCheck(t *testing.T) {
	code, out, errOut := query(t, "", "--check", `sum( rate({app="x"}|="a"[1m]) )by(app)`)
	require.Zero(t, code, errOut)
	require.Equal(t, `sum by (app) (rate({app="x"} |= "a" [1m]))`+"\n", out)

	code, out, errOut = query(t, "", "--check", `{app="x"} | json | = 1`)
	require.Equal(t, 2, code)
	require.Empty(t, out)
	require.Contains(t, errOut, "line 1, col 20")

	code, _, errOut = query(t, "", "--check", `|= "x"`)
	require.Equal(t, 2, code, "a selector is part of a query")
	require.NotEmpty(t, errOut)
}

func TestQueryCheckLines(t *testing.T) {
	in := `"{app=\"x\"}"
"rate({app=\"x\"}[1m])"

"{app=\"x\"}\n  | json | ="
{"query":"{}"}
null
"1 + \"
"vector(1)"`
	code, out, errOut := query(t, in, "--check", "--jsonl")
	require.Zero(t, code, errOut)
	lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	require.Len(t, lines, 7)
	require.Equal(t, `{"valid":true,"kind":"log","error":null,"line":null,"col":null,"canonical":"{app=\"x\"}"}`, lines[0])
	require.Equal(t, `{"valid":true,"kind":"metric","error":null,"line":null,"col":null,"canonical":"rate({app=\"x\"} [1m])"}`, lines[1])
	var v verdict
	require.NoError(t, json.Unmarshal([]byte(lines[2]), &v))
	require.False(t, v.Valid)
	require.Nil(t, v.Kind)
	require.Nil(t, v.Canonical)
	require.Contains(t, *v.Error, "unexpected")
	require.Equal(t, 2, *v.Line)
	require.Equal(t, 12, *v.Col)
	for _, line := range lines[3:6] {
		require.Equal(t, `{"valid":false,"kind":null,"error":"the line is not a JSON string with a query","line":null,"col":null,"canonical":null}`, line)
	}
	require.Contains(t, lines[6], `"valid":true`)
}

// TestQueryCheckAnswersAtOnce asks one query after the other over pipes, each when the answer before is there.
func TestQueryCheckAnswersAtOnce(t *testing.T) {
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	done := make(chan error, 1)
	go func() {
		done <- checkQueries(context.Background(), inR, outW)
		outW.Close()
	}()
	answers := bufio.NewReader(outR)
	for range 3 {
		_, err := io.WriteString(inW, "\"{app=\\\"x\\\"}\"\n")
		require.NoError(t, err)
		line, err := answers.ReadString('\n')
		require.NoError(t, err)
		require.Contains(t, line, `"valid":true`)
	}
	require.NoError(t, inW.Close())
	require.NoError(t, <-done)
}

func TestQueryCheckLongLine(t *testing.T) {
	code, out, errOut := query(t, "\"{app=\\\"x\\\"}\"\n"+strings.Repeat("x", maxLine+1), "--check", "--jsonl")
	require.Equal(t, 1, code)
	require.Contains(t, out, `"valid":true`)
	require.Equal(t, "logboomctl: read line 2: longer than 64 MiB\n", errOut)
}

// FuzzCheckQueries holds that every line that is not blank is answered with a line, and that what is canonical stays so.
func FuzzCheckQueries(f *testing.F) {
	f.Add([]byte(`"{app=\"x\"} | json"`))
	f.Add([]byte(`"sum(rate({a=\"b\"}[1m]))` + "\"\n\n\"\\ud800\""))
	f.Fuzz(func(t *testing.T, in []byte) {
		var out bytes.Buffer
		if err := checkQueries(context.Background(), bytes.NewReader(in), &out); err != nil {
			t.Fatal(err)
		}
		asked := 0
		for line := range bytes.Lines(in) {
			if len(bytes.TrimSpace(line)) > 0 {
				asked++
			}
		}
		answered := 0
		for line := range bytes.Lines(out.Bytes()) {
			answered++
			var v verdict
			if err := json.Unmarshal(line, &v); err != nil {
				t.Fatal(err)
			}
			if !v.Valid {
				continue
			}
			again, err := json.Marshal(*v.Canonical)
			if err != nil {
				t.Fatal(err)
			}
			if w := checkQuery(again); !w.Valid || *w.Canonical != *v.Canonical || *w.Kind != *v.Kind {
				t.Errorf("the canonical form %q is not one: %+v", *v.Canonical, w)
			}
		}
		if asked != answered {
			t.Errorf("%d queries and %d answers", asked, answered)
		}
	})
}
