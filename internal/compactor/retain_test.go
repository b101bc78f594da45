// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package compactor

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/archive"
)

func TestMatchPattern(t *testing.T) {
	yes := func(pattern, text string) { t.Helper(); assert.True(t, match(pattern, text), "%q %q", pattern, text) }
	no := func(pattern, text string) { t.Helper(); assert.False(t, match(pattern, text), "%q %q", pattern, text) }
	yes("", "")
	yes("", "cart")
	yes("*", "")
	yes("*", "a/b")
	yes("cart", "cart")
	no("cart", "cart2")
	no("cart", "")
	yes("cart-*", "cart-")
	yes("cart-*", "cart-a*b")
	no("cart-*", "cart")
	yes("*-*-x", "a-b-c-x")
	no("*-*-x", "a-x")
	yes("?art", "cart")
	no("?art", "art")
	yes("a*?b", "axxb")
	no("a*?b", "ab")
	yes("**", "x")
}

// expires says what a retention means for one record, slowly and obviously.
func (r *Retention) expires(l line, now time.Time) bool {
	for _, h := range r.Holds {
		if match(h.Tenant, l.tenant) && match(h.Service, l.service) && (h.From.IsZero() || !l.at.Before(h.From)) && (h.To.IsZero() || l.at.Before(h.To)) {
			return false
		}
	}
	age := r.MaxAge
	for _, rule := range r.Rules {
		if match(rule.Tenant, l.tenant) && match(rule.Service, l.service) && (rule.MaxSeverity == 0 || l.severity > 0 && l.severity <= rule.MaxSeverity) {
			age = rule.MaxAge
			break
		}
	}
	return age > 0 && now.Sub(l.at) > age
}

func TestRetentionByRules(t *testing.T) {
	for _, merged := range []bool{false, true} {
		t.Run(fmt.Sprint("merged=", merged), func(t *testing.T) {
			r := newRig(t)
			hold := Hold{Service: "cart", From: start.Add(10 * time.Second), To: start.Add(12 * time.Second), Reason: "case 7"}
			retention := Retention{
				MaxAge: 100 * time.Hour,
				Rules:  []Rule{{Service: "audit", MaxAge: 0}, {Service: "c*", MaxSeverity: 8, MaxAge: 6 * time.Hour}},
				Holds:  []Hold{hold},
			}
			for i := range 3 {
				at := start.Add(time.Duration(i) * time.Hour)
				mixed := append(lines(20, fmt.Sprint("debug", i), "cart", 5, at), lines(20, fmt.Sprint("info", i), "cart", 9, at)...)
				mixed = append(mixed, lines(20, fmt.Sprint("audit", i), "audit", 5, at)...)
				mixed = append(mixed, lines(5, fmt.Sprint("unspecified", i), "cart", 0, at)...)
				r.write("w", mixed...)
				r.write("v", lines(20, fmt.Sprint("only", i), "cart", 1, at)...)
			}
			c := r.compactor(r.process(), func(c *Config) { c.Retention = retention })
			if merged {
				_, err := c.Cycle(t.Context())
				require.NoError(t, err)
			}
			r.check(nil)
			for _, hours := range []int{3, 1, 200} {
				r.now = r.now.Add(time.Duration(hours) * time.Hour)
				before := r.live()
				plan, err := c.Retain(t.Context(), true)
				require.NoError(t, err)
				assert.Equal(t, keysOf(before), keysOf(r.live()), "a dry run changes nothing")
				done, err := c.Retain(t.Context(), false)
				require.NoError(t, err)
				assert.Equal(t, plan, done, "and says exactly what will be")
				bytes := int64(0)
				for _, o := range before {
					bytes += o.Bytes
				}
				for _, o := range r.live() {
					bytes -= o.Bytes
				}
				assert.Equal(t, bytes, done.Bytes)
				assert.NotEmpty(t, done.Due)
				r.check(func(l line) bool {
					// A class of an object goes when all of it is due.
					last := l.at.Truncate(time.Hour).Add(20 * time.Second)
					return !retention.expires(l, r.now) || r.now.Sub(last) < 6*time.Hour
				})
				for _, due := range done.Due {
					assert.NotEmpty(t, due.Why)
				}
			}
			left, err := c.Retain(t.Context(), true)
			require.NoError(t, err)
			assert.Empty(t, left.Due)
			audit := r.audit()
			rows := int64(0)
			for _, d := range audit {
				assert.Equal(t, "retention", d.Action)
				rows += d.Rows
			}
			assert.EqualValues(t, len(r.written)-len(bodies(t, r.open().Snapshot())), rows, "the audit has every record that went")
		})
	}
}

func keysOf(list []*archive.ObjectMeta) (keys []string) {
	for _, o := range list {
		keys = append(keys, o.Key)
	}
	return keys
}

// audit reads what was written about deletions.
func (r *rig) audit() (list []deletion) {
	r.t.Helper()
	for _, key := range r.keys(auditPrefix) {
		body, err := archive.ReadLogObject(r.t.Context(), r.bucket(), key)
		require.NoError(r.t, err)
		for text := range strings.Lines(string(body)) {
			var d deletion
			require.NoError(r.t, json.Unmarshal([]byte(text), &d))
			list = append(list, d)
		}
	}
	return list
}

// TestRetentionEqualsItsMeaning compares retention with the obvious reading of the rules, on random archives.
func TestRetentionEqualsItsMeaning(t *testing.T) {
	services := []string{"cart", "edge", "audit", "cron"}
	tenants := []string{"", "acme", "umbrella"}
	for seed := range uint64(12) {
		rnd := rand.New(rand.NewPCG(seed, 5))
		r := newRig(t)
		pick := func(list []string) string { return list[rnd.IntN(len(list))] }
		n := 0
		for range 4 {
			var flush []line
			for range 60 {
				n++
				l := line{
					id: fmt.Sprint("r", n), tenant: pick(tenants), service: pick(services), severity: int32(rnd.IntN(25)),
					at: start.Add(time.Duration(rnd.Int64N(int64(3 * time.Hour)))),
				}
				if rnd.IntN(8) == 0 {
					l.at, l.wide = start.Add(-time.Duration(rnd.IntN(400*24))*time.Hour-8*24*time.Hour), true
				}
				flush = append(flush, l)
			}
			r.write("w", flush...)
		}
		var retention Retention
		if rnd.IntN(2) == 0 {
			retention.MaxAge = time.Duration(1+rnd.IntN(300)) * 24 * time.Hour
		}
		for range rnd.IntN(4) {
			retention.Rules = append(retention.Rules, Rule{
				Tenant: pick([]string{"", "acme", "*a", "x"}), Service: pick([]string{"", "c*", "audit", "?dge"}),
				MaxSeverity: int32(rnd.IntN(3) * 8), MaxAge: time.Duration(rnd.IntN(200)) * 24 * time.Hour,
			})
		}
		for range rnd.IntN(2) {
			from := start.Add(-time.Duration(rnd.IntN(300*24)) * time.Hour)
			retention.Holds = append(retention.Holds, Hold{
				Tenant: pick([]string{"", "acme"}), Service: pick([]string{"", "c*"}), From: from, To: from.Add(100 * 24 * time.Hour), Reason: "case",
			})
		}
		c := r.compactor(r.process(), func(c *Config) { c.Retention = retention })
		for range 3 {
			r.now = r.now.Add(time.Duration(rnd.IntN(100)) * 24 * time.Hour)
			_, err := c.Cycle(t.Context())
			require.NoError(t, err)
			left := map[string]bool{}
			for _, body := range bodies(t, r.open().Snapshot()) {
				left[body] = true
			}
			// All of an object is due here, or it is displaced and may stay for the slack.
			for _, l := range r.written {
				there := left[l.tenant+"/this is "+l.id]
				if !retention.expires(l, r.now) {
					assert.True(t, there, "seed %d: %+v is gone", seed, l)
				} else if retention.expires(l, r.now.Add(-displacedSlack-time.Hour)) {
					assert.False(t, there, "seed %d: %+v is still there", seed, l)
				}
			}
			for _, o := range r.live() {
				require.NoError(t, archive.VerifyObject(t.Context(), r.process(), o))
			}
		}
	}
}

func TestRetentionBySize(t *testing.T) {
	r := newRig(t)
	for i := range 4 {
		at := start.Add(time.Duration(i) * time.Hour)
		a, b := lines(50, fmt.Sprint("a", i), "cart", 9, at), lines(50, fmt.Sprint("b", i), "cart", 9, at)
		for j := range a {
			a[j].tenant = "acme"
		}
		r.write("w", append(a, b...)...)
	}
	bytes := int64(0)
	for _, o := range r.live() {
		if o.Tenant == "acme" {
			bytes += o.Bytes
		}
	}
	c := r.compactor(r.process(), func(c *Config) {
		c.Retention.Sizes = []Size{{Tenant: "acme", MaxBytes: bytes * 5 / 8}}
		c.Retention.Holds = []Hold{{Tenant: "acme", From: start, To: start.Add(time.Second), Reason: "case 8"}}
	})
	plan, err := c.Retain(t.Context(), true)
	require.NoError(t, err)
	done, err := c.Retain(t.Context(), false)
	require.NoError(t, err)
	assert.Equal(t, plan, done)
	assert.Len(t, done.Due, 2)
	assert.Equal(t, 1, done.Held)
	r.check(func(l line) bool {
		hour := int(l.at.Sub(start).Hours())
		return l.tenant == "" || hour == 0 || hour == 3 // the first is held, the next two were the oldest
	})
}

func TestRetentionThatSaysNothingDeletesNothing(t *testing.T) {
	r := newRig(t)
	r.write("w", lines(5, "a", "cart", 1, start)...)
	r.now = r.now.Add(100 * 365 * 24 * time.Hour)
	c := r.compactor(r.process(), func(c *Config) { c.Retention.Rules = []Rule{{Service: "other", MaxAge: time.Hour}} })
	report, err := c.Cycle(t.Context())
	require.NoError(t, err)
	assert.Empty(t, report.Deleted["retention"])
	r.check(nil)
}

func TestValidate(t *testing.T) {
	c := DefaultConfig()
	require.NoError(t, c.Validate())
	c.Interval, c.MaxObjects, c.TargetBytes, c.MinAge, c.MemoryBytes = 0, 1, 1, -1, 1
	c.Retention = Retention{
		MaxAge: -1, Rules: []Rule{{MaxSeverity: 25, MaxAge: -1}}, Sizes: []Size{{}}, Holds: []Hold{{From: start, To: start}},
	}
	err := c.Validate()
	for _, text := range []string{"interval", "max_objects", "target size", "min_age", "memory", "retention::max_age", "rules[0]::max_age", "rules[0]::max_severity", "sizes[0]", "holds[0]::reason", "from must be before to"} {
		require.ErrorContains(t, err, text)
	}
	c = DefaultConfig()
	c.MemoryBytes = 2*c.TargetBytes + 64<<20
	require.NoError(t, c.Validate())
	c.MemoryBytes--
	require.EqualError(t, c.Validate(), "memory must be at least twice the target size and 64 MiB, which is 603979776 bytes, got 603979775 bytes")
}

func TestLargerThanBeforeIsNotNegative(t *testing.T) {
	o := &archive.ObjectMeta{Bytes: 100}
	assert.EqualValues(t, 40, shrunk(o, &archive.MergeStats{BytesWritten: 60}))
	assert.Zero(t, shrunk(o, &archive.MergeStats{BytesWritten: 213}))
}
