// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package bucket

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/archive"
)

func probeConfig(t *testing.T, cfg Config) error {
	t.Helper()
	require.NoError(t, cfg.Validate())
	b, err := Open(t.Context(), cfg)
	if err != nil {
		return err
	}
	defer b.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	err = Probe(ctx, b)
	if err != nil {
		assert.Contains(t, err.Error(), b.Name())
		assert.NotContains(t, err.Error(), "\n")
		t.Logf("%v", err)
	}
	return err
}

// probeKind is what a start-up must tell apart on every kind of server.
func probeKind(t *testing.T, cfg Config) {
	t.Run("fine", func(t *testing.T) {
		require.NoError(t, probeConfig(t, cfg))
		p, cfg := newProxy(t, cfg)
		require.NoError(t, probeConfig(t, cfg))
		assert.Len(t, p.requests, 1, "requests of a start that is not the first")
	})
	t.Run("no such bucket", func(t *testing.T) {
		cfg := cfg
		cfg.URL = strings.Replace(cfg.URL, "://logs", "://nowhere", 1)
		err := probeConfig(t, cfg)
		require.Error(t, err)
		assert.True(t, Permanent(err))
		assert.NotErrorIs(t, err, ErrNotConditional)
		assert.NotErrorIs(t, err, archive.ErrNotFound)
	})
	t.Run("connection refused", func(t *testing.T) {
		_, cfg := newProxy(t, cfg)
		cfg.Endpoint = strings.Replace(cfg.Endpoint, hostOf(cfg.Endpoint), freeAddress(t), 1)
		err := probeConfig(t, cfg)
		require.Error(t, err)
		assert.False(t, Permanent(err))
	})
	for status, code := range map[int]string{500: "InternalError", 502: "", 503: "SlowDown", 504: "", 429: "TooManyRequests", 408: "RequestTimeout"} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			p, cfg := newProxy(t, cfg)
			p.set(func(w http.ResponseWriter, _ *http.Request, _ func()) { answer(w, cfg, status, code) })
			err := probeConfig(t, cfg)
			require.Error(t, err)
			assert.False(t, Permanent(err))
			assert.Len(t, p.requests, 1)
		})
	}
	for status, code := range map[int]string{401: "Unauthorized", 403: "AccessDenied"} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			p, cfg := newProxy(t, cfg)
			p.set(func(w http.ResponseWriter, _ *http.Request, _ func()) { answer(w, cfg, status, code) })
			err := probeConfig(t, cfg)
			require.Error(t, err)
			assert.True(t, Permanent(err))
			assert.NotErrorIs(t, err, ErrNotConditional)
		})
	}
	t.Run("not implemented", func(t *testing.T) {
		p, cfg := newProxy(t, cfg)
		p.set(func(w http.ResponseWriter, r *http.Request, pass func()) {
			if r.Method == http.MethodPut || r.Method == http.MethodPost {
				answer(w, cfg, http.StatusNotImplemented, "NotImplemented")
				return
			}
			pass()
		})
		err := probeConfig(t, cfg)
		require.Error(t, err)
		assert.True(t, Permanent(err))
	})
	t.Run("hangs", func(t *testing.T) {
		p, cfg := newProxy(t, cfg)
		p.set(func(_ http.ResponseWriter, r *http.Request, _ func()) {
			_, _ = io.Copy(io.Discard, r.Body) // only then the end of the connection is seen
			<-r.Context().Done()
		})
		b, err := Open(t.Context(), cfg)
		require.NoError(t, err)
		defer b.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		began := time.Now()
		err = Probe(ctx, b)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Less(t, time.Since(began), time.Minute)
		assert.False(t, Permanent(err))
	})
	t.Run("certificate", func(t *testing.T) {
		_, cfg := newTLSProxy(t, cfg)
		if strings.HasPrefix(cfg.URL, "gs:") {
			cfg.CredentialsFile = serviceAccount(t, http.StatusOK)
		}
		require.NoError(t, probeConfig(t, cfg))
		cfg.CAFile = ""
		err := probeConfig(t, cfg)
		require.ErrorContains(t, err, "certificate")
		assert.True(t, Permanent(err))
		cfg.CAFile = filepath.Join(t.TempDir(), "nothing")
		require.ErrorContains(t, probeConfig(t, cfg), "ca_file")
	})
}

func hostOf(endpoint string) string {
	return strings.SplitN(strings.SplitN(endpoint, "://", 2)[1], "/", 2)[0]
}

// signAgain signs a request of which something was changed.
func signAgain(t *testing.T, r *http.Request) {
	r.Header.Del("Authorization")
	assert.NoError(t, v4.NewSigner().SignHTTP(r.Context(), aws.Credentials{AccessKeyID: "user", SecretAccessKey: "password"},
		r, r.Header.Get("X-Amz-Content-Sha256"), "s3", "us-east-1", time.Now()))
}

func TestProbeS3(t *testing.T) {
	cfg := serveS3(t)
	probeKind(t, cfg)
	t.Run("wrong key", func(t *testing.T) {
		cfg := cfg
		cfg.SecretAccessKey = "wrong"
		err := probeConfig(t, cfg)
		require.ErrorContains(t, err, "SignatureDoesNotMatch")
		assert.True(t, Permanent(err))
	})
	t.Run("unknown key", func(t *testing.T) {
		cfg := cfg
		cfg.AccessKeyID = "nobody"
		err := probeConfig(t, cfg)
		require.Error(t, err)
		assert.True(t, Permanent(err))
	})
	// A server that does not know conditional writes: the proxy takes the condition out, and signs anew.
	t.Run("not conditional", func(t *testing.T) {
		p, cfg := newProxy(t, cfg)
		p.set(func(_ http.ResponseWriter, r *http.Request, pass func()) {
			if r.Method == http.MethodPut {
				r.Header.Del("If-None-Match")
				signAgain(t, r)
			}
			pass()
		})
		for range 2 { // also where the object is there already
			err := probeConfig(t, cfg)
			require.ErrorIs(t, err, ErrNotConditional)
			assert.True(t, Permanent(err))
			require.Len(t, p.seen(http.MethodPut), 2)
			p.set(p.handle)
		}
	})
	t.Run("condition not implemented", func(t *testing.T) {
		p, cfg := newProxy(t, cfg)
		p.set(func(w http.ResponseWriter, _ *http.Request, _ func()) {
			answerS3(w, http.StatusNotImplemented, "NotImplemented")
		})
		require.ErrorIs(t, probeConfig(t, cfg), ErrNotConditional)
	})
	for _, code := range []string{"InvalidStorageClass", "AuthorizationHeaderMalformed", "KMS.NotFoundException", "InvalidArgument"} {
		t.Run(code, func(t *testing.T) {
			p, cfg := newProxy(t, cfg)
			p.set(func(w http.ResponseWriter, _ *http.Request, _ func()) { answerS3(w, http.StatusBadRequest, code) })
			err := probeConfig(t, cfg)
			require.ErrorContains(t, err, code)
			assert.True(t, Permanent(err))
		})
	}
	for _, code := range []string{"RequestTimeout", "BadDigest", "IncompleteBody"} {
		t.Run(code, func(t *testing.T) {
			p, cfg := newProxy(t, cfg)
			p.set(func(w http.ResponseWriter, _ *http.Request, _ func()) { answerS3(w, http.StatusBadRequest, code) })
			err := probeConfig(t, cfg)
			require.ErrorContains(t, err, code)
			assert.False(t, Permanent(err))
		})
	}
	t.Run("clock", func(t *testing.T) {
		p, cfg := newProxy(t, cfg)
		p.set(func(w http.ResponseWriter, _ *http.Request, _ func()) {
			answerS3(w, http.StatusForbidden, "RequestTimeTooSkewed")
		})
		assert.False(t, Permanent(probeConfig(t, cfg)))
	})
}

func TestProbeGCS(t *testing.T) {
	cfg := serveGCS(t)
	probeKind(t, cfg)
	t.Run("service account", func(t *testing.T) {
		p, cfg := newTLSProxy(t, cfg)
		cfg.CredentialsFile = serviceAccount(t, http.StatusOK)
		require.NoError(t, probeConfig(t, cfg))
		for _, r := range p.requests {
			assert.Equal(t, "Bearer a-token", r.Header.Get("Authorization"))
		}
	})
	t.Run("emulator gets no token", func(t *testing.T) {
		t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", serviceAccount(t, http.StatusOK))
		p, cfg := newProxy(t, cfg)
		require.NoError(t, probeConfig(t, cfg))
		for _, r := range p.requests {
			assert.Empty(t, r.Header.Get("Authorization"))
		}
	})
	t.Run("default credentials", func(t *testing.T) {
		t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", serviceAccount(t, http.StatusOK))
		p, cfg := newTLSProxy(t, cfg)
		require.NoError(t, probeConfig(t, cfg))
		for _, r := range p.requests {
			assert.Equal(t, "Bearer a-token", r.Header.Get("Authorization"))
		}
	})
	for status, permanent := range map[int]bool{http.StatusBadRequest: true, http.StatusUnauthorized: true, http.StatusServiceUnavailable: false} {
		t.Run("token service answers "+http.StatusText(status), func(t *testing.T) {
			_, cfg := newTLSProxy(t, cfg)
			cfg.CredentialsFile = serviceAccount(t, status)
			err := probeConfig(t, cfg)
			require.Error(t, err)
			assert.Equal(t, permanent, Permanent(err))
		})
	}
}

// serviceAccount returns the file of a service account whose token service answers with a status.
func serviceAccount(t *testing.T, status int) string {
	t.Helper()
	tokens := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		if status == http.StatusOK {
			_, _ = w.Write([]byte(`{"access_token":"a-token","token_type":"Bearer","expires_in":3600}`))
		} else {
			_, _ = w.Write([]byte(`{"error":"invalid_grant","error_description":"Invalid JWT Signature."}`))
		}
	}))
	t.Cleanup(func() {
		http.DefaultTransport.(*http.Transport).CloseIdleConnections()
		tokens.Close()
	})
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	data, err := json.Marshal(map[string]string{
		"type": "service_account", "client_email": "logboom@test.iam.gserviceaccount.com", "private_key_id": "1", "token_uri": tokens.URL,
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})),
	})
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "account.json")
	require.NoError(t, os.WriteFile(path, data, 0o600))
	return path
}

func TestProbeAzure(t *testing.T) {
	cfg := serveAzure(t)
	probeKind(t, cfg)
	t.Run("wrong key", func(t *testing.T) {
		cfg := cfg
		cfg.AccountKey = "d3Jvbmc="
		err := probeConfig(t, cfg)
		require.Error(t, err)
		assert.True(t, Permanent(err))
	})
	t.Run("unknown account", func(t *testing.T) {
		cfg := cfg
		cfg.Endpoint = strings.Replace(cfg.Endpoint, "devstoreaccount1", "nobody", 1)
		cfg.AccountName = "nobody"
		err := probeConfig(t, cfg)
		require.Error(t, err)
		assert.True(t, Permanent(err))
	})
}
