// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package bucket opens the object storage that a `bucket` block of the configuration names, as an
// [archive.Bucket]. The local directory and memory are its own; S3, Google Cloud Storage and Azure Blob
// Storage go through gocloud.dev/blob, whose IfNotExist is create-if-absent on all three.
package bucket // import "github.com/logboom/logboom/internal/bucket"

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"go.opentelemetry.io/collector/config/configopaque"

	"github.com/logboom/logboom/archive"
)

// Config is the `bucket` block, the same wherever a bucket is configured.
type Config struct {
	// URL is s3://bucket/prefix, gs://bucket/prefix, azblob://container/prefix, file:///absolute/directory,
	// file://./relative/directory or mem://name.
	URL string `mapstructure:"url"`
	// Endpoint is the URL of an S3-compatible server; empty means Amazon's.
	Endpoint string `mapstructure:"endpoint"`
	// Region is the S3 region; empty means that of the environment, or us-east-1 with an endpoint of one's own.
	Region string `mapstructure:"region"`
	// PathStyle puts the bucket's name into the path instead of the host name, as most S3-compatible servers want.
	PathStyle bool `mapstructure:"path_style"`
	// AccessKeyID and SecretAccessKey are static S3 credentials; empty means the SDK's default chain
	// (environment, shared files, web identity, instance role).
	AccessKeyID     string              `mapstructure:"access_key_id"`
	SecretAccessKey configopaque.String `mapstructure:"secret_access_key"`
}

const schemes = "s3://bucket/prefix, gs://bucket/prefix, azblob://container/prefix, file:///directory, file://./directory or mem://name"

// Validate checks the block without touching anything outside of it.
func (c *Config) Validate() error {
	if c.URL == "" {
		return errors.New("url must not be empty: " + schemes)
	}
	u, err := parseURL(c.URL)
	if err != nil {
		return err
	}
	var errs []error
	if u.scheme != "s3" {
		for _, f := range []struct {
			key string
			set bool
		}{
			{"endpoint", c.Endpoint != ""},
			{"region", c.Region != ""},
			{"path_style", c.PathStyle},
			{"access_key_id", c.AccessKeyID != ""},
			{"secret_access_key", c.SecretAccessKey != ""},
		} {
			if f.set {
				errs = append(errs, fmt.Errorf("%s is for s3:// only, but url is %q", f.key, u.name))
			}
		}
	}
	if (c.AccessKeyID == "") != (c.SecretAccessKey == "") {
		errs = append(errs, errors.New("access_key_id and secret_access_key must be set together, or neither for the default credentials"))
	}
	if c.Endpoint != "" {
		if e, err := url.Parse(c.Endpoint); err == nil && e.User != nil {
			errs = append(errs, errors.New("endpoint must not hold credentials: use access_key_id and secret_access_key"))
		} else if err != nil || (e.Scheme != "http" && e.Scheme != "https") || e.Host == "" {
			errs = append(errs, fmt.Errorf("endpoint must be a URL like https://host:port, got %q", c.Endpoint))
		}
	}
	return errors.Join(errs...)
}

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
		return location{}, fmt.Errorf("url must be %s, got %q", schemes, s)
	}
	l := location{scheme: scheme, name: s}
	switch scheme {
	case "file":
		// file:///abs, file://./relative, file:///C:/dir: everything behind the slashes is a path of the machine.
		dir := rest
		if len(dir) > 2 && dir[0] == '/' && dir[2] == ':' { // /C:/dir
			dir = dir[1:]
		}
		if !strings.HasPrefix(rest, "/") && !strings.HasPrefix(rest, "./") && !strings.HasPrefix(rest, "../") && rest != "." {
			return location{}, fmt.Errorf("url must be file:///absolute/directory or file://./relative/directory, got %q", s)
		}
		l.path = filepath.Clean(filepath.FromSlash(dir))
	case "s3", "gs", "azblob", "mem":
		u, err := url.Parse(s)
		if err != nil {
			return location{}, fmt.Errorf("url must be %s, got one that does not parse", schemes)
		}
		if u.User != nil || u.RawQuery != "" || u.Fragment != "" {
			return location{}, fmt.Errorf("url must be %s, without user, query or fragment, got one for %q", schemes, u.Host)
		}
		if u.Host == "" {
			return location{}, fmt.Errorf("url must name a bucket: %s, got %q", schemes, s)
		}
		l.host, l.path = u.Host, strings.Trim(u.Path, "/")
	default:
		return location{}, fmt.Errorf("url must be %s, got %q", schemes, s)
	}
	return l, nil
}

// Open opens the bucket. For file:// it makes the directory where there is none; for the others it does not
// touch the bucket yet. The caller closes it.
func Open(ctx context.Context, c Config) (archive.Bucket, error) {
	l, err := parseURL(c.URL)
	if err != nil {
		return nil, err
	}
	switch l.scheme {
	case "file":
		return openDirectory(l)
	case "mem":
		return openMemory(l), nil
	default:
		return openBlob(ctx, l, c)
	}
}

// IsLocal reports whether the bucket is on this machine, where an error at start does not pass by itself.
func IsLocal(c Config) bool {
	l, err := parseURL(c.URL)
	return err == nil && (l.scheme == "file" || l.scheme == "mem")
}

// MustExist returns an error for a local directory that is not there, which Open would make. Readers call it
// first, so that a mistyped path is not an empty archive.
func MustExist(c Config) error {
	l, err := parseURL(c.URL)
	if err != nil || l.scheme != "file" {
		return err
	}
	if _, err := os.Stat(l.path); err != nil {
		return fmt.Errorf("open %s: %w", l.name, err)
	}
	return nil
}
