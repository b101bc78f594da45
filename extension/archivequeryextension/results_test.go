// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/internal/bucket"
	"github.com/logboom/logboom/internal/compactor"
)

// chart is a dashboard's query over an hour of which the shop's records are one minute, and what it says.
type chart struct {
	t *testing.T
	h http.Handler
}

type chartResult struct {
	total                    float64 // of all points
	requested, found, stored int
}

func (c chart) ask(query string) (r chartResult) {
	code, body := ask(c.t, c.h, "/loki/api/v1/query_range", "query", query,
		"start", fmt.Sprint(base.Add(-5*time.Minute).Unix()), "end", fmt.Sprint(base.Add(54*time.Minute).Unix()), "step", "30s")
	require.Equal(c.t, http.StatusOK, code, body)
	var v struct {
		Data struct {
			Result []struct{ Values [][2]any }
			Stats  struct {
				Cache struct {
					Result struct{ EntriesRequested, EntriesFound, EntriesStored int }
				}
			}
		}
	}
	require.NoError(c.t, json.Unmarshal([]byte(body), &v))
	for _, s := range v.Data.Result {
		for _, p := range s.Values {
			var n float64
			_, err := fmt.Sscan(p[1].(string), &n)
			require.NoError(c.t, err)
			r.total += n
		}
	}
	cache := v.Data.Stats.Cache.Result
	r.requested, r.found, r.stored = cache.EntriesRequested, cache.EntriesFound, cache.EntriesStored
	return r
}

// TestResultsAreKept follows a chart through all that changes an archive: what is kept is used as long as it is true, and what
// comes late, is erased or is too old shows in the next answer.
func TestResultsAreKept(t *testing.T) {
	where := memory("results")
	writeArchive(t, where, 1, shopLogs(), base.Add(2*time.Minute))
	cfg := createDefaultConfig().(*Config)
	cfg.Bucket.URL = where
	a, err := newExtension(extensiontest.NewNopSettings(NewFactory().Type()), cfg)
	require.NoError(t, err)
	a.bucket, err = bucket.Open(t.Context(), cfg.Bucket)
	require.NoError(t, err)
	refresh := func() { require.NoError(t, a.refresh(context.Background())) }
	refresh()
	c := chart{t, a.handler()}
	// Windows as long as steps count each record once, but for those between the last step and the end.
	queries := []string{
		`sum by (service_name) (count_over_time({service_name=~".+"}[30s]))`,
		`sum by (k8s_namespace_name) (count_over_time({service_name=~".+"}[30s]))`,
		`sum(count_over_time({service_name=~".+"} != "nothing" [30s]))`,
	}
	expect := func(what string, total float64, found func(r chartResult) bool) {
		for _, q := range queries {
			r := c.ask(q)
			require.InDelta(t, total, r.total, 1e-9, "%s: %s", what, q)
			require.Positive(t, r.requested)
			require.True(t, found(r), "%s: %+v", what, r)
		}
	}
	none := func(r chartResult) bool { return r.found == 0 && r.stored == r.requested }
	all := func(r chartResult) bool { return r.found == r.requested && r.stored == 0 }
	some := func(r chartResult) bool {
		return 0 < r.found && r.found < r.requested && r.found+r.stored == r.requested
	}

	expect("first", 60, none)
	expect("again", 60, all)
	r := httptest.NewRequest(http.MethodGet, "/loki/api/v1/query_range?"+url.Values{
		"query": {queries[0]}, "start": {fmt.Sprint(base.Add(-5 * time.Minute).Unix())}, "end": {fmt.Sprint(base.Add(54 * time.Minute).Unix())}, "step": {"30s"},
	}.Encode(), http.NoBody)
	r.Header.Set("Cache-Control", "no-cache")
	w := httptest.NewRecorder()
	c.h.ServeHTTP(w, r)
	require.Equal(t, http.StatusOK, w.Code)
	require.Contains(t, w.Body.String(), `"entriesRequested":0`, "who does not want it")

	// Late records, of two minutes within the hour.
	late := plog.NewLogs()
	rl := late.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("service.name", "late")
	records := rl.ScopeLogs().AppendEmpty().LogRecords()
	for i := range 6 {
		lr := records.AppendEmpty()
		lr.SetTimestamp(pcommon.NewTimestampFromTime(base.Add(time.Duration(20+i/3)*time.Minute + time.Duration(i)*time.Second)))
		lr.Body().SetStr("late")
	}
	writeArchive(t, where, 2, late, base.Add(40*time.Minute))
	expect("not seen yet", 60, all)
	refresh()
	expect("late records", 66, some)
	expect("late records again", 66, all)

	// Records that are accepted and not committed: nothing of their time is kept, and what was kept elsewhere is used.
	a.fresh.open("here")
	held := &writer{batch: archive.NewBatch(late, base, archive.BatchOptions{})}
	detach := a.fresh.attach("here", held)
	expect("not committed", 72, func(r chartResult) bool { return r.found > 0 && r.found == r.requested && r.stored == 0 })
	detach()
	expect("not committed any more", 66, all)

	now := base.Add(5 * time.Hour)
	config := compactor.DefaultConfig()
	config.TargetBytes = 1 << 20 // no object is too small to be written anew
	config.Holder, config.Compression, config.Now = "test", archive.CompressionDefault, func() time.Time { return now }
	maintain := func(change func(*compactor.Config)) *compactor.Compactor {
		if change != nil {
			change(&config)
		}
		m, err := compactor.New(a.bucket, config)
		require.NoError(t, err)
		return m
	}
	report, err := maintain(nil).Compact(t.Context())
	require.NoError(t, err)
	require.Positive(t, report.Merges)
	refresh()
	expect("merged", 66, some)
	expect("merged, again", 66, all)

	match, err := compactor.ParseMatch(`service_name="cart"`)
	require.NoError(t, err)
	erased, err := maintain(nil).Erase(t.Context(), compactor.EraseRequest{Match: match})
	require.NoError(t, err)
	require.EqualValues(t, 20, erased.Rows)
	refresh()
	expect("erased", 46, some)
	expect("erased, again", 46, all)

	_, err = maintain(func(c *compactor.Config) { c.Retention.MaxAge = time.Hour }).Retain(t.Context(), false)
	require.NoError(t, err)
	refresh()
	expect("too old", 0, some)
}

// TestResultsOfDamage: an answer that lacks something is not kept.
func TestResultsOfDamage(t *testing.T) {
	url := memory("damage")
	writeArchive(t, url, 1, shopLogs(), base.Add(2*time.Minute))
	cfg := createDefaultConfig().(*Config)
	cfg.Bucket.URL = url
	a, err := newExtension(extensiontest.NewNopSettings(NewFactory().Type()), cfg)
	require.NoError(t, err)
	a.bucket, err = bucket.Open(t.Context(), cfg.Bucket)
	require.NoError(t, err)
	require.NoError(t, a.refresh(t.Context()))
	objects, _ := a.reader.Load().Snapshot().Objects(t.Context(), 0, base.Add(time.Hour).UnixNano())
	require.Len(t, objects, 1)
	body := make([]byte, objects[0].Bytes)
	_, err = a.bucket.ReadRange(t.Context(), objects[0].Key, body, 0)
	require.NoError(t, err)
	require.NoError(t, a.bucket.Delete(t.Context(), objects[0].Key))
	c := chart{t, a.handler()}
	query := `sum by (scope_name) (count_over_time({service_name=~".+"}[30s]))`
	code, text := ask(t, c.h, "/loki/api/v1/query_range", "query", query, "start", fmt.Sprint(base.Unix()), "end", fmt.Sprint(base.Add(time.Hour).Unix()), "step", "30s")
	require.Equal(t, http.StatusOK, code)
	require.Contains(t, text, `"warnings":["partial result: `)
	r := c.ask(query)
	require.Zero(t, r.total)
	require.Zero(t, r.stored)
	require.NoError(t, a.bucket.Create(t.Context(), objects[0].Key, body))
	r = c.ask(query)
	require.InDelta(t, 60, r.total, 1e-9)
	require.Zero(t, r.found)
	require.Equal(t, r.requested, r.stored)
}
