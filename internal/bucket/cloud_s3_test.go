// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package bucket

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// noEnvironment hides what the machine may have of the cloud.
func noEnvironment(t *testing.T) {
	t.Helper()
	nowhere := filepath.Join(t.TempDir(), "nothing")
	for _, name := range []string{
		"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION",
		"AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
		"AZURE_STORAGE_ACCOUNT", "AZURE_STORAGE_KEY", "AZURE_STORAGE_SAS_TOKEN", "AZURE_STORAGE_CONNECTION_STRING",
	} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", nowhere)
	t.Setenv("AWS_CONFIG_FILE", nowhere)
}

func TestS3Credentials(t *testing.T) {
	static := serveS3(t)
	cfg := static
	cfg.AccessKeyID, cfg.SecretAccessKey = "", ""
	file := filepath.Join(t.TempDir(), "credentials")
	require.NoError(t, os.WriteFile(file, []byte("[default]\naws_access_key_id = nobody\naws_secret_access_key = nothing\n"+
		"[logs]\naws_access_key_id = user\naws_secret_access_key = password\n"), 0o600))

	t.Run("environment", func(t *testing.T) {
		noEnvironment(t)
		t.Setenv("AWS_ACCESS_KEY_ID", "user")
		t.Setenv("AWS_SECRET_ACCESS_KEY", "password")
		require.NoError(t, probeConfig(t, cfg))
	})
	t.Run("shared file of the environment", func(t *testing.T) {
		noEnvironment(t)
		t.Setenv("AWS_SHARED_CREDENTIALS_FILE", file)
		require.Error(t, probeConfig(t, cfg))
		cfg := cfg
		cfg.Profile = "logs"
		require.NoError(t, probeConfig(t, cfg))
	})
	t.Run("credentials_file", func(t *testing.T) {
		noEnvironment(t)
		t.Setenv("AWS_ACCESS_KEY_ID", "somebody") // what is configured comes first
		t.Setenv("AWS_SECRET_ACCESS_KEY", "else")
		cfg := cfg
		cfg.CredentialsFile, cfg.Profile = file, "logs"
		require.NoError(t, probeConfig(t, cfg))
		cfg.Profile = ""
		require.Error(t, probeConfig(t, cfg), "the default profile's are wrong")
		cfg.Profile = "absent"
		require.ErrorContains(t, probeConfig(t, cfg), "absent")
		cfg.CredentialsFile += "-not-there"
		require.ErrorContains(t, probeConfig(t, cfg), "credentials_file")
	})
	t.Run("none", func(t *testing.T) {
		noEnvironment(t)
		metadata := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			t.Error("nobody asks, or waits for, the metadata of a machine of Amazon's")
		}))
		defer metadata.Close()
		t.Setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", metadata.URL)
		err := probeConfig(t, cfg)
		require.ErrorContains(t, err, "no S3 credentials found: set access_key_id and secret_access_key")
		assert.True(t, Permanent(err))
	})
	t.Run("none, at Amazon's", func(t *testing.T) {
		noEnvironment(t)
		// The metadata service is there, and has no role.
		metadata := httptest.NewServer(http.NotFoundHandler())
		defer metadata.Close()
		t.Setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", metadata.URL)
		err := probeConfig(t, Config{URL: "s3://logs", Region: "eu-west-1"})
		require.ErrorContains(t, err, "no S3 credentials found")
		assert.False(t, Permanent(err), "a machine that starts may have its role later")
	})
	t.Run("no region", func(t *testing.T) {
		noEnvironment(t)
		_, err := Open(t.Context(), Config{URL: "s3://logs"})
		require.ErrorContains(t, err, "region must be set, or AWS_REGION in the environment")
	})
	t.Run("role", func(t *testing.T) {
		noEnvironment(t)
		var asked url.Values
		tokens := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			assert.NoError(t, r.ParseForm())
			asked = r.PostForm
			w.Header().Set("Content-Type", "text/xml")
			fmt.Fprintf(w, `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
				<AccessKeyId>user</AccessKeyId><SecretAccessKey>password</SecretAccessKey><SessionToken>a-session</SessionToken>
				<Expiration>%s</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`, time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
		}))
		defer tokens.Close()
		t.Setenv("AWS_ENDPOINT_URL_STS", tokens.URL)
		p, cfg := newProxy(t, static)
		p.set(func(_ http.ResponseWriter, r *http.Request, pass func()) { // the server knows no sessions
			assert.Equal(t, "a-session", r.Header.Get("X-Amz-Security-Token"))
			assert.Contains(t, r.Header.Get("Authorization"), "Credential=user/")
			r.Header.Del("X-Amz-Security-Token")
			signAgain(t, r)
			pass()
		})
		cfg.AccessKeyID, cfg.SecretAccessKey = "first", "key"
		cfg.RoleARN, cfg.ExternalID = "arn:aws:iam::123456789012:role/logs", "of-a-partner"
		require.NoError(t, probeConfig(t, cfg))
		assert.Equal(t, cfg.RoleARN, asked.Get("RoleArn"))
		assert.Equal(t, cfg.ExternalID, asked.Get("ExternalId"))
		assert.Equal(t, "logboom", asked.Get("RoleSessionName"))
		assert.NotEmpty(t, p.requests)
	})
}

// TestObjects looks at what the requests ask for.
func TestObjects(t *testing.T) {
	small, medium, large := make([]byte, 1000), make([]byte, smallObject), make([]byte, largeObject+1)
	create := func(t *testing.T, cfg Config) *proxy {
		p, cfg := newProxy(t, cfg)
		require.NoError(t, cfg.Validate())
		// The test's servers know none of it: they get the request without.
		p.set(func(w http.ResponseWriter, r *http.Request, _ func()) {
			w.WriteHeader(http.StatusTeapot)
			r.Body.Close()
		})
		b, err := Open(t.Context(), cfg)
		require.NoError(t, err)
		defer b.Close()
		for i, body := range [][]byte{small, medium, large} {
			require.Error(t, b.Create(t.Context(), fmt.Sprint(i), body))
		}
		return p
	}
	writes := func(p *proxy) (out []*http.Request) {
		for _, r := range p.requests {
			if isWrite(r) {
				out = append(out, r)
			}
		}
		require.Len(t, out, 3)
		return out
	}
	t.Run("s3", func(t *testing.T) {
		p := create(t, Config{
			URL: "s3://logs", Endpoint: "http://unused", PathStyle: true, AccessKeyID: "i", SecretAccessKey: "s", StorageClass: "STANDARD_IA",
			ServerSideEncryption: Encryption{Type: "kms", KMSKeyID: "a-key"},
		})
		for i, r := range writes(p) {
			assert.Equal(t, "aws:kms", r.Header.Get("X-Amz-Server-Side-Encryption"))
			assert.Equal(t, "a-key", r.Header.Get("X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id"))
			assert.Equal(t, []string{"", "STANDARD_IA", "STANDARD_IA"}[i], r.Header.Get("X-Amz-Storage-Class"))
			assert.Equal(t, []string{"*", "*", ""}[i], r.Header.Get("If-None-Match"), "in parts, the condition comes with the last request")
		}
	})
	t.Run("s3, own keys", func(t *testing.T) {
		p := create(t, Config{
			URL: "s3://logs", Endpoint: "http://unused", PathStyle: true, AccessKeyID: "i", SecretAccessKey: "s",
			ServerSideEncryption: Encryption{Type: "aes256"},
		})
		for _, r := range writes(p) {
			assert.Equal(t, "AES256", r.Header.Get("X-Amz-Server-Side-Encryption"))
			assert.Empty(t, r.Header.Get("X-Amz-Storage-Class"))
		}
	})
	t.Run("gs", func(t *testing.T) {
		p := create(t, Config{
			URL: "gs://logs", Endpoint: "http://unused", StorageClass: "NEARLINE",
			ServerSideEncryption: Encryption{Type: "kms", KMSKeyID: "projects/p/locations/l/keyRings/r/cryptoKeys/k"},
		})
		for _, r := range writes(p) {
			assert.Equal(t, "projects/p/locations/l/keyRings/r/cryptoKeys/k", r.URL.Query().Get("kmsKeyName"))
			assert.Equal(t, "0", r.URL.Query().Get("ifGenerationMatch"))
		}
	})
	t.Run("azblob", func(t *testing.T) {
		p := create(t, Config{
			URL: "azblob://logs", Endpoint: "http://unused/acc", AccountName: "acc", AccountKey: azuriteKey, StorageClass: "Cool",
		})
		var tiers []string
		for _, r := range p.seen(http.MethodPut) {
			if r.URL.Query().Get("comp") == "" {
				tiers = append(tiers, r.Header.Get("X-Ms-Access-Tier"))
				assert.Equal(t, "*", r.Header.Get("If-None-Match"))
			}
		}
		assert.Equal(t, []string{"", "Cool"}, tiers)
	})
}

// TestStorageClasses writes with classes where the servers know them.
func TestStorageClasses(t *testing.T) {
	body := make([]byte, smallObject)
	t.Run("gs", func(t *testing.T) {
		cfg := serveGCS(t)
		cfg.StorageClass = "NEARLINE"
		b, err := Open(t.Context(), cfg)
		require.NoError(t, err)
		defer b.Close()
		require.NoError(t, b.Create(t.Context(), "x", body))
	})
	t.Run("azblob", func(t *testing.T) {
		cfg := serveAzure(t)
		cfg.StorageClass = "Cool"
		b, err := Open(t.Context(), cfg)
		require.NoError(t, err)
		defer b.Close()
		require.NoError(t, b.Create(t.Context(), "x", body))
		require.NoError(t, b.Create(t.Context(), "y", make([]byte, largeObject+1)))
	})
	t.Run("s3", func(t *testing.T) {
		cfg := serveS3(t)
		cfg.StorageClass = "STANDARD"
		b, err := Open(t.Context(), cfg)
		require.NoError(t, err)
		defer b.Close()
		require.NoError(t, b.Create(t.Context(), "x", body))
		require.NoError(t, b.Create(t.Context(), "y", make([]byte, largeObject+1)))
	})
}
