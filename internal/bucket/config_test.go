// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package bucket

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/confmap"
)

func TestValid(t *testing.T) {
	for _, url := range []string{
		"s3://b", "s3://b/p/q", "gs://b/p", "azblob://c", "file:///a", "file://./a", "file://../a", "mem://x", "file:///C:/logs",
		"s3://b/with blank/%C3%BC/date=1/",
	} {
		c := Config{URL: url, Prefix: "further/one"}
		require.NoError(t, c.Validate(), url)
	}
	for _, c := range []Config{
		{URL: "s3://b", Region: "eu-west-1", RoleARN: "arn:aws:iam::123456789012:role/logs", ExternalID: "x", StorageClass: "STANDARD_IA"},
		{URL: "s3://b", CredentialsFile: "/f", Profile: "p", ServerSideEncryption: Encryption{Type: "kms", KMSKeyID: "k"}},
		{URL: "s3://b", Endpoint: "https://minio:9000", CAFile: "/ca", PathStyle: true, AccessKeyID: "i", SecretAccessKey: "s", StorageClass: "OWN"},
		{URL: "s3://b", ServerSideEncryption: Encryption{Type: "aes256"}, Endpoint: "http://host/base"},
		{URL: "gs://b", CredentialsFile: "/f", StorageClass: "NEARLINE", ServerSideEncryption: Encryption{Type: "kms", KMSKeyID: "k"}},
		{URL: "gs://b", Endpoint: "http://localhost:4443/"},
		{URL: "azblob://c", AccountName: "a", AccountKey: "k", Endpoint: "http://localhost:10000/a", StorageClass: "Cool"},
		{URL: "azblob://c", ConnectionString: "s"},
		{URL: "azblob://c", CredentialsFile: "/f"},
	} {
		require.NoError(t, c.Validate(), "%+v", c)
	}
}

func TestInvalid(t *testing.T) {
	for _, tc := range []struct {
		cfg  Config
		want string
	}{
		{Config{}, "url must not be empty"},
		{Config{URL: "bucket"}, `got "bucket"`},
		{Config{URL: "http://x/y"}, `got "http://x/y"`},
		{Config{URL: "http://id:secret@x/y"}, `got "http://…@x/y"`},
		{Config{URL: "id:secret@bucket"}, `got "…@bucket"`},
		{Config{URL: "x://a?sig=secret@"}, `got "x://a?…"`},
		{Config{URL: "file://var/log"}, "file:///absolute/directory"},
		{Config{URL: "s3:///prefix"}, "must name a bucket"},
		{Config{URL: "s3://id:secret@bucket"}, "without user"},
		{Config{URL: "s3://bucket?region=x"}, "without user"},
		{Config{URL: "s3://bucket/a/../b"}, `url: path must be a clean relative path`},
		{Config{URL: "s3://bucket/a%3Fb"}, `must not contain the character '?'`},
		{Config{URL: "mem://x", Prefix: "a//b"}, `prefix must be a clean relative path like logs/production, got "a//b"`},
		{Config{URL: "file:///x", Prefix: "../up"}, `prefix must be a clean relative path`},
		{Config{URL: "gs://x", Prefix: "a#b"}, `prefix must not contain the character '#', got "a#b"`},
		{Config{URL: "gs://x", Prefix: "a%b"}, `prefix must not contain the character '%', got "a%b"`},
		{Config{URL: "gs://x", Prefix: "a\nb"}, `prefix must not contain a control character`},
		{Config{URL: "gs://x", Prefix: strings.Repeat("x", 600)}, `prefix must be at most 512 bytes, got 600`},
		{Config{URL: "mem://x", Endpoint: "http://localhost"}, `endpoint is for s3://, gs://, azblob:// only, but url is "mem://x"`},
		{Config{URL: "file:///x", CredentialsFile: "/f"}, `credentials_file is for s3://, gs://, azblob:// only`},
		{Config{URL: "file:///x", StorageClass: "C"}, `storage_class is for s3://, gs://, azblob:// only`},
		{Config{URL: "gs://x", Region: "r"}, `region is for s3:// only, but url is "gs://x"`},
		{Config{URL: "gs://x", PathStyle: true}, `path_style is for s3:// only`},
		{Config{URL: "azblob://x", Profile: "p"}, `profile is for s3:// only`},
		{Config{URL: "azblob://x", RoleARN: "arn:x"}, `role_arn is for s3:// only`},
		{Config{URL: "azblob://x", ServerSideEncryption: Encryption{Type: "kms"}}, `server_side_encryption::type is for s3://, gs:// only`},
		{Config{URL: "s3://x", AccountKey: "k"}, `account_key is for azblob:// only`},
		{Config{URL: "s3://x", ConnectionString: "k"}, `connection_string is for azblob:// only`},
		{Config{URL: "s3://x", Endpoint: "localhost:9000"}, `got "localhost:9000"`},
		{Config{URL: "s3://x", Endpoint: "https://id:secret@host"}, "must not hold credentials"},
		{Config{URL: "s3://x", Endpoint: "https://id:secret@host:port"}, `got "https://…@host:port"`},
		{Config{URL: "azblob://x", Endpoint: "https://host/?sig=secret@"}, `without query or fragment, got one for "host"`},
		{Config{URL: "gs://x", Endpoint: "https://host/storage"}, `without a path for gs://`},
		{Config{URL: "gs://x", Endpoint: "http://host", CredentialsFile: "/f"}, `endpoint must be https:// for gs:// with a credentials_file`},
		{Config{URL: "s3://x", AccessKeyID: "id"}, "must be set together"},
		{Config{URL: "s3://x", SecretAccessKey: "secret@"}, "must be set together"},
		{Config{URL: "s3://x", AccessKeyID: "id", SecretAccessKey: "secret@", CredentialsFile: "/f"}, "access_key_id and credentials_file must not be set both"},
		{Config{URL: "s3://x", AccessKeyID: "id", SecretAccessKey: "secret@", Profile: "p"}, "access_key_id and profile must not be set both"},
		{Config{URL: "s3://x", RoleARN: "role"}, `role_arn must be the ARN of a role like arn:aws:iam::123456789012:role/logs, got "role"`},
		{Config{URL: "s3://x", ExternalID: "e"}, "external_id must be set with role_arn only"},
		{Config{URL: "azblob://x", AccountKey: "secret@"}, "account_key must be set with account_name"},
		{Config{URL: "azblob://x", ConnectionString: "secret@", AccountName: "a"}, "connection_string and account_name must not be set both"},
		{Config{URL: "azblob://x", ConnectionString: "secret@", CredentialsFile: "/f"}, "connection_string and credentials_file must not be set both"},
		{Config{URL: "azblob://x", CredentialsFile: "/f", Endpoint: "https://h"}, "credentials_file and endpoint must not be set both"},
		{Config{URL: "s3://x", ServerSideEncryption: Encryption{Type: "rot13"}}, `server_side_encryption::type must be aes256 or kms, got "rot13"`},
		{Config{URL: "s3://x", ServerSideEncryption: Encryption{KMSKeyID: "k"}}, "must be set with server_side_encryption::type kms"},
		{Config{URL: "s3://x", ServerSideEncryption: Encryption{Type: "aes256", KMSKeyID: "k"}}, "must be set with server_side_encryption::type kms"},
		{Config{URL: "gs://x", ServerSideEncryption: Encryption{Type: "aes256"}}, "server_side_encryption::type must be kms for gs://"},
		{Config{URL: "gs://x", ServerSideEncryption: Encryption{Type: "kms"}}, "kms_key_id must be set for gs://"},
		{Config{URL: "s3://x", StorageClass: "DEEP_ARCHIVE"}, `storage_class must be one of STANDARD, STANDARD_IA, `},
		{Config{URL: "gs://x", StorageClass: "nearline"}, `storage_class must be one of STANDARD, NEARLINE, COLDLINE, ARCHIVE for gs://, got "nearline"`},
		{Config{URL: "azblob://x", StorageClass: "Archive"}, `storage_class must be one of Hot, Cool, Cold for azblob://, got "Archive"`},
	} {
		err := tc.cfg.Validate()
		require.ErrorContains(t, err, tc.want)
		assert.NotContains(t, err.Error(), "secret@")
		assert.NotContains(t, err.Error(), ":secret")
	}
	all := Config{URL: "mem://x", Prefix: "..", Region: "r", StorageClass: "c", Endpoint: "e"}
	for _, key := range []string{"prefix", "region", "storage_class", "endpoint"} {
		require.ErrorContains(t, all.Validate(), key+" ")
	}
}

// TestSecretsAreNotShown looks for secrets wherever a configuration, a bucket or an error of it could be printed.
func TestSecretsAreNotShown(t *testing.T) {
	const secret = "c2VjcmV0LXRoYXQtbXVzdC1ub3QtYmUtc2hvd24=" //nolint:gosec // it is none
	dead := "http://" + freeAddress(t)
	write := func(name, content string) string {
		path := filepath.Join(t.TempDir(), name)
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		return path
	}
	connection := "DefaultEndpointsProtocol=http;AccountName=acc;AccountKey=" + secret + ";BlobEndpoint=" + dead + "/acc;"
	t.Setenv("AZURE_STORAGE_SAS_TOKEN", "")
	for name, c := range map[string]struct {
		cfg Config
		env [2]string
	}{
		"s3":                {cfg: Config{URL: "s3://logs", Endpoint: dead, AccessKeyID: "id", SecretAccessKey: secret}},
		"s3 file":           {cfg: Config{URL: "s3://logs", Endpoint: dead, CredentialsFile: write("c", "[default]\naws_access_key_id = id\naws_secret_access_key = "+secret+"\n")}},
		"s3 broken file":    {cfg: Config{URL: "s3://logs", Endpoint: dead, CredentialsFile: write("c", "[default\n"+secret+"\n = "+secret)}},
		"gs broken file":    {cfg: Config{URL: "gs://logs", CredentialsFile: write("c", secret)}},
		"gs wrong type":     {cfg: Config{URL: "gs://logs", CredentialsFile: write("c", `{"type":"service_account","private_key":"`+secret+`","client_email":"e","token_uri":"`+dead+`"}`), Endpoint: "https://" + dead[7:]}},
		"azblob":            {cfg: Config{URL: "azblob://logs", Endpoint: dead + "/acc", AccountName: "acc", AccountKey: secret}},
		"azblob not base64": {cfg: Config{URL: "azblob://logs", Endpoint: dead + "/acc", AccountName: "acc", AccountKey: "!" + secret}},
		"azblob connection": {cfg: Config{URL: "azblob://logs", ConnectionString: configopaque.String(connection)}},
		"azblob broken":     {cfg: Config{URL: "azblob://logs", ConnectionString: configopaque.String("AccountKey;" + secret)}},
		"azblob file":       {cfg: Config{URL: "azblob://logs", CredentialsFile: write("c", connection)}},
		"azblob signature":  {cfg: Config{URL: "azblob://logs", Endpoint: dead + "/acc"}, env: [2]string{"AZURE_STORAGE_SAS_TOKEN", "sv=2024-01-01&sig=" + secret}},
	} {
		t.Run(name, func(t *testing.T) {
			if c.env[0] != "" {
				t.Setenv(c.env[0], c.env[1])
			}
			require.NoError(t, c.cfg.Validate())
			check := func(v any) {
				for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
					assert.NotContains(t, fmt.Sprintf(format, v), secret[:12])
				}
			}
			checkError := func(err error) {
				require.Error(t, err)
				check(err)
				assert.NotContains(t, err.Error(), "\n")
				assert.Less(t, len(err.Error()), 800)
			}
			check(c.cfg)
			conf := confmap.New()
			require.NoError(t, conf.Marshal(&c.cfg))
			check(conf.ToStringMap())
			b, err := Open(t.Context(), c.cfg)
			if err != nil {
				checkError(err)
				return
			}
			defer b.Close()
			assert.NotContains(t, b.Name(), secret[:12])
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			checkError(b.Create(ctx, "k", []byte("x")))
			_, err = b.Get(ctx, "k")
			checkError(err)
			_, err = b.ReadRange(ctx, "k", make([]byte, 1), 0)
			checkError(err)
			checkError(b.Delete(ctx, "k"))
			for _, err := range b.List(ctx, "", "") {
				checkError(err)
			}
		})
	}
}
