// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logql

import (
	"errors"
	"strings"
	"sync"
	texttemplate "text/template"
	"text/template/parse"
	"time"
)

const (
	// maxTemplateOutput bounds what a template makes of one line.
	maxTemplateOutput = 1 << 20
	// maxTemplateTicks bounds the rounds of loops that a template makes for one line.
	maxTemplateTicks = 10_000
	// maxTemplateArgs bounds the arguments of print and its like, and the verbs of a format.
	maxTemplateArgs = 100
)

var (
	errTemplateOutput = errors.New("template makes too much output")
	errTemplateLoops  = errors.New("template loops too often")
)

// template is a compiled line_format or label_format template.
type template struct {
	t    *texttemplate.Template
	runs sync.Pool // of *templateRun
}

// templateCall is the state of one run: what __line__ and __timestamp__ read, and how many rounds its loops made.
type templateCall struct {
	line  string
	ts    int64
	ticks int
}

// tick is called in every round of a loop and at the start of every named template.
func (c *templateCall) tick() (string, error) {
	if c.ticks++; c.ticks > maxTemplateTicks {
		return "", errTemplateLoops
	}
	return "", nil
}

const tickName = "__tick__"

// tickNode is an action that calls tick.
var tickNode = texttemplate.Must(texttemplate.New("").Funcs(templateFuncs).Parse("{{" + tickName + "}}")).Root.Nodes[0]

// boundLoops puts a tick into every loop and every named template of t, since a loop without output, or a
// template that calls itself, would otherwise run without an end.
func boundLoops(t *texttemplate.Template) {
	for _, named := range t.Templates() {
		if named.Tree != nil && named.Root != nil {
			boundList(named.Root)
			named.Root.Nodes = append([]parse.Node{tickNode.Copy()}, named.Root.Nodes...)
		}
	}
}

func boundList(l *parse.ListNode) {
	if l == nil {
		return
	}
	for _, n := range l.Nodes {
		switch n := n.(type) {
		case *parse.RangeNode:
			boundList(n.List)
			boundList(n.ElseList)
			n.List.Nodes = append([]parse.Node{tickNode.Copy()}, n.List.Nodes...)
		case *parse.IfNode:
			boundList(n.List)
			boundList(n.ElseList)
		case *parse.WithNode:
			boundList(n.List)
			boundList(n.ElseList)
		}
	}
}

func newTemplate(text string) (*template, error) {
	t, err := texttemplate.New("line").Option("missingkey=zero").Funcs(templateFuncs).Parse(text)
	if err != nil {
		return nil, errors.New(strings.TrimPrefix(err.Error(), "template: "))
	}
	boundLoops(t)
	return &template{t: t}, nil
}

// templateRun is a template with what one run of it at a time needs: functions are bound to a template, not to a run.
type templateRun struct {
	t    *texttemplate.Template
	call templateCall
	data map[string]string
}

func (t *template) newRun() (*templateRun, error) {
	own, err := t.t.Clone()
	if err != nil {
		return nil, err
	}
	r := &templateRun{t: own, data: map[string]string{}}
	own.Funcs(texttemplate.FuncMap{
		tickName:        r.call.tick,
		"__line__":      func() string { return r.call.line },
		"__timestamp__": func() time.Time { return time.Unix(0, r.call.ts).UTC() },
	})
	return r, nil
}

// textWriter writes to the text of a labelSet; it refuses to write more than maxTemplateOutput.
type textWriter struct {
	ls    *labelSet
	start int
}

func (w *textWriter) Write(p []byte) (int, error) {
	if len(w.ls.text)-w.start+len(p) > maxTemplateOutput {
		return 0, errTemplateOutput
	}
	w.ls.text = append(w.ls.text, p...)
	return len(p), nil
}

// run makes the text of an entry; it is valid until the next one.
func (t *template) run(st *lineState, ls *labelSet) (string, error) {
	r, _ := t.runs.Get().(*templateRun)
	if r == nil {
		var err error
		if r, err = t.newRun(); err != nil {
			return "", err
		}
	}
	r.call = templateCall{line: st.line, ts: st.ts}
	ls.templateData(r.data)
	w := textWriter{ls, len(ls.text)}
	err := r.t.Execute(&w, r.data)
	r.call = templateCall{}
	clear(r.data)
	t.runs.Put(r)
	if err != nil {
		return "", err
	}
	return ls.since(w.start), nil
}

func (s *LineFormat) process(st *lineState, ls *labelSet) bool {
	out, err := s.t.run(st, ls)
	if err != nil {
		ls.fail(errTemplate, "template cannot be executed") // the line stays
		return true
	}
	st.line = out
	return true
}

func (s *LabelFormat) process(st *lineState, ls *labelSet) bool {
	// All templates see the labels as they are in front of the stage.
	ls.made = ls.made[:0]
	for _, a := range s.Assign {
		var m madeText
		if a.IsText {
			out, err := a.t.run(st, ls)
			if m = (madeText{out, err == nil}); err != nil {
				ls.fail(errTemplate, "template cannot be executed")
			}
		}
		ls.made = append(ls.made, m)
	}
	for i, a := range s.Assign {
		switch {
		case a.IsText && ls.made[i].ok:
			ls.set(a.Dst, ls.made[i].text)
		case !a.IsText && a.Src != labelError && a.Src != labelErrorDetails:
			if v, ok := ls.get(a.Src); ok {
				ls.set(a.Dst, v)
				ls.del(a.Src)
			}
		}
	}
	return true
}

// madeText is what a template of a label_format made.
type madeText struct {
	text string
	ok   bool
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
