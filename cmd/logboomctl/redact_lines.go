// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/logboom/logboom/internal/redact"
)

// maxKeyLines and maxKeyBytes are what a private key may have before its end is no longer waited for.
const (
	maxKeyLines = 1000
	maxKeyBytes = 1 << 20
)

// textLine is a line of input, of which no more is kept than the scanner reads: it masks what is beyond.
type textLine struct {
	text string
	size int    // bytes of the line without its end; more than len(text) if not all was kept
	end  string // what ended it: "\n", "\r\n", or nothing for the last one
}

// lineReader reads lines of any length and keeps at most max bytes of each.
type lineReader struct {
	r   *bufio.Reader
	max int
	buf []byte
}

// next returns io.EOF after the last line.
func (l *lineReader) next() (textLine, error) {
	l.buf = l.buf[:0]
	size, before := 0, byte(0) // before is the byte before the part's last
	for {
		part, err := l.r.ReadSlice('\n')
		size += len(part)
		l.buf = append(l.buf, part[:min(len(part), l.max-len(l.buf))]...)
		if len(part) > 1 {
			before = part[len(part)-2]
		}
		line := textLine{size: size}
		switch {
		case err == nil:
			line.end = "\n"
			if line.size--; before == '\r' && line.size > 0 {
				line.size, line.end = line.size-1, "\r\n"
			}
		case errors.Is(err, io.EOF) && size > 0:
		case errors.Is(err, bufio.ErrBufferFull):
			before = part[len(part)-1]
			continue
		default:
			return textLine{}, err
		}
		line.text = string(l.buf[:min(len(l.buf), line.size)])
		return line, nil
	}
}

// redactRun masks files, one after another.
type redactRun struct {
	sc      *redact.Scanner
	out     *bufio.Writer
	actions map[string]redact.Action
	max     int // bytes of a record
	flags   *redactFlags
	dryRun  bool

	file   string
	number int // of the line that is printed next, less one
	total  redactTotal
}

// redactTotal counts lines.
type redactTotal struct {
	Lines, Found, Dropped int
	Findings              int // in --check
}

// run masks the lines of in. An error names file and line, and quotes nothing.
func (r *redactRun) run(name string, in io.Reader) error {
	r.file, r.number = name, 0
	limit := r.max + 1 // one more than is scanned, so that the scanner masks to the end
	if r.flags.jsonl {
		limit = maxLine + 1
	}
	lr := &lineReader{r: bufio.NewReaderSize(in, 256<<10), max: limit}
	var block []textLine // the lines of a private key whose end has not come yet
	for number := 1; ; number++ {
		if lr.r.Buffered() == 0 && len(block) == 0 {
			if err := r.out.Flush(); err != nil { // somebody watches a pipe
				return fmt.Errorf("write output: %w", err)
			}
		}
		line, err := lr.next()
		if err != nil {
			end := r.lines(block)
			if !errors.Is(err, io.EOF) {
				end = errors.Join(end, fmt.Errorf("%s: read line %d: %w", name, number, err))
			}
			return end
		}
		if r.flags.jsonl {
			err = r.jsonString(line)
		} else {
			err = r.line(line, &block)
		}
		if err != nil {
			return err
		}
	}
}

func (r *redactRun) jsonString(line textLine) error {
	if line.size > maxLine {
		return fmt.Errorf("%s: line %d is longer than %d MiB", r.file, r.number+1, maxLine>>20)
	}
	var text string
	if err := json.Unmarshal([]byte(line.text), &text); err != nil {
		// The decoder's message may quote the line.
		return fmt.Errorf("%s: line %d is not a JSON string", r.file, r.number+1)
	}
	return r.text(textLine{text: text, size: len(text), end: "\n"})
}

func (r *redactRun) line(line textLine, block *[]textLine) error {
	if len(*block) == 0 && !opensKey(line.text) {
		return r.text(line)
	}
	*block = append(*block, line)
	if !strings.Contains(line.text, "-----END ") && len(*block) < maxKeyLines && blockBytes(*block) < maxKeyBytes {
		return nil
	}
	err := r.lines(*block)
	*block = nil
	return err
}

func blockBytes(block []textLine) (n int) {
	for i := range block {
		n += len(block[i].text)
	}
	return n
}

// opensKey tells whether a private key begins in the line and does not end in it.
func opensKey(line string) bool {
	i := strings.LastIndex(line, "-----BEGIN ")
	return i >= 0 && strings.Contains(line[i:], "PRIVATE KEY") && !strings.Contains(line[i:], "-----END ")
}

// lines masks several lines as one text, and prints each of them on its own: a finding that goes over line
// breaks becomes one in every line that it touches.
func (r *redactRun) lines(block []textLine) error {
	if len(block) == 0 {
		return nil
	}
	r.sc.Reset()
	texts := make([]string, len(block))
	for i := range block {
		texts[i] = block[i].text
	}
	text := strings.Join(texts, "\n")
	findings := r.sc.Find(text)
	from := 0
	for _, line := range block {
		to := from + len(line.text)
		var own []redact.Finding
		var masked strings.Builder
		at := 0
		for _, f := range findings {
			a, b := max(f.Start, from)-from, min(f.End, to)-from
			if a >= b {
				continue
			}
			if r.actions[f.Detector] == redact.Tag {
				own = append(own, redact.Finding{Detector: f.Detector, Start: a, End: b})
				continue
			}
			if a < at {
				continue
			}
			own = append(own, redact.Finding{Detector: f.Detector, Start: a, End: b})
			masked.WriteString(line.text[at:a])
			// That of the whole finding: the action partial would show the end of every line of a key.
			masked.WriteString(r.sc.Replacement(f.Detector, text[f.Start:f.End]))
			at = b
		}
		masked.WriteString(line.text[at:])
		if err := r.print(line, masked.String(), own); err != nil {
			return err
		}
		from = to + 1
	}
	return nil
}

func (r *redactRun) text(line textLine) error {
	r.sc.Reset()
	masked, findings := r.sc.FindAndMask(line.text)
	return r.print(line, masked, findings)
}

// print writes what the flags ask for of one line.
func (r *redactRun) print(line textLine, masked string, findings []redact.Finding) error {
	r.number++
	r.total.Lines++
	dropped := false
	if len(findings) > 0 {
		r.total.Found++
		if last := &findings[len(findings)-1]; last.End == len(line.text) {
			last.End = line.size // of a line that is cut, the finding reaches to its end
		}
		for _, f := range findings {
			dropped = dropped || r.actions[f.Detector] == redact.DropRecord
		}
	}
	if dropped {
		r.total.Dropped++
	}
	switch {
	case r.flags.check:
		return r.report(findings)
	case r.flags.quiet, r.flags.onlyFindings && len(findings) == 0:
		return nil
	case dropped && !r.dryRun && !r.flags.json:
		return nil
	case r.dryRun && line.size == len(line.text):
		masked = line.text
	}
	if !r.flags.json && !r.flags.jsonl {
		_, err := r.out.WriteString(masked)
		if err == nil {
			_, err = r.out.WriteString(line.end)
		}
		return wrapWrite(err)
	}
	if line.end == "\r\n" {
		masked += "\r"
	}
	var v any = masked
	if r.flags.json {
		if findings == nil {
			findings = []redact.Finding{}
		}
		v = struct {
			Text     string           `json:"text"`
			Findings []redact.Finding `json:"findings"`
		}{masked, findings}
	}
	return r.encode(v)
}

func (r *redactRun) encode(v any) error {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return wrapWrite(err)
	}
	_, err := r.out.Write(buf.Bytes())
	return wrapWrite(err)
}

func wrapWrite(err error) error {
	if err != nil {
		return fmt.Errorf("write output: %w", err)
	}
	return nil
}
