// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package objectstorageexporter

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"
)

func withUIDs(ld plog.Logs, first int) plog.Logs {
	for i, lr := range ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().All() {
		lr.Attributes().PutStr("log.record.uid", fmt.Sprint("uid-", first+i))
		lr.SetTimestamp(1_700_000_000_000_000_000) // the same whenever it is sent again
	}
	return ld
}

// tenantLogs has a resource for each tenant, "" for none, with records that nobody else has.
func tenantLogs(first int, tenants ...string) plog.Logs {
	ld := plog.NewLogs()
	for i, tenant := range tenants {
		one := newLogs(first+i, 1)
		rl := one.ResourceLogs().At(0)
		if tenant != "" {
			rl.Resource().Attributes().PutStr("tenant.id", tenant)
		}
		rl.ScopeLogs().At(0).LogRecords().At(0).Attributes().PutStr("secret", "only-for-<"+tenant+">")
		one.ResourceLogs().MoveAndAppendTo(ld.ResourceLogs())
	}
	return ld
}

// requireApart checks that what is marked as a tenant's is in its own objects, and nowhere else, by their bytes.
func requireApart(t *testing.T, r *rig, tenants map[string]string) {
	t.Helper()
	seen := map[string]bool{}
	for key, o := range r.objects() {
		body := r.read(key)
		seen[o.Tenant] = true
		found := false
		for mark, owner := range tenants {
			has := bytes.Contains(body, []byte("only-for-<"+mark+">"))
			found = found || has
			if owner != o.Tenant {
				require.False(t, has, "%s holds records of %q", key, owner)
			}
		}
		require.True(t, found, "%s: nothing can be told of it", key)
		require.True(t, strings.HasPrefix(key, "logs/tenant="), key)
	}
	for _, owner := range tenants {
		require.True(t, seen[owner], owner)
	}
}

func TestTenantsAreApart(t *testing.T) {
	cfg := testConfig(t)
	cfg.Tenant.ResourceAttribute = "tenant.id"
	require.NoError(t, cfg.Validate())
	r := startRig(t, cfg)
	tenants := map[string]string{"": "default", "a": "a", "a/../b": "a/../b", "ü %": "ü %", "default": "default"}
	n := 0
	for range 10 {
		r.send(tenantLogs(n, "a", "", "a/../b", "default", "ü %", "a"))
		n += 6
	}
	r.eventually("held_records", "", 0)
	assert.EqualValues(t, 4, r.metric("tenants", ""))
	r.stop()
	requireOnce(t, cfg, n)
	requireApart(t, r, tenants)
}

// TestTenantsAreKeptInTheLog: whose a record is is decided when it comes, and stays so over a restart with another
// configuration.
func TestTenantsAreKeptInTheLog(t *testing.T) {
	cfg := testConfig(t)
	cfg.Tenant.ResourceAttribute = "tenant.id"
	r := startRig(t, cfg)
	r.bucket.set(func(string, func() error) error { return errFault })
	r.send(tenantLogs(0, "a", "", "b"))
	r.crash()
	cfg.Tenant.ResourceAttribute = ""
	r = startRig(t, cfg)
	r.eventually("held_records", "", 0)
	r.stop()
	requireApart(t, r, map[string]string{"a": "a", "": "default", "b": "b"})
}

func TestTenantOfTheRequest(t *testing.T) {
	cfg := testConfig(t)
	cfg.Tenant.MetadataKey = "X-Scope-OrgID"
	r := startRig(t, cfg)
	from := func(values ...string) context.Context {
		return client.NewContext(context.Background(), client.Info{Metadata: client.NewMetadata(map[string][]string{"x-scope-orgid": values})})
	}
	require.NoError(t, r.consume(from("a"), tenantLogs(0, "a")))
	require.NoError(t, r.consume(from("b", "b"), tenantLogs(1, "b")))
	require.NoError(t, r.consume(from(""), tenantLogs(2, "none")))
	require.NoError(t, r.consume(context.Background(), tenantLogs(3, "none")))
	for _, bad := range [][]string{{"a", "b"}, {strings.Repeat("x", 257)}, {"xxx\xff"}} {
		err := r.consume(from(bad...), tenantLogs(4, "x"))
		require.ErrorContains(t, err, `"X-Scope-OrgID"`)
		assert.NotContains(t, err.Error(), "xxx")
		assert.True(t, consumererror.IsPermanent(err))
	}
	assert.EqualValues(t, 3, r.metric("refused_records", "tenant"))
	r.eventually("held_records", "", 0)
	r.stop()
	requireApart(t, r, map[string]string{"a": "a", "b": "b", "none": "default"})
}

// TestOddTenantOfAResource: a name that no tenant has must not cost the others of the batch their records.
func TestOddTenantOfAResource(t *testing.T) {
	cfg := testConfig(t)
	cfg.Tenant.ResourceAttribute = "tenant.id"
	r := startRig(t, cfg)
	r.send(tenantLogs(0, "a", strings.Repeat("x", 10_000), "xxx\xff", "xxx\xfe"))
	r.stop()
	tenants := map[string]int64{}
	for _, o := range r.objects() {
		tenants[o.Tenant] += o.Rows
		assert.LessOrEqual(t, len(o.Tenant), 512)
	}
	assert.Len(t, tenants, 4)
	requireOnce(t, cfg, 4)
}

func TestWithoutTenantsThereIsNoPrefix(t *testing.T) {
	r := startRig(t, testConfig(t))
	r.send(tenantLogs(0, "a", "b"))
	r.stop()
	for key, o := range r.objects() {
		assert.Empty(t, o.Tenant)
		assert.True(t, strings.HasPrefix(key, "logs/date="), key)
	}
}
