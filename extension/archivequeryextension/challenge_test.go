// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configauth"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/extension/extensiontest"
)

// authenticators is a host with one authenticator, which lets Basic bWU6c2VjcmV0 pass.
type authenticators struct {
	statusHost
	id component.ID
}

func (h *authenticators) GetExtensions() map[component.ID]component.Component {
	return map[component.ID]component.Component{h.id: gate{}}
}

type gate struct{}

func (gate) Start(context.Context, component.Host) error { return nil }
func (gate) Shutdown(context.Context) error              { return nil }

func (gate) Authenticate(ctx context.Context, headers map[string][]string) (context.Context, error) {
	if v := http.Header(headers).Get("Authorization"); v != "Basic bWU6c2VjcmV0" {
		return ctx, errors.New("not authenticated")
	}
	return ctx, nil
}

// TestChallenge: a browser asks its user for a password where one is wanted, and only there.
func TestChallenge(t *testing.T) {
	for kind, want := range map[string]string{"basicauth": `Basic realm="Logboom", charset="UTF-8"`, "bearertokenauth": ""} {
		cfg := createDefaultConfig().(*Config)
		cfg.NetAddr.Endpoint = freeAddress(t)
		cfg.Bucket.URL = memory("challenge")
		id := component.MustNewIDWithName(kind, "people")
		cfg.Auth = configoptional.Some(confighttp.AuthConfig{Config: configauth.Config{AuthenticatorID: id}})
		a, err := newExtension(extensiontest.NewNopSettings(NewFactory().Type()), cfg)
		require.NoError(t, err)
		require.NoError(t, a.Start(context.Background(), &authenticators{id: id}))
		client := &http.Client{Transport: &http.Transport{}}
		get := func(authorization string) *http.Response {
			req, err := http.NewRequest(http.MethodGet, "http://"+cfg.NetAddr.Endpoint+"/", http.NoBody)
			require.NoError(t, err)
			if authorization != "" {
				req.Header.Set("Authorization", authorization)
			}
			resp, err := client.Do(req)
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			return resp
		}
		for _, wrong := range []string{"", "Basic d3Jvbmc="} {
			resp := get(wrong)
			assert.Equal(t, http.StatusUnauthorized, resp.StatusCode, kind)
			assert.Equal(t, want, resp.Header.Get(wwwAuthenticate), kind)
		}
		resp := get("Basic bWU6c2VjcmV0")
		assert.Equal(t, http.StatusOK, resp.StatusCode)
		assert.Empty(t, resp.Header.Get(wwwAuthenticate))
		client.CloseIdleConnections()
		require.NoError(t, a.Shutdown(context.Background()))
	}
}
