// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package spike

import (
	"strings"
	"time"
)

// Notice tells of the beginning or the end of a spike.
type Notice struct {
	Key   string
	Ended bool
	// Began is when the spike began, At now.
	Began, At time.Time
	// Budget is what the key may send a second, Rate what it sends, Peak the most it sent.
	Budget, Rate, Peak Rate
	// Offered and Passed are counted since the spike began.
	Offered, Passed Total
	// Templates is how many templates the records had, Template the one that most had, TemplateShare how many: 0 to 1.
	Templates     int
	Template      string
	TemplateShare float64
}

// Total is an amount.
type Total struct{ Bytes, Records int64 }

func (t *Total) add(bytes int) { t.plus(Total{int64(bytes), 1}) }

func (t *Total) sub(bytes int) { t.plus(Total{-int64(bytes), -1}) }

func (t *Total) plus(u Total) {
	t.Bytes += u.Bytes
	t.Records += u.Records
}

func (e *Engine) notice(k *key, now time.Time, ended bool) Notice {
	b := k.burst
	n := Notice{
		Key: k.name, Ended: ended, Began: b.began, At: now, Budget: k.budget, Rate: Rate{float64(k.rate.bytes), float64(k.rate.records)}, Peak: b.peak,
		Offered: b.offered, Passed: b.passed, Templates: len(b.shares),
	}
	most, of := int64(0), uint64(0)
	for id, sh := range b.shares {
		if sh.offered > most {
			most, of = sh.offered, id
		}
	}
	if most > 0 && k.miner != nil {
		if t, ok := k.miner.Template(of); ok {
			n.Template, n.TemplateShare = t.Text, float64(most)/float64(b.offered.Records)
		}
	}
	return n
}

// Summary stands for the records of a template that were over within an interval.
type Summary struct {
	Key      string
	Template string
	// Over is what it stands for. First and Last are the records' times, in nanoseconds since the Unix epoch.
	Over        Total
	First, Last int64
	// Severity is the highest of the records'.
	Severity uint8
	// FirstText and LastText begin as the first and the last record do. TraceIDs are some of them.
	FirstText, LastText string
	TraceIDs            [][16]byte
}

const (
	maxSummaryText = 1 << 10 // bytes
	maxTraceIDs    = 10
)

func (sh *share) summarize(it *Item) {
	s := sh.summary
	if s == nil {
		s = &Summary{First: it.Time, Last: it.Time, FirstText: beginning(it.Text)}
		sh.summary = s
	}
	s.Over.add(it.Bytes)
	s.First, s.Last = min(s.First, it.Time), max(s.Last, it.Time)
	s.Severity = max(s.Severity, it.Severity)
	if it.Candidate || s.LastText == "" {
		s.LastText = beginning(it.Text)
	}
	if it.TraceID != ([16]byte{}) && len(s.TraceIDs) < maxTraceIDs && (len(s.TraceIDs) == 0 || s.TraceIDs[len(s.TraceIDs)-1] != it.TraceID) {
		s.TraceIDs = append(s.TraceIDs, it.TraceID)
	}
}

// beginning is a copy of what is kept of a text: a part of a batch would keep the whole of it.
func beginning(s string) string {
	if len(s) > maxSummaryText {
		s = strings.ToValidUTF8(s[:maxSummaryText], "")
	}
	return strings.Clone(s)
}

// flush hands out the summaries of a key.
func (e *Engine) flush(k *key, now time.Time) {
	b := k.burst
	b.flushed = now
	for id, sh := range b.shares {
		e.hand(k, id, sh)
	}
	e.hand(k, 0, &b.others)
}

// hand hands out the summary of a template.
func (e *Engine) hand(k *key, id uint64, sh *share) {
	if sh.summary == nil {
		return
	}
	s := *sh.summary
	sh.summary = nil
	s.Key = k.name
	if k.miner != nil {
		if t, ok := k.miner.Template(id); ok {
			s.Template = t.Text
		}
	}
	e.summaries = append(e.summaries, s)
}

// Flush returns the summaries of all spikes, at the end.
func (e *Engine) Flush() []Summary {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, k := range append(e.list, e.pooled) {
		if k.burst != nil {
			e.flush(k, time.Now())
		}
	}
	summaries := e.summaries
	e.summaries = nil
	return summaries
}
