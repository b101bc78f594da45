// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logql

import (
	"errors"
	"strings"
	texttemplate "text/template"
	"time"
)

const (
	// maxTemplateOutput bounds what a template makes of one line.
	maxTemplateOutput = 1 << 20
)

var errTemplateOutput = errors.New("template makes too much output")

// template is a compiled line_format or label_format template.
type template struct {
	t *texttemplate.Template
}

// templateCall is the state that __line__ and __timestamp__ read. A template is cloned per run of a query only
// in so far as its functions are bound here, under the engine's single goroutine per query.
type templateCall struct {
	line string
	ts   int64
}

func newTemplate(text string) (*template, error) {
	t, err := texttemplate.New("line").Option("missingkey=zero").Funcs(templateFuncs).Parse(text)
	if err != nil {
		return nil, errors.New(strings.TrimPrefix(err.Error(), "template: "))
	}
	return &template{t: t}, nil
}

// limitedBuilder refuses to grow beyond maxTemplateOutput.
type limitedBuilder struct{ strings.Builder }

func (b *limitedBuilder) Write(p []byte) (int, error) {
	if b.Len()+len(p) > maxTemplateOutput {
		return 0, errTemplateOutput
	}
	return b.Builder.Write(p)
}

// templateData is what a template sees: the labels, and the line through a reserved key.
type templateData = map[string]string

const (
	dataLine      = "\x00line"
	dataTimestamp = "\x00timestamp"
)

func (t *template) run(st *lineState, ls *labelSet) (string, error) {
	data := templateData(ls.templateData())
	call := &templateCall{line: st.line, ts: st.ts}
	run, err := t.t.Clone()
	if err != nil {
		return "", err
	}
	run.Funcs(texttemplate.FuncMap{
		"__line__":      func() string { return call.line },
		"__timestamp__": func() time.Time { return time.Unix(0, call.ts).UTC() },
	})
	var b limitedBuilder
	if err := run.Execute(&b, data); err != nil {
		return "", err
	}
	return b.String(), nil
}

func (s *LineFormat) process(st *lineState, ls *labelSet) bool {
	out, err := s.t.run(st, ls)
	if err != nil {
		ls.fail(errTemplate, "template cannot be executed")
		st.line = ""
		return true
	}
	st.line = out
	return true
}

func (s *LabelFormat) process(st *lineState, ls *labelSet) bool {
	for _, a := range s.Assign {
		if !a.IsText {
			if v, ok := ls.get(a.Src); ok {
				ls.set(a.Dst, v)
				ls.del(a.Src)
			}
			continue
		}
		out, err := a.t.run(st, ls)
		if err != nil {
			ls.fail(errTemplate, "template cannot be executed")
			continue
		}
		ls.set(a.Dst, out)
	}
	return true
}

// process takes the escape sequences of colours and cursor movements (CSI) off the line.
func (*Decolorize) process(st *lineState, _ *labelSet) bool {
	if !strings.Contains(st.line, "\x1b[") {
		return true
	}
	var b strings.Builder
	s := st.line
	for {
		i := strings.Index(s, "\x1b[")
		if i < 0 {
			b.WriteString(s)
			break
		}
		b.WriteString(s[:i])
		j := i + 2
		for j < len(s) && s[j] >= 0x20 && s[j] <= 0x3f {
			j++
		}
		if j < len(s) && s[j] >= 0x40 && s[j] <= 0x7e {
			j++
		}
		s = s[j:]
	}
	st.line = b.String()
	return true
}
