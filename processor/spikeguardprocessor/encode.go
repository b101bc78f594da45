// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package spikeguardprocessor

import (
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/internal/spike"
)

// Names of the events that the processor writes, and the beginning of its attributes.
const (
	eventBegin   = "logboom.spike_guard.begin"
	eventEnd     = "logboom.spike_guard.end"
	eventSummary = "logboom.spike_guard.summary"
	attributes   = "logboom.spike_guard."
	scopeName    = "github.com/logboom/logboom/processor/spikeguardprocessor"
)

// encode makes log records of a part of what waits.
func (e *emitter) encode(c *chunk) plog.Logs {
	ld := plog.NewLogs()
	scopes := map[string]plog.ScopeLogs{}
	record := func(key string) plog.LogRecord {
		sl, ok := scopes[key]
		if !ok {
			rl := ld.ResourceLogs().AppendEmpty()
			e.resource(key, rl.Resource().Attributes())
			sl = rl.ScopeLogs().AppendEmpty()
			sl.Scope().SetName(scopeName)
			scopes[key] = sl
		}
		lr := sl.LogRecords().AppendEmpty()
		lr.SetObservedTimestamp(pcommon.NewTimestampFromTime(time.Now()))
		return lr
	}
	for i := range c.notices {
		e.notice(&c.notices[i], record(c.notices[i].Key))
	}
	for _, s := range c.summaries {
		summary(s, record(s.Key))
	}
	for _, l := range c.lasts {
		l.logs.ResourceLogs().At(0).CopyTo(ld.ResourceLogs().AppendEmpty())
	}
	return ld
}

// resource writes the attributes that a source is named after.
func (e *emitter) resource(key string, attrs pcommon.Map) {
	for i, value := range strings.SplitN(key, "/", len(e.cfg.Key)) {
		attrs.PutStr(e.cfg.Key[i], valid(value))
	}
}

func (e *emitter) notice(n *spike.Notice, lr plog.LogRecord) {
	a := lr.Attributes()
	lr.SetTimestamp(pcommon.NewTimestampFromTime(n.At))
	lr.SetEventName(eventBegin)
	lr.SetSeverityNumber(plog.SeverityNumberWarn)
	lr.SetSeverityText("WARN")
	if n.Ended {
		lr.SetEventName(eventEnd)
		lr.SetSeverityNumber(plog.SeverityNumberInfo)
		lr.SetSeverityText("INFO")
	}
	lr.Body().SetStr(e.sentence(n))
	a.PutStr(attributes+"key", valid(n.Key))
	a.PutStr(attributes+"action", e.cfg.Action)
	if e.cfg.DryRun {
		a.PutBool(attributes+"dry_run", true)
	}
	rate := func(name string, r spike.Rate) {
		if r.Bytes > 0 {
			a.PutDouble(attributes+name+".bytes_per_second", math.Round(r.Bytes*10)/10)
		}
		if r.Records > 0 {
			a.PutDouble(attributes+name+".records_per_second", math.Round(r.Records*10)/10)
		}
	}
	rate("budget", n.Budget)
	rate("rate", n.Rate)
	rate("peak", n.Peak)
	total := func(name string, t spike.Total) {
		a.PutInt(attributes+name+".bytes", t.Bytes)
		a.PutInt(attributes+name+".records", t.Records)
	}
	total("offered", n.Offered)
	total("passed", n.Passed)
	a.PutInt(attributes+"templates", int64(n.Templates))
	if n.Template != "" {
		a.PutStr(attributes+"template", valid(n.Template))
		a.PutDouble(attributes+"template_share", math.Round(n.TemplateShare*1000)/1000)
	}
	a.PutStr(attributes+"began", n.Began.UTC().Format(time.RFC3339Nano))
	a.PutDouble(attributes+"duration", n.At.Sub(n.Began).Seconds())
}

// did is what happens to what is over, in a sentence.
var did = map[string]string{
	actionThin: "thinned", actionSummarize: "summarized", actionDivert: "diverted", actionRefuse: "refused", actionDrop: "dropped",
}

// sentence tells people of a spike.
func (e *emitter) sentence(n *spike.Notice) string {
	over := "what is over is " + did[e.cfg.Action]
	if e.cfg.DryRun {
		over = "what is over would be " + did[e.cfg.Action]
	}
	about := ""
	if n.Template != "" {
		about = fmt.Sprintf("; %.0f %% of it is: %s", 100*n.TemplateShare, n.Template)
	}
	if n.Ended {
		return valid(fmt.Sprintf("The spike of %q is over after %s: it sent %s in %s records, of which %s records passed%s",
			n.Key, n.At.Sub(n.Began).Round(time.Second), bytesText(float64(n.Offered.Bytes)), count(n.Offered.Records), count(n.Passed.Records), about))
	}
	return valid(fmt.Sprintf("A spike of %q: it sends %s, and its budget is %s; %s%s", n.Key, rateText(n.Rate), rateText(n.Budget), over, about))
}

func rateText(r spike.Rate) string {
	var parts []string
	if r.Bytes > 0 {
		parts = append(parts, bytesText(r.Bytes)+"/s")
	}
	if r.Records > 0 {
		parts = append(parts, count(int64(r.Records))+" records/s")
	}
	if len(parts) == 0 {
		return "nothing"
	}
	return strings.Join(parts, " and ")
}

func bytesText(n float64) string {
	for _, unit := range []string{"B", "kB", "MB", "GB"} {
		if n < 999.5 {
			digits := 0
			if n < 9.95 && unit != "B" {
				digits = 1
			}
			return strconv.FormatFloat(n, 'f', digits, 64) + " " + unit
		}
		n /= 1000
	}
	return strconv.FormatFloat(n, 'f', 0, 64) + " TB"
}

// count is a number with commas.
func count(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// summary stands for the records of a template that were over within an interval.
func summary(s *spike.Summary, lr plog.LogRecord) {
	lr.SetEventName(eventSummary)
	lr.SetTimestamp(pcommon.Timestamp(s.Last)) //nolint:gosec // since 1970
	lr.SetSeverityNumber(plog.SeverityNumber(s.Severity))
	lr.SetSeverityText(strings.ToUpper(plog.SeverityNumber(s.Severity).String()))
	template := s.Template
	if template == "" {
		template = "records of several templates"
	}
	first, last := time.Unix(0, s.First).UTC(), time.Unix(0, s.Last).UTC()
	lr.Body().SetStr(valid(fmt.Sprintf("%s (seen %s times in %s)", template, count(s.Over.Records), seconds(last.Sub(first)))))
	a := lr.Attributes()
	a.PutInt(archive.AttributeRecordCount, s.Over.Records)
	a.PutInt(attributes+"bytes", s.Over.Bytes)
	if s.Template != "" {
		a.PutStr(attributes+"template", valid(s.Template))
	}
	a.PutStr(attributes+"first_time", first.Format(time.RFC3339Nano))
	a.PutStr(attributes+"last_time", last.Format(time.RFC3339Nano))
	if s.FirstText != "" {
		a.PutStr(attributes+"first_example", valid(s.FirstText))
	}
	if s.LastText != "" && s.LastText != s.FirstText {
		a.PutStr(attributes+"last_example", valid(s.LastText))
	}
	if len(s.TraceIDs) > 0 {
		ids := a.PutEmptySlice(attributes + "trace_ids")
		for _, id := range s.TraceIDs {
			ids.AppendEmpty().SetStr(hex.EncodeToString(id[:]))
		}
	}
	if len(s.TraceIDs) == 1 && s.Over.Records == 1 {
		lr.SetTraceID(s.TraceIDs[0])
	}
}

func seconds(d time.Duration) string {
	return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + " s"
}

func valid(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }
