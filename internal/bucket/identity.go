// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package bucket

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"strings"
)

// Identity is a text that two configurations of one process have in common when they name the same place in the same way:
// for a local directory, after symbolic links; for others, by URL with prefix, endpoint and account. It tells nothing of
// what it is made of. A place that is named in two ways (a host name and its address) may have two.
func Identity(c Config) (string, error) {
	l, err := c.location()
	if err != nil {
		return "", err
	}
	parts := []string{l.scheme, l.host, l.path}
	switch l.scheme {
	case schemeFile:
		dir, err := filepath.Abs(l.path)
		if err != nil {
			return "", fmt.Errorf("find %s: %w", l.name, err)
		}
		if real, err := filepath.EvalSymlinks(dir); err == nil { // else it is not there yet
			dir = real
		}
		parts[2] = dir
	case schemeMem:
	default:
		parts = append(parts, strings.ToLower(strings.TrimRight(c.Endpoint, "/")), c.AccountName, string(c.ConnectionString))
	}
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:16]), nil
}
