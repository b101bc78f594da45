// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package objectstoragereceiver

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/internal/archivesource"
)

// timeForms says how times are written.
const timeForms = "a time as 2026-11-23T10:00:00Z, a date as 2026-11-23 (midnight UTC), an age as 90m, 36h or 7d, or today, yesterday (midnight UTC), now"

// moment is a time of the configuration.
type moment struct {
	at       time.Time
	relative func(now time.Time) time.Time // nil: at
}

func (m moment) resolve(now time.Time) time.Time {
	if m.relative != nil {
		return m.relative(now.UTC())
	}
	return m.at
}

var errTime = errors.New("must be " + timeForms)

func parseTime(s string) (moment, error) {
	midnight := func(days int) moment {
		return moment{relative: func(now time.Time) time.Time {
			return time.Date(now.Year(), now.Month(), now.Day()+days, 0, 0, 0, 0, time.UTC)
		}}
	}
	switch s {
	case "now":
		return moment{relative: func(now time.Time) time.Time { return now }}, nil
	case "today":
		return midnight(0), nil
	case "yesterday":
		return midnight(-1), nil
	}
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			if t.Before(time.Unix(0, math.MinInt64)) || t.After(time.Unix(0, math.MaxInt64)) {
				return moment{}, fmt.Errorf("must be between the years 1678 and 2262, got %q", s)
			}
			return moment{at: t}, nil
		}
	}
	var age time.Duration
	if days, ok := strings.CutSuffix(s, "d"); ok && days != "" {
		n, err := strconv.ParseUint(days, 10, 16)
		if err != nil {
			return moment{}, fmt.Errorf("%w, got %q", errTime, s)
		}
		age = time.Duration(n) * 24 * time.Hour
	} else {
		d, err := time.ParseDuration(s)
		if err != nil {
			return moment{}, fmt.Errorf("%w, got %q", errTime, s)
		}
		if d < 0 {
			return moment{}, fmt.Errorf("must be an age, so not negative, got %q", s)
		}
		age = d
	}
	return moment{relative: func(now time.Time) time.Time { return now.Add(-age) }}, nil
}

// relative reports whether a time depends on when the replay begins.
func relative(s string) bool {
	m, err := parseTime(s)
	return err == nil && m.relative != nil
}

// relativeRange reports whether start and end both depend on when the replay begins. A range of which only one does covers, when
// it is resolved anew, the same times again, so it is replayed once.
func (c *Config) relativeRange() bool { return relative(c.Start) && relative(c.End) }

// canonical is the text of a time, one for each of those that mean the same moment.
func canonical(s string) string {
	if m, err := parseTime(s); err == nil && m.relative == nil {
		return m.at.UTC().Format(time.RFC3339Nano)
	}
	return s
}

// timeRange returns the range in nanoseconds since the Unix epoch, as it is at a moment.
func (c *Config) timeRange(now time.Time) (start, end int64, err error) {
	from, err := parseTime(c.Start)
	if err != nil {
		return 0, 0, fmt.Errorf("start: %w", err)
	}
	to, err := parseTime(c.End)
	if err != nil {
		return 0, 0, fmt.Errorf("end: %w", err)
	}
	return from.resolve(now).UnixNano(), to.resolve(now).UnixNano(), nil
}

// request returns what to scan for, without the times.
func (c *Config) request() (archive.ScanRequest, error) {
	query, err := c.query()
	if err != nil {
		return archive.ScanRequest{}, fmt.Errorf("selector %q: %w", c.Selector, err)
	}
	req, err := archivesource.NewMapper(c.StreamLabels).Filter(query)
	if err != nil {
		return archive.ScanRequest{}, fmt.Errorf("selector %q: %w", c.Selector, err)
	}
	if len(c.Tenants) > 0 {
		object := req.Object
		req.Object = func(o *archive.ObjectMeta) bool {
			return slices.Contains(c.Tenants, o.Tenant) && (object == nil || object(o))
		}
	}
	return req, nil
}

// identity is the part of the configuration that makes a replay what it is: a checkpoint is of use to the same one only.
func (c *Config) identity(bucketName string) (identity, error) {
	query, err := c.query()
	if err != nil {
		return identity{}, err
	}
	tenants, labels := slices.Clone(c.Tenants), slices.Clone(c.StreamLabels)
	slices.Sort(tenants)
	slices.Sort(labels)
	return identity{
		Bucket: bucketName, Start: canonical(c.Start), End: canonical(c.End), Selector: query.String(),
		Tenants: slices.Compact(tenants), StreamLabels: slices.Compact(labels),
	}, nil
}
