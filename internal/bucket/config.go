// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package bucket opens the object storage that a `bucket` block of the configuration names, as an
// [archive.Bucket]. The local directory and memory are its own; S3, Google Cloud Storage and Azure Blob
// Storage go through gocloud.dev/blob, whose IfNotExist is create-if-absent on all three.
package bucket // import "github.com/logboom/logboom/internal/bucket"

import (
	"context"
	"fmt"
	"os"

	"go.opentelemetry.io/collector/config/configopaque"

	"github.com/logboom/logboom/archive"
)

// Config is the `bucket` block, the same wherever a bucket is configured. Its zero value but for the URL is
// complete: credentials then come from where the cloud's own tools take them.
type Config struct {
	// URL is s3://bucket/prefix, gs://bucket/prefix, azblob://container/prefix, file:///absolute/directory,
	// file://./relative/directory or mem://name.
	URL string `mapstructure:"url"`
	// Prefix is a further prefix below the path of the URL, for all kinds alike.
	Prefix string `mapstructure:"prefix"`

	// Endpoint is the URL of the service where it is not the cloud's public one: an S3-compatible server, a
	// private or emulated GCS, Azure's blob service of an account (with the account in the path on Azurite).
	Endpoint string `mapstructure:"endpoint"`
	// CAFile is a PEM file of authorities that are trusted for the endpoint's certificate, beside the system's.
	CAFile string `mapstructure:"ca_file"`

	// Region is the S3 region; empty means that of the environment, or us-east-1 with an endpoint of one's own.
	Region string `mapstructure:"region"`
	// PathStyle puts the bucket's name into the path instead of the host name, as most S3-compatible servers want.
	PathStyle bool `mapstructure:"path_style"`

	// CredentialsFile holds credentials in the form that the cloud's own tools write: S3's shared credentials
	// file, the JSON key of a Google service account, an Azure connection string. It is read when the bucket is opened.
	CredentialsFile string `mapstructure:"credentials_file"`
	// AccessKeyID and SecretAccessKey are static S3 credentials.
	AccessKeyID     string              `mapstructure:"access_key_id"`
	SecretAccessKey configopaque.String `mapstructure:"secret_access_key"`
	// Profile is the section of S3's shared files; empty means AWS_PROFILE, or default.
	Profile string `mapstructure:"profile"`
	// RoleARN is a role that the credentials are exchanged for; ExternalID is what its owner may ask for.
	RoleARN    string `mapstructure:"role_arn"`
	ExternalID string `mapstructure:"external_id"`
	// AccountName and AccountKey, or ConnectionString, are those of an Azure storage account.
	AccountName      string              `mapstructure:"account_name"`
	AccountKey       configopaque.String `mapstructure:"account_key"`
	ConnectionString configopaque.String `mapstructure:"connection_string"`

	// ServerSideEncryption says how the server encrypts new objects.
	ServerSideEncryption Encryption `mapstructure:"server_side_encryption"`
	// StorageClass is the class (S3, GCS) or access tier (Azure) of new objects of 128 KiB and more; smaller ones
	// stay in the bucket's default class, because the colder classes charge for so much at least.
	StorageClass string `mapstructure:"storage_class"`

	// Nobody builds a Config by position.
	_ struct{}
}

// Encryption is the `server_side_encryption` block. The zero value leaves it to the bucket.
type Encryption struct {
	// Type is "", aes256 (S3's own keys) or kms.
	Type string `mapstructure:"type"`
	// KMSKeyID is the key of the type kms; empty on S3 means the account's default key.
	KMSKeyID string `mapstructure:"kms_key_id"`

	_ struct{}
}

// Types of Encryption.
const (
	encryptionAES256 = "aes256"
	encryptionKMS    = "kms"
)

// location returns where the bucket is, with the prefix.
func (c *Config) location() (location, error) {
	l, err := parseURL(c.URL)
	if err != nil {
		return location{}, err
	}
	return l.below(c.Prefix)
}

// Open opens the bucket. For file:// it makes the directory where there is none; for the others it reads the
// files that the block names and does not touch the bucket yet. The caller closes it.
func Open(ctx context.Context, c Config) (archive.Bucket, error) {
	l, err := c.location()
	if err != nil {
		return nil, err
	}
	switch l.scheme {
	case schemeFile:
		return openDirectory(l)
	case schemeMem:
		return openMemory(l), nil
	default:
		return openBlob(ctx, l, c)
	}
}

// IsLocal reports whether the bucket is on this machine, where an error at start does not pass by itself.
func IsLocal(c Config) bool {
	l, err := c.location()
	return err == nil && (l.scheme == schemeFile || l.scheme == schemeMem)
}

// MustExist returns an error for a local directory that is not there, which Open would make. Readers call it
// first, so that a mistyped path is not an empty archive.
func MustExist(c Config) error {
	l, err := c.location()
	if err != nil || l.scheme != schemeFile {
		return err
	}
	if _, err := os.Stat(l.path); err != nil {
		return fmt.Errorf("open %s: %w", l.name, err)
	}
	return nil
}
