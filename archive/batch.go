// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"time"

	"go.opentelemetry.io/collector/pdata/plog"
)

// BatchOptions say whose records a batch holds. The zero value means that there are no tenants.
type BatchOptions struct {
	// Tenant owns the records whose resource lacks TenantAttribute.
	Tenant string
	// TenantAttribute is the key of the resource attribute that names the tenant; empty: there is none.
	TenantAttribute string
}

// Batch is records in memory, ready for an [Encoder]. It never changes.
type Batch struct {
	ld      plog.Logs
	arrival time.Time
	opts    BatchOptions
	size    int64
}

// NewBatch copies the records of ld, which arrived at that time.
func NewBatch(ld plog.Logs, arrival time.Time, opts BatchOptions) *Batch {
	b := &Batch{ld: plog.NewLogs(), arrival: arrival, opts: opts, size: int64((&plog.ProtoMarshaler{}).LogsSize(ld))}
	ld.CopyTo(b.ld)
	return b
}

// Rows is how many records the batch holds.
func (b *Batch) Rows() int { return b.ld.LogRecordCount() }

// Size is the memory that the batch holds, in bytes.
func (b *Batch) Size() int64 { return b.size }

func (b *Batch) tenantOf(r *Record) string {
	if b.opts.TenantAttribute != "" {
		if a, ok := FindAttribute(r.ResourceAttributes, b.opts.TenantAttribute); ok && a.Value != "" {
			return a.Value
		}
	}
	return b.opts.Tenant
}
