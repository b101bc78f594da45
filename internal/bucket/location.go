// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package bucket

import (
	"fmt"
	"net/url"
	"path"
	"path/filepath"
	"strings"
)

const (
	schemeS3    = "s3"
	schemeGCS   = "gs"
	schemeAzure = "azblob"
	schemeFile  = "file"
	schemeMem   = "mem"
)

const forms = "s3://bucket/prefix, gs://bucket/prefix, azblob://container/prefix, file:///directory, file://./directory or mem://name"

// location is a bucket URL taken apart.
type location struct {
	scheme string
	name   string // the URL, to be shown
	host   string // bucket, container or name
	path   string // prefix without slashes around it, or the directory
}

func parseURL(s string) (location, error) {
	scheme, rest, ok := strings.Cut(s, "://")
	if !ok {
		return location{}, fmt.Errorf("url must be %s, got %q", forms, shown(s))
	}
	l := location{scheme: scheme, name: s}
	switch scheme {
	case schemeFile:
		// file:///abs, file://./relative, file:///C:/dir: everything behind the slashes is a path of the machine.
		dir := rest
		if len(dir) > 2 && dir[0] == '/' && dir[2] == ':' { // /C:/dir
			dir = dir[1:]
		}
		if !strings.HasPrefix(rest, "/") && !strings.HasPrefix(rest, "./") && !strings.HasPrefix(rest, "../") && rest != "." {
			return location{}, fmt.Errorf("url must be file:///absolute/directory or file://./relative/directory, got %q", s)
		}
		l.path = filepath.Clean(filepath.FromSlash(dir))
	case schemeS3, schemeGCS, schemeAzure, schemeMem:
		u, err := url.Parse(s)
		if err != nil {
			return location{}, fmt.Errorf("url must be %s, got one that does not parse", forms)
		}
		if u.User != nil || u.RawQuery != "" || u.Fragment != "" {
			return location{}, fmt.Errorf("url must be %s, without user, query or fragment, got one for %q", forms, u.Host)
		}
		if u.Host == "" {
			return location{}, fmt.Errorf("url must name a bucket: %s, got %q", forms, s)
		}
		l.host = u.Host
		if l.path, err = cleanPrefix(u.Path); err != nil {
			return location{}, fmt.Errorf("url: path %w", err)
		}
	default:
		return location{}, fmt.Errorf("url must be %s, got %q", forms, shown(s))
	}
	return l, nil
}

// below returns the location with a further prefix.
func (l location) below(prefix string) (location, error) {
	prefix, err := cleanPrefix(prefix)
	if err != nil {
		return location{}, fmt.Errorf("prefix %w", err)
	}
	if prefix == "" {
		return l, nil
	}
	l.name = strings.TrimRight(l.name, "/") + "/" + prefix
	if l.scheme == schemeFile {
		l.path = filepath.Join(l.path, filepath.FromSlash(prefix))
	} else {
		l.path = path.Join(l.path, prefix)
	}
	return l, nil
}

// shown is what an error may show of something that should have been a URL: nothing of what could be a user, a password
// or a signature.
func shown(s string) string {
	s, query, ok := strings.Cut(s, "?")
	if ok && query != "" {
		s += "?…"
	}
	if at := strings.LastIndexByte(s, '@'); at >= 0 {
		scheme := ""
		if i := strings.Index(s, "://"); i >= 0 && i < at {
			scheme = s[:i+3]
		}
		s = scheme + "…" + s[at:]
	}
	return s
}
