// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"math"
	"strconv"
	"time"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/internal/losses"
	"github.com/logboom/logboom/logql"
)

const (
	// overviewSpan is how far an overview looks back that does not say.
	overviewSpan = 7 * day
	// maxOverviewBuckets bounds the steps of an overview: every service has them.
	maxOverviewBuckets = 500
	// defaultOverviewServices is how many services are listed, the largest ones, of a request that does not say; maxOverviewServices
	// bounds those that are told apart.
	defaultOverviewServices, maxOverviewServices = 500, 5000
	// maxOverviewManifests bounds the lists of objects that are read for a number that is nice to have.
	maxOverviewManifests = 31
	// tenantWindow is of how much time, in ns, the objects of tenants are looked at at once.
	tenantWindow = int64(31 * day)
)

// overviewJSON says what is in the archive, what is missing there, and why.
type overviewJSON struct {
	Archive       archiveJSON           `json:"archive"`
	StartMS       int64                 `json:"start_ms"`
	EndMS         int64                 `json:"end_ms"`
	StepMS        int64                 `json:"step_ms"`
	Services      []serviceJSON         `json:"services"`
	ServicesTotal int                   `json:"services_total"` // with those that are not listed
	Retention     retentionJSON         `json:"retention"`
	Losses        []losses.Loss         `json:"losses"`
	LossesText    string                `json:"losses_text,omitempty"` // why there are none
	Pipelines     []losses.SourceStatus `json:"pipelines"`
	Notices       []noticeJSON          `json:"notices"`
}

// archiveJSON is about all of the archive that the request's tenants may see, whatever the time range.
type archiveJSON struct {
	Bucket      string      `json:"bucket,omitempty"` // its URL, without credentials; not with tenants, whom it does not concern
	Records     int64       `json:"records"`
	Bytes       int64       `json:"bytes"` // of the objects
	RawBytes    int64       `json:"raw_bytes,omitempty"`
	Objects     int         `json:"objects"`
	Uncommitted int64       `json:"uncommitted"` // records beside these that wait for a flush
	Oldest      string      `json:"oldest"`      // ns; empty without records
	Newest      string      `json:"newest"`
	Checkpoint  string      `json:"checkpoint,omitempty"` // when the compactor summed up the commit log last, ns
	Silent      *silentJSON `json:"silent"`
}

func stamp(ns int64) string { return strconv.FormatInt(ns, 10) }

// overview answers from counts that the objects carry: no record is read but notices.
func (c *call) overview() (answer, error) {
	limit, err := c.p.number("limit", defaultOverviewServices, maxOverviewServices)
	if err != nil {
		return answer{}, err
	}
	var told []losses.Loss
	var pipelines []losses.SourceStatus
	asked := make(chan struct{})
	if err := c.acquire(); err != nil {
		return answer{}, err
	}
	go func() { // beside the archive
		defer close(asked)
		if !c.a.cfg.Tenants.Enabled {
			told, pipelines = c.a.losses.Read(c.ctx)
		}
	}()
	defer func() { <-asked }()
	s := c.source.Snapshot()
	held, err := c.archiveTotals(s)
	if err != nil {
		return answer{}, err
	}
	g, err := c.overviewGrid(held)
	if err != nil {
		return answer{}, err
	}
	census := newCensus(&g)
	if g.n > 0 {
		if err := c.source.EachResources(c.ctx, archive.ResourceRequest{Start: g.start, End: g.end, Bytes: true}, census.add); err != nil {
			return answer{}, err
		}
	}
	out := overviewJSON{
		Archive: held.json(c.a.bucket.Name()), StartMS: g.first / int64(time.Millisecond),
		EndMS: (g.first + int64(g.n)*g.step) / int64(time.Millisecond), StepMS: g.step / int64(time.Millisecond),
		Retention: c.a.retention(c.tenants), Notices: []noticeJSON{},
	}
	out.Services, out.ServicesTotal = census.services(min(held.newest, c.start.UnixNano(), g.end), limit)
	out.Archive.Silent = census.silence(held.newest, c.start.UnixNano(), g.end)
	if g.n > 0 {
		all, err := logql.ParseLog(everything)
		if err != nil {
			return answer{}, err
		}
		if out.Notices, err = c.notices(all.Matchers, g.start, g.end); err != nil {
			return answer{}, err
		}
	}
	<-asked
	out.Losses, out.Pipelines = told, pipelines
	switch {
	case c.a.cfg.Tenants.Enabled:
		out.LossesText = "the metrics of the pipelines are of all tenants, so that none are shown here"
		out.Losses, out.Pipelines = []losses.Loss{}, []losses.SourceStatus{}
		out.Archive.Bucket = ""
	case len(c.a.cfg.PipelineMetrics) == 0:
		out.LossesText = "pipeline_metrics names no address to ask"
	}
	return c.success(&out), nil
}

// overviewGrid reads the time range. Without one it is the last week of what the archive holds.
func (c *call) overviewGrid(held *archiveTotals) (timeGrid, error) {
	if c.p.get("start") == "" && c.p.get("end") == "" && c.p.get("since") == "" {
		if held.empty() {
			return timeGrid{step: int64(time.Minute)}, nil
		}
		span := int64(overviewSpan)
		if c.limit.span > 0 {
			span = min(span, int64(c.limit.span))
		}
		end := held.newest
		if now := c.start.UnixNano(); end > now && held.oldest <= now {
			end = now // a record from the future does not hide the present
		}
		if end < math.MaxInt64 {
			end++
		}
		start := held.oldest
		if end-start > span || end-start < 0 {
			start = end - span
		}
		return c.boundedGrid(start, end)
	}
	start, end, err := c.bounds(overviewSpan)
	if err != nil {
		return timeGrid{}, err
	}
	return c.boundedGrid(start.UnixNano(), end.UnixNano())
}

func (c *call) boundedGrid(start, end int64) (timeGrid, error) {
	if c.p.get("step") == "" && uint64(end)-uint64(start) <= wantedBuckets*uint64(time.Minute) { //nolint:gosec // as in gridOf
		c.p.values.Set("step", "1m") // what the archive counts by
	}
	g, err := c.gridOf(start, end)
	if err == nil && g.n > maxOverviewBuckets {
		err = badRequestf("an overview has at most %d steps: use a longer one", maxOverviewBuckets)
	}
	return g, err
}

// archiveTotals are sums over the live objects.
type archiveTotals struct {
	objects          int
	rows, bytes, raw int64
	uncommitted      int64
	oldest, newest   int64 // oldest > newest: there are no records
	checkpoint       int64
}

func (t *archiveTotals) empty() bool { return t.oldest > t.newest }

func (t *archiveTotals) times(from, to int64) {
	t.oldest, t.newest = min(t.oldest, from), max(t.newest, to)
}

func (t *archiveTotals) json(bucket string) archiveJSON {
	out := archiveJSON{
		Bucket: bucket, Records: t.rows, Bytes: t.bytes, RawBytes: t.raw, Objects: t.objects, Uncommitted: t.uncommitted,
	}
	if !t.empty() {
		out.Oldest, out.Newest = stamp(t.oldest), stamp(t.newest)
	}
	if t.checkpoint > 0 {
		out.Checkpoint = stamp(t.checkpoint)
	}
	return out
}

// archiveTotals sums up the archive: from what is known without reading lists of objects, as far as that is all tenants'.
func (c *call) archiveTotals(s *archive.Snapshot) (*archiveTotals, error) {
	t := &archiveTotals{oldest: math.MaxInt64, newest: math.MinInt64}
	for _, f := range s.Fresh() {
		t.uncommitted += f.Rows
		if f.MinTime > math.MinInt64 { // else the times are not known
			t.times(f.MinTime, f.MaxTime)
		}
	}
	oldest, newest := int64(math.MaxInt64), int64(math.MinInt64)
	lists := 0
	if base := s.Checkpoint(); base != nil {
		t.checkpoint = base.Time
		lists = len(base.Manifests)
		for i := range base.Manifests {
			oldest, newest = min(oldest, base.Manifests[i].MinTime), max(newest, base.Manifests[i].MaxTime)
		}
	}
	switch {
	case c.a.cfg.Tenants.Enabled:
		return t, c.addTenants(t, oldest, newest)
	case lists <= maxOverviewManifests:
		c.addObjects(t, math.MinInt64, math.MaxInt64)
		return t, c.ctx.Err()
	}
	t.objects, t.rows, t.bytes = s.Totals()
	t.times(oldest, newest)
	for _, at := range [][2]int64{{math.MinInt64, oldest}, {newest, math.MaxInt64}} { // behind the checkpoint
		for _, o := range c.source.Objects(c.ctx, at[0], at[1]) {
			t.times(o.MinTime, o.MaxTime)
		}
	}
	return t, c.ctx.Err()
}

// addObjects adds the objects that begin in a range.
func (c *call) addObjects(t *archiveTotals, from, to int64) {
	for _, o := range c.source.Objects(c.ctx, from, to) {
		if o.MinTime < from {
			continue
		}
		t.objects++
		t.rows += o.Rows
		t.bytes += o.Bytes
		t.raw += o.RawBytes
		t.times(o.MinTime, o.MaxTime)
	}
}

// addTenants adds the objects of the call's tenants, of a window of time after the other: an archive may list more than fits.
func (c *call) addTenants(t *archiveTotals, oldest, newest int64) error {
	from := int64(math.MinInt64)
	if oldest <= newest && newest-oldest >= 0 && newest-oldest < 1000*tenantWindow {
		for at := oldest; at < newest-tenantWindow && c.ctx.Err() == nil; at += tenantWindow {
			c.addObjects(t, from, at+tenantWindow)
			from = at + tenantWindow
		}
	}
	c.addObjects(t, from, math.MaxInt64)
	return c.ctx.Err()
}
