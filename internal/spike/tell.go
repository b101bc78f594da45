// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package spike

import (
	"strings"
	"time"

	"github.com/logboom/logboom/internal/templates"
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
		Offered: b.offered, Passed: b.passed,
	}
	counts := map[uint64]int64{}
	most, of := int64(0), uint64(0)
	for _, sh := range b.list {
		id := k.resolve(sh.template)
		if id == 0 {
			continue
		}
		counts[id] += sh.offered
		if counts[id] > most {
			most, of = counts[id], id
		}
	}
	n.Templates = len(counts)
	if most > 0 && k.miner != nil {
		if t, ok := k.miner.Template(of); ok {
			n.Template, n.TemplateShare = t.Text, min(float64(most)/float64(max(b.offered.Records, 1)), 1)
		}
	}
	return n
}

// resolve returns the template that has become of one.
func (k *key) resolve(id uint64) uint64 {
	if k.miner == nil {
		return id
	}
	return k.miner.Resolve(id)
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

// summarize adds a record to a summary, or begins one.
func (e *Engine) summarize(s *Summary, it *Item) *Summary {
	if s == nil {
		s = &Summary{First: it.Time, Last: it.Time, FirstText: e.beginning(it.Text)}
	}
	s.Over.add(it.Bytes)
	s.First, s.Last = min(s.First, it.Time), max(s.Last, it.Time)
	s.Severity = max(s.Severity, it.Severity)
	if it.Candidate || s.LastText == "" {
		e.texts -= int64(len(s.LastText))
		s.LastText = e.beginning(it.Text)
	}
	if it.TraceID != ([16]byte{}) && len(s.TraceIDs) < maxTraceIDs && (len(s.TraceIDs) == 0 || s.TraceIDs[len(s.TraceIDs)-1] != it.TraceID) {
		s.TraceIDs = append(s.TraceIDs, it.TraceID)
	}
	return s
}

// beginning is a copy of what is kept of a text: a part of a batch would keep the whole of it. All of them together take at most a
// quarter of what templates may; beyond, nothing is kept.
func (e *Engine) beginning(s string) string {
	if len(s) > maxSummaryText {
		s = strings.ToValidUTF8(s[:maxSummaryText], "")
	}
	if e.texts+int64(len(s)) > e.cfg.MaxTemplateBytes/4 {
		return ""
	}
	e.texts += int64(len(s))
	return strings.Clone(s)
}

// release tells that a summary is not added to any more.
func (e *Engine) release(s *Summary) { e.texts -= int64(len(s.FirstText) + len(s.LastText)) }

// hand hands out a summary.
func (e *Engine) hand(k *key, id uint64, s *Summary) {
	e.release(s)
	s.Key = k.name
	if k.miner != nil {
		if t, ok := k.miner.Template(id); ok {
			s.Template = t.Text
		}
	}
	e.summaries = append(e.summaries, *s)
}

// plus adds what stands for other records of the same template.
func (s *Summary) plus(o *Summary) {
	s.Over.plus(o.Over)
	if o.First < s.First {
		s.First, s.FirstText = o.First, o.FirstText
	}
	if o.Last > s.Last {
		s.Last, s.LastText = o.Last, o.LastText
	}
	s.Severity = max(s.Severity, o.Severity)
	s.TraceIDs = append(s.TraceIDs, o.TraceIDs[:min(len(o.TraceIDs), maxTraceIDs-len(s.TraceIDs))]...)
}

// flush hands out the summaries of a key: one of each template, as it is known now.
func (e *Engine) flush(k *key, now time.Time) {
	b := k.burst
	b.flushed = now
	if !e.cfg.Summarize {
		return
	}
	of := map[uint64]*Summary{}
	var order []uint64
	for _, sh := range b.list {
		if sh.summary == nil {
			continue
		}
		e.release(sh.summary)
		id := k.resolve(sh.template)
		if s := of[id]; s != nil {
			s.plus(sh.summary)
		} else {
			of[id] = sh.summary
			order = append(order, id)
		}
		sh.summary = nil
	}
	if len(order) == 0 {
		return
	}
	if k.miner != nil {
		k.miner.Each(func(t templates.Template) bool {
			if s := of[t.ID]; s != nil {
				s.Template = t.Text
			}
			return true
		})
	}
	for _, id := range order {
		of[id].Key = k.name
		e.summaries = append(e.summaries, *of[id])
	}
}

// Flush returns the summaries of all spikes, at the end.
func (e *Engine) Flush() []Summary {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, k := range e.awake {
		if k.burst != nil {
			e.flush(k, time.Now())
		}
	}
	summaries := e.summaries
	e.summaries = nil
	return summaries
}
