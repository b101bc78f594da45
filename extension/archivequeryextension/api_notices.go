// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/logboom/logboom/logql"
)

// noticeJSON is a record that one of our own components wrote.
type noticeJSON struct {
	Time    string `json:"time"` // ns
	Service string `json:"service"`
	Event   string `json:"event"`
	Line    string `json:"line"`
	Records int64  `json:"records,omitempty"` // that it is about
}

const (
	// maxNotices bounds the notices of an answer, and maxNoticeBytes the line of one.
	maxNotices, maxNoticeBytes = 100, 2 << 10
	eventName                  = "event_name"
)

// noticeEvents are the events of notices: what a component did that changes which records there are.
var noticeEvents = []string{"logboom.spike_guard.begin", "logboom.spike_guard.end"}

// notices returns what our components wrote about the streams that pass the matchers, start <= t < end, in the order of time. They come with
// something that was counted before: where what the query may read is used up by then, they are missing, which is a warning.
func (c *call) notices(matchers []*logql.Matcher, start, end int64) ([]noticeJSON, error) {
	out := []noticeJSON{}
	for _, event := range noticeEvents {
		m, err := logql.NewMatcher(eventName, logql.MatchEqual, event)
		if err != nil {
			return nil, err
		}
		about := &logql.LogExpr{Matchers: matchers, Stages: []logql.Stage{&logql.MatcherFilter{Matcher: m}}}
		_, err = logql.Each(c.ctx, c.source, about, logql.Params{Start: start, End: end, Limit: maxNotices},
			func(ts int64, labels logql.Labels, line string) error {
				n := noticeJSON{Time: strconv.FormatInt(ts, 10), Service: labels.Get("service_name"), Event: event}
				n.Line = strings.Clone(cutText(line, maxNoticeBytes))
				if f, err := strconv.ParseFloat(labels.Get("logboom_spike_guard_offered_records"), 64); err == nil {
					n.Records = int64(f)
				}
				n.Service = strings.Clone(n.Service)
				out = append(out, n)
				return nil
			})
		if limit := (*logql.LimitError)(nil); errors.As(err, &limit) {
			c.missing = append(c.missing, fmt.Errorf("notices are missing: %w", err))
			break
		}
		if err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(out, func(a, b noticeJSON) int {
		if d := len(a.Time) - len(b.Time); d != 0 {
			return d
		}
		return strings.Compare(a.Time, b.Time)
	})
	return out[:min(len(out), maxNotices)], nil
}
