// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package compactor

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/archive"
)

func TestParseMatch(t *testing.T) {
	m, err := ParseMatch(`user_id="u-17" and service_name="cart", body contains "a \"b\"" `)
	require.NoError(t, err)
	assert.Equal(t, []Term{{Field: "user_id", Value: "u-17"}, {Field: "service_name", Value: "cart"}, {Field: "body", Value: `a "b"`, Contains: true}}, m.Terms)
	again, err := ParseMatch(m.String())
	require.NoError(t, err)
	assert.Equal(t, m, again)
	assert.Equal(t, "user_id, service_name, body", m.Fields())
	for _, text := range []string{"", " ", "user", "user=", "user=x", `user=""`, `="x"`, `user="x" or y="z"`, `user="x",`, `user="x" and `, `user contains "x"`, `user="x`} {
		_, err := ParseMatch(text)
		assert.Error(t, err, text)
	}
}

func TestParseMatchNamesTheOperator(t *testing.T) {
	for text, operator := range map[string]string{
		`user_id!="u-7"`: "!=", `user_id =~ "u"`: "=~", `user_id>"7"`: ">", `user_id >= "7"`: ">=", `body !~ "x"`: "!~", `a="b" and c!="d"`: "!=",
	} {
		_, err := ParseMatch(text)
		require.ErrorContains(t, err, "operator "+operator+" after ", text)
		require.ErrorIs(t, err, errMatch)
	}
	for _, text := range []string{`user!id="u"`, `a,b="u"`, `a\b="u"`, `{a="u"}`, `"a"="u"`} {
		_, err := ParseMatch(text)
		require.ErrorIs(t, err, errMatch, text)
	}
	for _, key := range []string{"user.id", "k8s.pod.labels[app]", "a-b/c:d", "größe", "_x1"} {
		m, err := ParseMatch(key + `="u"`)
		require.NoError(t, err)
		assert.Equal(t, []Term{{Field: key, Value: "u"}}, m.Terms)
	}
	m := Match{Terms: []Term{{Field: "user_id!", Value: "u"}}}
	require.ErrorContains(t, m.Validate(), `condition on "user_id!": a key has letters, digits and any of`)
}

func FuzzParseMatch(f *testing.F) {
	f.Add(`user_id="u-17" and service_name="cart", body contains "a \"b\""`)
	f.Fuzz(func(t *testing.T, text string) {
		m, err := ParseMatch(text)
		if err != nil {
			return
		}
		again, err := ParseMatch(m.String())
		require.NoError(t, err)
		assert.Equal(t, m, again)
	})
}

func TestMatchRecords(t *testing.T) {
	record := &archive.Record{
		ServiceName: "cart", TraceID: "0af7651916cd43dd8448eb211c80319c", SpanID: "b7ad6b7169203331", Body: "paid with card",
		LogAttributes:      []archive.Attribute{{Key: "user.id", Value: "u-17"}, {Key: "trace_id", Value: "X"}},
		ResourceAttributes: []archive.Attribute{{Key: "host", Value: "h1"}},
		ScopeAttributes:    []archive.Attribute{{Key: "scope_key", Value: "s"}},
	}
	for text, want := range map[string]bool{
		`user_id="u-17"`: true, `user.id="u-17"`: true, `user_id="u-1"`: false, `service_name="cart"`: true, `service_name="car"`: false,
		`trace_id="0AF7651916CD43DD8448EB211C80319C"`: true, `trace_id="X"`: true, `trace_id="Y"`: false, `span_id="b7ad6b7169203331"`: true,
		`body contains "with"`: true, `body contains "without"`: false, `body="paid with card"`: true, `body="paid"`: false,
		`host="h1" and scope.key="s"`: true, `host="h1" and user_id="x"`: false,
	} {
		m, err := ParseMatch(text)
		require.NoError(t, err)
		assert.Equal(t, want, m.Record(record), text)
	}
}

func eraseRig(t *testing.T) *rig {
	r := newRig(t)
	for i := range 4 {
		list := lines(30, fmt.Sprint("a", i), "cart", 9, start.Add(time.Duration(i%2)*time.Hour+time.Duration(i)*time.Minute))
		if i < 2 {
			list[3].user, list[7].user, list[8].user = "u-17", "u-17", "u-18"
		}
		r.write("w", list...)
	}
	r.write("w", line{id: "who is u-17", service: "cart", severity: 9, at: start.Add(time.Minute)})
	return r
}

func TestErase(t *testing.T) {
	for _, now := range []bool{false, true} {
		r := eraseRig(t)
		m, err := ParseMatch(`user_id="u-17"`)
		require.NoError(t, err)
		c := r.compactor(r.process(), nil)
		before := keysOf(r.live())
		plan, err := c.Erase(t.Context(), EraseRequest{Match: m, DryRun: true})
		require.NoError(t, err)
		assert.Equal(t, 2, plan.Objects)
		assert.EqualValues(t, 4, plan.Rows)
		assert.Equal(t, before, keysOf(r.live()))

		report, err := c.Erase(t.Context(), EraseRequest{Match: m, Now: now})
		require.NoError(t, err)
		assert.Equal(t, 2, report.Objects)
		assert.EqualValues(t, 4, report.Rows)
		assert.Equal(t, 5, report.Scanned)
		assert.Zero(t, report.Left)
		assert.EqualValues(t, 1, report.Mentions, "in the body of another record")
		assert.Len(t, report.MentionedIn, 1)
		keep := func(l line) bool { return l.user != "u-17" }
		r.check(keep)
		if now {
			assert.Zero(t, report.Pending)
			assert.Len(t, r.store.keys("logs/"), 5)
		} else {
			assert.Equal(t, 2, report.Pending)
			assert.Len(t, r.store.keys("logs/"), 7)
			r.now = r.now.Add(r.config().Grace + time.Hour)
			_, err := c.Compact(t.Context())
			require.NoError(t, err)
		}
		for _, key := range r.store.keys("logs/") { // page for page, since bytes are compressed
			for _, o := range r.live() {
				if o.Key == key {
					require.NoError(t, archive.VerifyObject(t.Context(), r.process(), o))
				}
			}
		}
		for _, d := range r.audit() {
			assert.Equal(t, "predicate on user_id", d.Why, "without the value")
		}
		assert.Len(t, r.audit(), 2)
		r.check(keep)
	}
}

func TestEraseRefusesWhatIsHeld(t *testing.T) {
	r := eraseRig(t)
	m, err := ParseMatch(`user_id="u-17"`)
	require.NoError(t, err)
	c := r.compactor(r.process(), func(c *Config) {
		c.Retention.Holds = []Hold{{Service: "cart", From: start, To: start.Add(30 * time.Minute), Reason: "case 9"}}
	})
	before := r.live()
	_, err = c.Erase(t.Context(), EraseRequest{Match: m, Now: true})
	require.ErrorIs(t, err, ErrHeld)
	require.ErrorContains(t, err, `case 9 (hold of every tenant, service "cart" from 2026-11-23T08:00:00Z to 2026-11-23T08:30:00Z)`)
	planned, err := c.Erase(t.Context(), EraseRequest{Match: m, DryRun: true})
	require.ErrorIs(t, err, ErrHeld)
	assert.Positive(t, planned.Rows)
	assert.Positive(t, planned.Objects)
	assert.Equal(t, keysOf(before), keysOf(r.live()))
	r.check(nil)
}

func TestEraseOfWhatCannotBeReadSaysSo(t *testing.T) {
	r := eraseRig(t)
	m, err := ParseMatch(`body contains "u-17"`)
	require.NoError(t, err)
	gone := r.live()[2].Key
	delete(r.store.objects, gone)
	c := r.compactor(r.process(), nil)
	report, err := c.Erase(t.Context(), EraseRequest{Match: m, Now: true})
	require.ErrorIs(t, err, ErrNotErased)
	assert.NotEmpty(t, report.Errors)
	require.ErrorContains(t, err, gone)
	assert.EqualValues(t, 1, report.Rows, "what can be is erased")
}

func TestRepair(t *testing.T) {
	r := eraseRig(t)
	r.store.objects["logs/date=2026-11-23/hour=08/w-0-1-1-0123456789abcdef.parquet"] = []byte("orphan")
	live := r.live()
	delete(r.store.objects, live[0].Key)
	cut := r.store.objects[live[1].Key]
	r.store.objects[live[1].Key] = cut[:len(cut)-10]
	c := r.compactor(r.process(), nil)
	dry, err := c.Repair(t.Context(), RepairRequest{DryRun: true, RemoveMissing: true})
	require.NoError(t, err)
	assert.Len(t, dry.Missing, 1)
	assert.Equal(t, keysOf(live), keysOf(r.live()))

	report, err := c.Repair(t.Context(), RepairRequest{})
	require.NoError(t, err)
	assert.Equal(t, 5, report.Objects)
	assert.Equal(t, live[0].Key, report.Missing[0].Key)
	assert.Equal(t, live[1].Key, report.Damaged[0].Key)
	assert.Equal(t, 1, report.Orphans)
	assert.Len(t, r.live(), 5, "nothing is removed unasked")

	r.store.objects[live[1].Key] = cut
	report, err = c.Repair(t.Context(), RepairRequest{RemoveMissing: true})
	require.NoError(t, err)
	assert.True(t, report.Removed)
	assert.Empty(t, report.Damaged)
	assert.Equal(t, keysOf(live[1:]), keysOf(r.live()))
	require.Len(t, r.audit(), 1)
	assert.Equal(t, "missing", r.audit()[0].Action)
	assert.Len(t, bodies(t, r.open().Snapshot()), len(r.written)-int(live[0].Rows))
}

// TestRepairMakesIndexes takes the index out of what a commit says of an object, as if a writer knew none.
func TestRepairMakesIndexes(t *testing.T) {
	r := newRig(t)
	r.bare = true
	r.write("w", lines(20, "a", "cart", 9, start)...)
	require.Nil(t, r.live()[0].Index)
	c := r.compactor(r.process(), nil)
	report, err := c.Repair(t.Context(), RepairRequest{})
	require.NoError(t, err)
	assert.Equal(t, 1, report.Unindexed)
	require.Len(t, r.live(), 1)
	assert.NotNil(t, r.live()[0].Index)
	r.check(nil)
}

func TestRepairRebuildsManifests(t *testing.T) {
	for _, gone := range []bool{false, true} {
		r := eraseRig(t)
		tenant := lines(5, "t", "cart", 9, start)
		wide := lines(5, "wide", "cart", 9, start.Add(-1000*time.Hour))
		for i := range tenant {
			tenant[i].tenant, wide[i].wide = "b/c", true
		}
		r.write("w", tenant...)
		r.write("w", wide...)
		c := r.compactor(r.process(), nil)
		_, err := c.Cycle(t.Context())
		require.NoError(t, err)
		r.now = r.now.Add(r.config().Grace + time.Hour)
		_, err = c.Cycle(t.Context())
		require.NoError(t, err)
		r.write("w", line{id: "behind", service: "cart", severity: 9, at: start})
		r.check(nil)
		before := keysOf(r.live())
		manifests := r.store.keys("_log/_manifest/")
		require.NotEmpty(t, manifests)
		for _, key := range manifests {
			if gone {
				delete(r.store.objects, key)
			} else {
				r.store.objects[key] = append([]byte("x"), r.store.objects[key]...)
			}
		}
		c = r.compactor(r.process(), nil)
		report, err := c.Cycle(t.Context())
		require.Error(t, err, "it says so")
		assert.Zero(t, report.Deleted["orphan"])
		assert.Subset(t, r.store.keys("logs/"), before, "and deletes nothing")

		dry, err := c.Repair(t.Context(), RepairRequest{DryRun: true})
		require.NoError(t, err)
		assert.Positive(t, dry.Rebuilt)
		mended, err := c.Repair(t.Context(), RepairRequest{})
		require.NoError(t, err)
		assert.Equal(t, dry.Rebuilt, mended.Rebuilt)
		assert.Empty(t, mended.Errors)
		r.check(nil)
		for _, o := range r.live() {
			assert.NotNil(t, o.Index)
			assert.NotNil(t, o.Counts)
		}
	}
}

func TestRepairDoesNotGuess(t *testing.T) {
	r := eraseRig(t)
	c := r.compactor(r.process(), nil)
	_, err := c.Cycle(t.Context())
	require.NoError(t, err)
	live := r.live()
	for _, key := range r.store.keys("_log/_manifest/") {
		delete(r.store.objects, key)
	}
	delete(r.store.objects, live[0].Key)
	c = r.compactor(r.process(), nil)
	_, err = c.Repair(t.Context(), RepairRequest{})
	require.ErrorIs(t, err, errCannotTell)
}

func TestTenantOfKeys(t *testing.T) {
	for key, want := range map[string]string{
		"logs/date=2026-11-23/hour=08/x": "", "logs/tenant=acme/date=x/y": "acme", "logs/tenant=b~2Fc/date=x/y": "b/c",
	} {
		got, ok := tenantOf(key)
		assert.True(t, ok)
		assert.Equal(t, want, got)
	}
	for _, key := range []string{"logs/tenant=~~0123/date=x", "logs/tenant=a~2/date=x", "logs/tenant=~zz/date=x"} {
		_, ok := tenantOf(key)
		assert.False(t, ok, key)
	}
}

// TestSlowChoresGoOn lets the clock run so fast that every draft is full with its first object.
func TestSlowChoresGoOn(t *testing.T) {
	r := eraseRig(t)
	m, err := ParseMatch(`user_id="u-17"`)
	require.NoError(t, err)
	c := r.compactor(r.process(), func(c *Config) { c.Retention.Rules = []Rule{{Service: "cart", MaxAge: time.Nanosecond}} })
	c.now = func() time.Time {
		r.now = r.now.Add(maxDraftTime)
		return r.now
	}
	report, err := c.Erase(t.Context(), EraseRequest{Match: m})
	require.NoError(t, err)
	assert.Equal(t, 2, report.Objects)
	r.check(func(l line) bool { return l.user != "u-17" })
	done, err := c.Retain(t.Context(), false)
	require.NoError(t, err)
	assert.Len(t, done.Due, 5)
	r.check(func(line) bool { return false })
}
