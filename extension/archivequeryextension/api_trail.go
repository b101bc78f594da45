// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/logboom/logboom/internal/archivesource"
	"github.com/logboom/logboom/internal/trail"
	"github.com/logboom/logboom/logql"
)

// maxTrailText is how much of what a record says is looked at: the names of services are searched in no more.
const maxTrailText = 2 << 10

// maxErrorText is how much of what the first error says is in the answer beside the record itself.
const maxErrorText = 500

// trailJSON is the answer.
type trailJSON struct {
	IDs        []trailID         `json:"ids"`
	Records    []trailRecordJSON `json:"records"`
	Lanes      []laneJSON        `json:"lanes"`
	Gaps       []gapJSON         `json:"gaps"`
	FirstError *int              `json:"first_error"`
	ErrorText  string            `json:"error_text,omitempty"`
	Truncated  bool              `json:"truncated"`
	Clock      *clockJSON        `json:"clock,omitempty"`
}

// trailRecordJSON is a record with its place in the trail.
type trailRecordJSON struct {
	recordJSON
	service, level string
	offset         int64 // ns after the first record of the trail, on its clock
	lane           int
}

// MarshalJSON implements [json.Marshaler].
func (r trailRecordJSON) MarshalJSON() ([]byte, error) {
	b := make([]byte, 0, int(r.size())+64)
	b = r.appendFields(append(b, '{'))
	b = append(b, `,"service":`...)
	b = appendText(b, r.service)
	b = append(b, `,"level":`...)
	b = appendText(b, r.level)
	b = append(b, `,"offset_ns":`...)
	b = strconv.AppendInt(b, r.offset, 10)
	b = append(b, `,"lane":`...)
	b = strconv.AppendInt(b, int64(r.lane), 10)
	return append(b, '}'), nil
}

type laneJSON struct {
	Service  string `json:"service"`
	Pod      string `json:"pod,omitempty"`
	First    string `json:"first"` // ns, on the clock of the trail
	Last     string `json:"last"`
	Duration int64  `json:"duration_ns"`
	Records  int    `json:"records"`
	Errors   int    `json:"errors"`
}

type gapJSON struct {
	After int   `json:"after"`
	NS    int64 `json:"ns"`
}

type clockJSON struct {
	Corrected bool             `json:"corrected"`
	Offsets   map[string]int64 `json:"offsets_ns"`
}

// trailBounds reads the time range, which is everything where the request has none.
func (c *call) trailBounds() (start, end int64, err error) {
	if c.p.get("start") == "" && c.p.get("end") == "" && c.p.get("since") == "" && c.limit.span == 0 {
		return math.MinInt64, math.MaxInt64, nil
	}
	span := 100 * 365 * 24 * time.Hour
	if c.limit.span > 0 {
		span = c.limit.span
	}
	from, to, err := c.bounds(span)
	if err != nil {
		return 0, 0, err
	}
	return from.UnixNano(), inclusive(to), nil
}

// trail answers with all that was logged of one request, in order.
func (c *call) trail() (answer, error) {
	id := strings.Trim(strings.TrimSpace(c.p.get("id")), `"'`)
	if len(id) < minTrailID || len(id) > maxTrailID {
		return answer{}, badRequestf("id must have %d to %d characters, got %d", minTrailID, maxTrailID, len(id))
	}
	start, end, err := c.trailBounds()
	if err != nil {
		return answer{}, err
	}
	limit, err := c.p.number("limit", defaultTrailLimit, min(maxTrailLimit, c.limit.entries))
	if err != nil {
		return answer{}, err
	}
	if err := c.acquire(); err != nil {
		return answer{}, err
	}
	f := &trailFinder{c: c, start: start, end: end, limit: limit}
	if err := f.find(id); err != nil {
		return answer{}, err
	}
	return c.success(f.trail()), nil
}

// trail arranges what was found.
func (f *trailFinder) trail() *trailJSON {
	in := make([]trail.Record, len(f.records))
	levels := make([]string, len(f.records))
	texts := make([]string, len(f.records))
	for i := range f.records {
		r := &f.records[i]
		fields, parser := f.parser.Parse(nil, nil, r.Line)
		if parser == fromLogfmt && !logql.IsLogfmt(r.Line) {
			fields = nil
		}
		levels[i] = levelOfRecord(r, fields)
		texts[i] = strings.Clone(cutText(messageOf(r.Line, fields), maxTrailText))
		in[i] = trail.Record{
			Time: r.Time, Observed: r.observed, Service: r.label(labelService), Instance: instanceOf(&r.recordJSON),
			Error: isErrorLevel(levels[i]), Failed: hasFailed(r, fields, levels[i]), Text: texts[i],
		}
	}
	tr := trail.Arrange(in)
	out := &trailJSON{IDs: f.ids, Records: []trailRecordJSON{}, Lanes: []laneJSON{}, Gaps: []gapJSON{}, Truncated: f.truncated}
	for at, i := range tr.Order {
		out.Records = append(out.Records, trailRecordJSON{
			recordJSON: f.records[i].recordJSON, service: in[i].Service, level: levels[i], offset: tr.Offsets[at], lane: tr.LaneOf[at],
		})
	}
	for _, l := range tr.Lanes {
		out.Lanes = append(out.Lanes, laneJSON{
			Service: l.Service, Pod: l.Instance, First: strconv.FormatInt(l.First, 10), Last: strconv.FormatInt(l.Last, 10),
			Duration: trail.Between(l.First, l.Last), Records: l.Records, Errors: l.Errors,
		})
	}
	for _, g := range tr.Gaps {
		out.Gaps = append(out.Gaps, gapJSON(g))
	}
	if tr.FirstError >= 0 {
		out.FirstError = &tr.FirstError
		out.ErrorText = cutText(texts[tr.Order[tr.FirstError]], maxErrorText)
	}
	if tr.Clock.Corrected {
		out.Clock = &clockJSON{true, tr.Clock.Offsets}
	}
	return out
}

// instanceOf tells the instances of a service apart.
func instanceOf(r *recordJSON) string {
	for _, name := range []string{"k8s_pod_name", "service_instance_id", "container_name", "host_name"} {
		if v := r.label(name); v != "" {
			return v
		}
	}
	return ""
}

func isErrorLevel(level string) bool {
	return level == "error" || level == "fatal" || level == "critical"
}

// levelOfRecord is the level that a record has, or the one that its line speaks of.
func levelOfRecord(r *trailRecord, fields logql.Labels) string {
	if level := r.label(archivesource.LabelLevel); level != "" && level != "unknown" {
		return level
	}
	for _, name := range []string{"level", "severity", "lvl", "loglevel", "log_level"} {
		if level := archivesource.LevelOfText(fields.Get(name)); level != "unknown" {
			return level
		}
	}
	if level := priorityLevel(r.Line); level != "" {
		return level
	}
	// A word of its own in capitals, near the beginning: 2026-01-15 10:00:00 ERROR [main] …
	for word := range strings.FieldsFuncSeq(cutText(r.Line, 200), func(c rune) bool { return c < 'A' || c > 'Z' && c < 'a' || c > 'z' }) {
		if strings.ToUpper(word) == word {
			if level := archivesource.LevelOfText(word); level != "unknown" {
				return level
			}
		}
	}
	return "unknown"
}

// priorityLevel is the level of a line of syslog, which begins with <facility*8+severity>; "" if it is none.
func priorityLevel(line string) string {
	if len(line) < 3 || line[0] != '<' {
		return ""
	}
	digits, _, ok := strings.Cut(line[1:min(len(line), 5)], ">")
	n, err := strconv.ParseUint(digits, 10, 8)
	if !ok || err != nil || n > 191 {
		return ""
	}
	return [...]string{"fatal", "fatal", "critical", "error", "warn", "info", "info", "debug"}[n%8]
}

// messageOf is what a line says, without what is around it.
func messageOf(line string, fields logql.Labels) string {
	for _, name := range []string{"message", "msg", "log", "text", "event"} {
		if v := fields.Get(name); v != "" {
			if e := fields.Get("error"); e != "" && !strings.Contains(v, e) {
				v += ": " + e
			}
			return v
		}
	}
	head, _, _ := strings.Cut(strings.TrimSpace(line), "\n")
	return head
}

// hasFailed reports whether a record only says how a request ended, and that it was the server's failure: an access log, or a record
// with a status that is no error itself.
func hasFailed(r *trailRecord, fields logql.Labels, level string) bool {
	if n := accessStatus(r.Line); n > 0 {
		return n >= 500
	}
	if isErrorLevel(level) {
		return false
	}
	for _, name := range []string{"http_response_status_code", "http_status_code", "status_code", "status"} {
		for _, v := range []string{r.label(name), fields.Get(name)} {
			if n, err := strconv.Atoi(v); err == nil && n >= 500 && n < 600 {
				return true
			}
		}
	}
	return false
}

// accessStatus is the status in a line of an access log, 0 if it is none: … "GET /cart HTTP/1.1" 503 …
func accessStatus(line string) int {
	_, rest, _ := strings.Cut(line, " HTTP/")
	version, rest, ok := strings.Cut(rest, `" `)
	if !ok || len(version) > 3 || len(rest) < 4 || rest[3] != ' ' {
		return 0
	}
	n, err := strconv.Atoi(rest[:3])
	if err != nil || n < 100 || n >= 600 {
		return 0
	}
	return n
}
