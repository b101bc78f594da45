// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/logboom/logboom/internal/bucket"
	"github.com/logboom/logboom/internal/compactor"
	"github.com/logboom/logboom/internal/losses"
)

const overviewPath = "/logboom/api/v1/overview"

func readOverview(t testing.TB, status int, body string) overviewJSON {
	t.Helper()
	require.Equal(t, http.StatusOK, status, body)
	var out struct {
		Status   string
		Data     overviewJSON
		Warnings []string
	}
	require.NoError(t, json.Unmarshal([]byte(body), &out), body)
	assert.Equal(t, "success", out.Status)
	assert.Empty(t, out.Warnings)
	return out.Data
}

func overviewOf(t testing.TB, h http.Handler, kv ...string) overviewJSON {
	t.Helper()
	status, body := ask(t, h, overviewPath, kv...)
	return readOverview(t, status, body)
}

func TestOverview(t *testing.T) {
	h := shopAPI(t, nil)
	o := overviewOf(t, h)
	assert.EqualValues(t, 60, o.Archive.Records)
	assert.Equal(t, 1, o.Archive.Objects)
	assert.Positive(t, o.Archive.Bytes)
	assert.Positive(t, o.Archive.RawBytes)
	assert.Equal(t, stamp(base.UnixNano()), o.Archive.Oldest)
	assert.Equal(t, stamp(base.Add(59*time.Second).UnixNano()), o.Archive.Newest)
	assert.Equal(t, base.UnixMilli(), o.StartMS)
	assert.GreaterOrEqual(t, o.EndMS, base.Add(59*time.Second).UnixMilli())
	require.Len(t, o.Services, 2)
	assert.Equal(t, 2, o.ServicesTotal)
	checkout, cart := o.Services[0], o.Services[1]
	assert.Equal(t, "checkout", checkout.Name)
	assert.EqualValues(t, 40, checkout.Records)
	assert.InDelta(t, 40, checkout.Represents, 1e-9)
	assert.Equal(t, "cart", cart.Name)
	assert.EqualValues(t, 20, cart.Records)
	assert.EqualValues(t, 6, checkout.Levels["error"]+cart.Levels["error"])
	assert.EqualValues(t, 54, checkout.Levels["info"]+cart.Levels["info"])
	bytes := int64(0)
	for i := range 60 {
		if i%3 == 2 {
			bytes += int64(len(fmt.Sprintf(`level=info msg="item %d" took=%dms`, i, i)))
		}
	}
	assert.Equal(t, bytes, cart.Bytes)
	for _, s := range o.Services {
		assert.Len(t, s.Samples, int((o.EndMS-o.StartMS)/o.StepMS))
		sum := int64(0)
		for _, n := range s.Samples {
			sum += n
		}
		assert.Equal(t, s.Records, sum)
		assert.Nil(t, s.Silent)
	}
	assert.False(t, o.Retention.Known)
	assert.NotEmpty(t, o.Retention.Text)
	assert.Empty(t, o.Losses)
	assert.NotEmpty(t, o.LossesText)

	o = overviewOf(t, h, "limit", "1")
	assert.Len(t, o.Services, 1)
	assert.Equal(t, 2, o.ServicesTotal)
	o = overviewOf(t, h, "start", stamp(base.Add(time.Hour).UnixNano()), "end", stamp(base.Add(2*time.Hour).UnixNano()))
	assert.Empty(t, o.Services, "of that time")
	assert.EqualValues(t, 60, o.Archive.Records, "of all times")
	for _, bad := range [][]string{{"limit", "0"}, {"start", "x"}, {"step", "1ms", "start", "0", "end", "10"}, {"start", "10", "end", "5"}} {
		status, body := ask(t, h, overviewPath, bad...)
		assert.Equal(t, http.StatusBadRequest, status, body)
	}
}

func TestOverviewOfNothing(t *testing.T) {
	o := overviewOf(t, newAPI(t, memory("empty"), nil))
	assert.Zero(t, o.Archive.Records)
	assert.Empty(t, o.Archive.Oldest)
	assert.NotNil(t, o.Services)
	assert.Empty(t, o.Services)
	assert.Nil(t, o.Archive.Silent)
}

// regular are records of a service from base on, so far apart, until a time.
func regular(ld plog.Logs, service string, apart, until time.Duration) {
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("service.name", service)
	records := rl.ScopeLogs().AppendEmpty().LogRecords()
	for at := time.Duration(0); at < until; at += apart {
		lr := records.AppendEmpty()
		lr.SetTimestamp(pcommon.NewTimestampFromTime(base.Add(at)))
		lr.Body().SetStr("tick")
	}
}

func TestOverviewTellsWhoIsSilent(t *testing.T) {
	ld := plog.NewLogs()
	regular(ld, "busy", 10*time.Second, 3*time.Hour)
	regular(ld, "died", 10*time.Second, 2*time.Hour)
	regular(ld, "hourly", 50*time.Minute, 2*time.Hour+31*time.Minute) // the next is not due yet
	regular(ld, "rare", 20*time.Minute, 2*time.Hour+50*time.Minute)
	regular(ld, "late", 10*time.Second, 3*time.Hour-4*time.Minute) // what an agent holds back for its next flush
	regular(ld, "once", time.Hour, time.Minute)
	url := memory("silent")
	writeArchive(t, url, 1, ld, base.Add(3*time.Hour))
	o := overviewOf(t, newAPI(t, url, nil))
	require.Len(t, o.Services, 6)
	for _, s := range o.Services {
		if s.Name != "died" {
			assert.Nil(t, s.Silent, s.Name)
			continue
		}
		require.NotNil(t, s.Silent)
		assert.Equal(t, s.Last, s.Silent.Since)
		assert.EqualValues(t, time.Minute.Milliseconds(), s.Silent.UsualGapMS)
		// Known to the minute that the archive counts by.
		var last int64
		_, err := fmt.Sscan(s.Last, &last)
		require.NoError(t, err)
		assert.WithinDuration(t, base.Add(2*time.Hour), time.Unix(0, last), time.Minute)
	}
	require.NotNil(t, o.Archive.Silent, "nothing has come since, and now is long after")
	assert.Equal(t, o.Archive.Newest, o.Archive.Silent.Since)

	// At an earlier time it was not.
	o = overviewOf(t, newAPI(t, url, nil), "start", stamp(base.UnixNano()), "end", stamp(base.Add(2*time.Hour).UnixNano()))
	assert.Nil(t, o.Archive.Silent)
	for _, s := range o.Services {
		assert.Nil(t, s.Silent, s.Name)
	}
}

func TestOverviewKeepsTenantsApart(t *testing.T) {
	asked := false
	metrics := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	defer metrics.Close()
	a := tenantArchive(t, func(cfg *Config) { cfg.PipelineMetrics = []string{metrics.URL} })
	identity, err := bucket.Identity(a.cfg.Bucket)
	require.NoError(t, err)
	a.host = tellers{fakeTeller{identity, compactor.Retention{
		Rules: []compactor.Rule{{Tenant: "globex", MaxAge: time.Hour}, {Tenant: "ac*", Service: "cart", MaxAge: 48 * time.Hour}},
		Holds: []compactor.Hold{{Tenant: "globex", Reason: "lawsuit"}},
	}}}
	h := a.handler()
	status, body := askAs(t, h, "acme", overviewPath)
	o := readOverview(t, status, body)
	assert.NotContains(t, body, "globex")
	assert.NotContains(t, body, "lawsuit")
	assert.NotContains(t, body, a.cfg.Bucket.URL)
	assert.EqualValues(t, 60, o.Archive.Records)
	assert.EqualValues(t, 60, o.Archive.Uncommitted)
	require.Len(t, o.Services, 2)
	assert.EqualValues(t, 120, o.Services[0].Records+o.Services[1].Records)
	assert.True(t, o.Retention.Known)
	require.Len(t, o.Retention.Rules, 1)
	assert.Contains(t, o.Retention.Rules[0].Text, "deleted after 2 days")
	assert.NotEmpty(t, o.LossesText)
	assert.False(t, asked, "the metrics are of all tenants")
	status, _ = ask(t, h, overviewPath)
	assert.Equal(t, http.StatusUnauthorized, status)
}

// tellers is a host with these extensions.
type tellers []component.Component

func (h tellers) GetExtensions() map[component.ID]component.Component {
	all := map[component.ID]component.Component{}
	for i, e := range h {
		all[component.MustNewIDWithName("teller", fmt.Sprint(i))] = e
	}
	return all
}

type fakeTeller struct {
	identity  string
	retention compactor.Retention
}

func (fakeTeller) Start(context.Context, component.Host) error { return nil }
func (fakeTeller) Shutdown(context.Context) error              { return nil }

func (f fakeTeller) TellRetention(identity string) (compactor.Retention, bool, bool) {
	return f.retention, false, identity == f.identity
}

func TestRetentionOfTheArchive(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	cfg.Bucket.URL = memory("retention")
	a, err := newExtension(extensiontest.NewNopSettings(NewFactory().Type()), cfg)
	require.NoError(t, err)
	assert.False(t, a.retention(nil).Known, "no host yet")
	own, err := bucket.Identity(cfg.Bucket)
	require.NoError(t, err)
	a.host = tellers{fakeTeller{"another", compactor.Retention{MaxAge: time.Hour}}}
	assert.False(t, a.retention(nil).Known, "of another archive")
	a.host = tellers{fakeTeller{"another", compactor.Retention{MaxAge: time.Hour}}, fakeTeller{own, compactor.Retention{MaxAge: 30 * day}}}
	r := a.retention(nil)
	assert.True(t, r.Known)
	assert.Equal(t, "Records are deleted after 30 days, unless a rule says otherwise.", r.Text)
	a.host = tellers{fakeTeller{own, compactor.Retention{Rules: []compactor.Rule{
		{Service: "cart", MaxSeverity: 8, MaxAge: day}, {MaxSeverity: 10, MaxAge: 36 * time.Hour}, {Service: "ledger"},
	}}}}
	r = a.retention(nil)
	assert.Equal(t, "Records stay, unless a rule says otherwise.", r.Text)
	require.Len(t, r.Rules, 3)
	assert.Equal(t, `records of service "cart" of severity debug and below: deleted after 1 day`, r.Rules[0].Text)
	assert.Equal(t, "records of severity 10 and below: deleted after 36h0m0s", r.Rules[1].Text)
	assert.Equal(t, `records of service "ledger": kept for good`, r.Rules[2].Text)
	a.host = tellers{fakeTeller{own, compactor.Retention{}}}
	assert.Equal(t, "Nothing is deleted for its age or size.", a.retention(nil).Text)
}

func TestOverviewTellsWhatWasLost(t *testing.T) {
	metrics := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, `otelcol_processor_redact_findings{action="mask",detector="payment_card"} 9`)
	}))
	defer metrics.Close()
	o := overviewOf(t, shopAPI(t, func(cfg *Config) { cfg.PipelineMetrics = []string{metrics.URL, "http://127.0.0.1:1/metrics"} }))
	require.Len(t, o.Losses, 1)
	assert.Equal(t, losses.Redacted, o.Losses[0].Kind)
	assert.Equal(t, "payment_card", o.Losses[0].Reason)
	assert.EqualValues(t, 9, o.Losses[0].Records)
	require.Len(t, o.Pipelines, 2)
	assert.True(t, o.Pipelines[0].Reachable)
	assert.False(t, o.Pipelines[1].Reachable)
	assert.True(t, strings.Contains(o.Pipelines[1].Error, "refused") || o.Pipelines[1].Error != "")
}
