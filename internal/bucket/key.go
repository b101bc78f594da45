// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package bucket

import (
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxKey bounds the whole name of an object, prefix included, in bytes: S3, GCS and Azure all end at 1,024.
const maxKey = 1024

// ErrBadKey is returned (wrapped) for a key that some kind of bucket could not store under that very name. No kind takes
// it, ever.
var ErrBadKey = errors.New("impossible key")

// CheckKey returns an error, which is ErrBadKey, for a key that Create refuses before it asks anybody.
func CheckKey(key string) error {
	if err := checkKey(key); err != nil {
		return fmt.Errorf("%w: %w", ErrBadKey, err)
	}
	return nil
}

// checkKey refuses keys that would leave the directory, that mean something special in some bucket, or that
// some bucket would store under another name. So what one kind of bucket takes, all take, under that very name
// (but for '%', which Azure's client writes as __0x25__).
func checkKey(key string) error {
	switch {
	case key == "" || path.Clean(key) != key || strings.HasPrefix(key, "/") || key == "." || key == ".." || strings.HasPrefix(key, "../"):
		return fmt.Errorf("key %q is not a clean relative path", key)
	case len(key) > maxKey:
		return fmt.Errorf("key of %d bytes is longer than %d", len(key), maxKey)
	case strings.HasPrefix(key, tempPrefix) || strings.Contains(key, "/"+tempPrefix):
		return fmt.Errorf("key %q has a part that begins with %q, which names unfinished files", key, tempPrefix)
	}
	if bad := forbidden(key); bad != "" {
		return fmt.Errorf("key %q contains %s", key, bad)
	}
	return nil
}

// forbidden names what a key or prefix must not contain because some kind of bucket would store it under another name,
// or returns "".
func forbidden(s string) string {
	if !utf8.ValidString(s) {
		return "bytes that are not UTF-8"
	}
	if i := strings.IndexFunc(s, unicode.IsControl); i >= 0 {
		return "a control character"
	}
	if i := strings.IndexAny(s, `\"#?`); i >= 0 {
		return fmt.Sprintf("the character %q", s[i])
	}
	for _, bad := range []string{"__0x", "../"} {
		if strings.Contains(s, bad) {
			return strconv.Quote(bad)
		}
	}
	return ""
}

// cleanPrefix returns a prefix without the slashes around it, which are taken as they come, or an error when it is no
// clean relative path. The rules are the same for every kind of bucket.
func cleanPrefix(prefix string) (string, error) {
	p := strings.Trim(prefix, "/")
	if p == "" {
		return "", nil
	}
	if path.Clean(p) != p || p == "." || p == ".." || strings.HasPrefix(p, "../") {
		return "", fmt.Errorf("must be a clean relative path like logs/production, got %q", prefix)
	}
	if bad := forbidden(p); bad != "" {
		return "", fmt.Errorf("must not contain %s, got %q", bad, prefix)
	}
	if strings.Contains(p, "%") {
		return "", fmt.Errorf("must not contain the character '%%', got %q", prefix)
	}
	if len(p) > maxKey/2 {
		return "", fmt.Errorf("must be at most %d bytes, got %d", maxKey/2, len(p))
	}
	return p, nil
}
