// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package bucket

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"syscall"

	"github.com/logboom/logboom/archive"
)

// walk yields the objects below dir ("" or ending in a slash) that start with prefix and follow startAfter;
// it returns false when the listing is over.
func (d *directory) walk(ctx context.Context, dir, prefix, startAfter string, yield func(archive.ObjectInfo, error) bool) bool {
	if err := ctx.Err(); err != nil {
		yield(archive.ObjectInfo{}, err)
		return false
	}
	entries, err := d.fs.ReadDir(d.path(dir))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return true
	}
	if err != nil {
		yield(archive.ObjectInfo{}, fmt.Errorf("list %s of %s: %w", dir, d.name, err))
		return false
	}
	keys := make([]string, 0, len(entries))
	byKey := make(map[string]fs.DirEntry, len(entries))
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), tempPrefix) {
			continue
		}
		key := dir + e.Name()
		if e.IsDir() {
			key += "/"
		}
		keys = append(keys, key)
		byKey[key] = e
	}
	slices.Sort(keys)
	for _, key := range keys {
		if strings.HasSuffix(key, "/") {
			// Something below key can matter if key and prefix agree as far as both go, and if not all
			// that starts with key comes before startAfter.
			related := strings.HasPrefix(key, prefix) || strings.HasPrefix(prefix, key)
			past := key < startAfter && !strings.HasPrefix(startAfter, key)
			if related && !past && !d.walk(ctx, key, prefix, startAfter, yield) {
				return false
			}
			continue
		}
		if !strings.HasPrefix(key, prefix) || key <= startAfter {
			continue
		}
		info, err := byKey[key].Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // deleted since
		}
		if err != nil {
			yield(archive.ObjectInfo{}, fmt.Errorf("list %s of %s: %w", key, d.name, err))
			return false
		}
		if !info.Mode().IsRegular() {
			continue
		}
		if !yield(archive.ObjectInfo{Key: key, Size: info.Size(), ModTime: info.ModTime()}, nil) {
			return false
		}
	}
	return true
}
