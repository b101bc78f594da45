// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package bucket

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// Classes that can be read at once; the archives of the clouds, which need hours to be read again, are left out.
var (
	s3Classes    = []string{"STANDARD", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR", "REDUCED_REDUNDANCY"}
	gcsClasses   = []string{"STANDARD", "NEARLINE", "COLDLINE", "ARCHIVE"}
	azureClasses = []string{"Hot", "Cool", "Cold"}
)

// Validate checks the block without touching anything outside of it. Its errors never show a secret.
func (c *Config) Validate() error {
	if c.URL == "" {
		return errors.New("url must not be empty: " + forms)
	}
	l, err := parseURL(c.URL)
	if err != nil {
		return err
	}
	var errs []error
	if _, err := l.below(c.Prefix); err != nil {
		errs = append(errs, err)
	}
	errs = append(errs, c.validateKeys(l)...)
	errs = append(errs, c.validateEndpoint(l)...)
	errs = append(errs, c.validateCredentials(l)...)
	errs = append(errs, c.validateObjects(l)...)
	return errors.Join(errs...)
}

// validateKeys refuses what belongs to another kind of bucket.
func (c *Config) validateKeys(l location) []error {
	var errs []error
	for _, k := range []struct {
		key     string
		set     bool
		schemes []string
	}{
		{"endpoint", c.Endpoint != "", []string{schemeS3, schemeGCS, schemeAzure}},
		{"ca_file", c.CAFile != "", []string{schemeS3, schemeGCS, schemeAzure}},
		{"region", c.Region != "", []string{schemeS3}},
		{"path_style", c.PathStyle, []string{schemeS3}},
		{"credentials_file", c.CredentialsFile != "", []string{schemeS3, schemeGCS, schemeAzure}},
		{"access_key_id", c.AccessKeyID != "", []string{schemeS3}},
		{"secret_access_key", c.SecretAccessKey != "", []string{schemeS3}},
		{"profile", c.Profile != "", []string{schemeS3}},
		{"role_arn", c.RoleARN != "", []string{schemeS3}},
		{"external_id", c.ExternalID != "", []string{schemeS3}},
		{"account_name", c.AccountName != "", []string{schemeAzure}},
		{"account_key", c.AccountKey != "", []string{schemeAzure}},
		{"connection_string", c.ConnectionString != "", []string{schemeAzure}},
		{"server_side_encryption::type", c.ServerSideEncryption.Type != "", []string{schemeS3, schemeGCS}},
		{"server_side_encryption::kms_key_id", c.ServerSideEncryption.KMSKeyID != "", []string{schemeS3, schemeGCS}},
		{"storage_class", c.StorageClass != "", []string{schemeS3, schemeGCS, schemeAzure}},
	} {
		if k.set && !slices.Contains(k.schemes, l.scheme) {
			errs = append(errs, fmt.Errorf("%s is for %s:// only, but url is %q", k.key, strings.Join(k.schemes, "://, "), l.name))
		}
	}
	return errs
}

func (c *Config) validateEndpoint(l location) []error {
	if c.Endpoint == "" {
		return nil
	}
	e, err := url.Parse(c.Endpoint)
	switch {
	case err == nil && e.User != nil:
		return []error{errors.New("endpoint must not hold credentials: they have settings of their own")}
	case err != nil || (e.Scheme != "http" && e.Scheme != "https") || e.Host == "":
		return []error{fmt.Errorf("endpoint must be a URL like https://host:port, got %q", shown(c.Endpoint))}
	case e.RawQuery != "" || e.Fragment != "":
		return []error{fmt.Errorf("endpoint must be a URL without query or fragment, got one for %q", e.Host)}
	case l.scheme == schemeGCS && strings.Trim(e.Path, "/") != "":
		return []error{fmt.Errorf("endpoint must be a URL without a path for gs://, got %q", c.Endpoint)}
	case l.scheme == schemeGCS && e.Scheme == "http" && c.CredentialsFile != "":
		return []error{fmt.Errorf("endpoint must be https:// for gs:// with a credentials_file (tokens are not sent in the clear, "+
			"and an emulator needs none), got %q", c.Endpoint)}
	}
	return nil
}

func (c *Config) validateCredentials(l location) []error {
	var errs []error
	together := func(a string, setA bool, b string, setB bool) {
		if setA && setB {
			errs = append(errs, fmt.Errorf("%s and %s must not be set both: choose one", a, b))
		}
	}
	switch l.scheme {
	case schemeS3:
		if (c.AccessKeyID == "") != (c.SecretAccessKey == "") {
			errs = append(errs, errors.New("access_key_id and secret_access_key must be set together, or neither for the default credentials"))
		}
		static := c.AccessKeyID != "" || c.SecretAccessKey != ""
		together("access_key_id", static, "credentials_file", c.CredentialsFile != "")
		together("access_key_id", static, "profile", c.Profile != "")
		if c.RoleARN != "" && !strings.HasPrefix(c.RoleARN, "arn:") {
			errs = append(errs, fmt.Errorf("role_arn must be the ARN of a role like arn:aws:iam::123456789012:role/logs, got %q", c.RoleARN))
		}
		if c.ExternalID != "" && c.RoleARN == "" {
			errs = append(errs, errors.New("external_id must be set with role_arn only"))
		}
	case schemeAzure:
		if c.AccountKey != "" && c.AccountName == "" {
			errs = append(errs, errors.New("account_key must be set with account_name"))
		}
		together("connection_string", c.ConnectionString != "", "credentials_file", c.CredentialsFile != "")
		whole := "connection_string"
		if c.CredentialsFile != "" {
			whole = "credentials_file"
		}
		if c.ConnectionString != "" || c.CredentialsFile != "" { // these name the account and where it is
			together(whole, true, "account_name", c.AccountName != "")
			together(whole, true, "account_key", c.AccountKey != "")
			together(whole, true, "endpoint", c.Endpoint != "")
		}
	}
	return errs
}

func (c *Config) validateObjects(l location) []error {
	var errs []error
	e := c.ServerSideEncryption
	switch e.Type {
	case "":
		if e.KMSKeyID != "" {
			errs = append(errs, errors.New("server_side_encryption::kms_key_id must be set with server_side_encryption::type kms"))
		}
	case encryptionAES256:
		if l.scheme == schemeGCS {
			errs = append(errs, errors.New("server_side_encryption::type must be kms for gs://, which encrypts with its own keys anyway, got \"aes256\""))
		}
		if e.KMSKeyID != "" {
			errs = append(errs, errors.New("server_side_encryption::kms_key_id must be set with server_side_encryption::type kms, got \"aes256\""))
		}
	case encryptionKMS:
		if l.scheme == schemeGCS && e.KMSKeyID == "" {
			errs = append(errs, errors.New("server_side_encryption::kms_key_id must be set for gs://, like projects/p/locations/l/keyRings/r/cryptoKeys/k"))
		}
	default:
		errs = append(errs, fmt.Errorf("server_side_encryption::type must be aes256 or kms, got %q", e.Type))
	}
	if c.StorageClass != "" {
		var classes []string
		switch {
		case l.scheme == schemeS3 && c.Endpoint == "": // servers of other makers have classes of their own
			classes = s3Classes
		case l.scheme == schemeGCS:
			classes = gcsClasses
		case l.scheme == schemeAzure:
			classes = azureClasses
		}
		if classes != nil && !slices.Contains(classes, c.StorageClass) {
			errs = append(errs, fmt.Errorf("storage_class must be one of %s for %s://, got %q", strings.Join(classes, ", "), l.scheme, c.StorageClass))
		}
	}
	return errs
}
