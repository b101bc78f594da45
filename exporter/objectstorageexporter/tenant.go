// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package objectstorageexporter

import (
	"context"
	"errors"
	"fmt"
	"unicode/utf8"

	"go.opentelemetry.io/collector/client"

	"github.com/logboom/logboom/archive"
)

// maxTenantBytes bounds the name of a tenant, which a client may choose: it becomes part of objects' names.
const maxTenantBytes = 256

// checkTenant reports why a text cannot be the name of a tenant. The error does not repeat it.
func checkTenant(tenant string) error {
	switch {
	case len(tenant) > maxTenantBytes:
		return fmt.Errorf("a tenant of %d bytes, at most %d are allowed", len(tenant), maxTenantBytes)
	case !utf8.ValidString(tenant):
		return errors.New("a tenant that is not UTF-8")
	}
	return nil
}

// options tell whose a batch is.
func (t *TenantConfig) options(ctx context.Context) (archive.BatchOptions, error) {
	switch {
	case t.ResourceAttribute != "":
		return archive.BatchOptions{Tenant: t.Default, TenantAttribute: t.ResourceAttribute}, nil
	case t.MetadataKey == "":
		return archive.BatchOptions{}, nil
	}
	tenant := ""
	for _, v := range client.FromContext(ctx).Metadata.Get(t.MetadataKey) {
		if v == "" || v == tenant {
			continue
		}
		if tenant != "" {
			return archive.BatchOptions{}, fmt.Errorf("the request names several tenants in its metadata %q", t.MetadataKey)
		}
		if err := checkTenant(v); err != nil {
			return archive.BatchOptions{}, fmt.Errorf("the request names, in its metadata %q, %w", t.MetadataKey, err)
		}
		tenant = v
	}
	if tenant == "" {
		tenant = t.Default
	}
	return archive.BatchOptions{Tenant: tenant}, nil
}
