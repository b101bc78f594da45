// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package compactor

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/logboom/logboom/archive"
)

// errCannotTell says that a manifest cannot be made again.
var errCannotTell = errors.New("which objects it listed cannot be told")

// rebuild looks for manifests that are gone or damaged, and finds out what they listed: the objects of their day that are there
// and that nothing else names. Only where these are as many, with as many rows and bytes, as the checkpoint says, they are
// believed: objects that never became live may lie among them.
func (c *Compactor) rebuild(ctx context.Context, d *draft, req *RepairRequest, listed []archive.ObjectInfo, report *RepairReport) error {
	made := d.snapshot.Checkpoint()
	if made == nil {
		return nil
	}
	var lost []*archive.ManifestRef
	named := map[string]bool{}
	tenants := map[string]string{} // by the first part of the directory
	for i := range made.Manifests {
		ref := &made.Manifests[i]
		objects, err := archive.ReadManifest(ctx, c.bucket, ref)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			lost = append(lost, ref)
			continue
		}
		for _, o := range objects {
			named[o.Key] = true
			tenants[tenantDirectory(o.Key)] = o.Tenant
		}
	}
	if len(lost) == 0 {
		return nil
	}
	for _, r := range made.Removed {
		named[r.Key] = true
	}
	// What the log has behind the checkpoint is live without a manifest.
	live, _ := d.snapshot.Objects(ctx, minTime, maxTime)
	for _, o := range live {
		named[o.Key] = true
		tenants[tenantDirectory(o.Key)] = o.Tenant
	}
	for _, ref := range lost {
		objects, err := c.rebuildOne(ctx, ref, listed, named, tenants)
		if err != nil {
			report.Errors = append(report.Errors, fmt.Errorf("rebuild manifest %s: %w", ref.Key, err))
			continue
		}
		report.Rebuilt++
		if !req.DryRun {
			if d.edit.Rebuilt == nil {
				d.edit.Rebuilt = map[string][]archive.ObjectMeta{}
			}
			d.edit.Rebuilt[ref.Key] = objects
		}
	}
	return nil
}

func (c *Compactor) rebuildOne(ctx context.Context, ref *archive.ManifestRef, listed []archive.ObjectInfo, named map[string]bool, tenants map[string]string) (objects []archive.ObjectMeta, err error) {
	var rows, bytes int64
	for _, info := range listed {
		if _, ok := parseName(info.Key); !ok || named[info.Key] || !strings.Contains(info.Key, "date="+ref.Day+"/") {
			continue
		}
		tenant, ok := tenants[tenantDirectory(info.Key)]
		if !ok {
			if tenant, ok = tenantOf(info.Key); !ok {
				return nil, fmt.Errorf("tenant of %s is not known: %w", info.Key, errCannotTell)
			}
		}
		o, err := archive.DescribeObject(ctx, c.bucket, info.Key, tenant)
		if err != nil {
			return nil, err
		}
		if o.Displaced != ref.Displaced {
			continue
		}
		objects = append(objects, o)
		rows += o.Rows
		bytes += o.Bytes
	}
	if int64(len(objects)) != ref.Objects || rows != ref.Rows || bytes != ref.ObjectBytes {
		return nil, fmt.Errorf("%d objects of %d rows and %d bytes are there, it had %d of %d rows and %d bytes: %w",
			len(objects), rows, bytes, ref.Objects, ref.Rows, ref.ObjectBytes, errCannotTell)
	}
	return objects, nil
}

// tenantDirectory is the part of a key that names the tenant, "" where there is none.
func tenantDirectory(key string) string {
	part, _, _ := strings.Cut(strings.TrimPrefix(key, "logs/"), "/")
	if !strings.HasPrefix(part, "tenant=") {
		return ""
	}
	return part
}

// tenantOf reads the tenant out of a key, as FORMAT.md says that it is written; ok is false where it cannot be told.
func tenantOf(key string) (tenant string, ok bool) {
	text := strings.TrimPrefix(tenantDirectory(key), "tenant=")
	if strings.HasPrefix(text, "~~") {
		return "", false // shortened
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '~' {
			b.WriteByte(text[i])
			continue
		}
		if i+3 > len(text) {
			return "", false
		}
		c, err := hex.DecodeString(text[i+1 : i+3])
		if err != nil {
			return "", false
		}
		b.Write(c)
		i += 2
	}
	return b.String(), true
}
