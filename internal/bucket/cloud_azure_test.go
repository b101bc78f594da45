// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package bucket

import (
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/sas"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/config/configopaque"
)

func TestAzureCredentials(t *testing.T) {
	static := serveAzure(t)
	cfg := Config{URL: static.URL, Endpoint: static.Endpoint}
	connection := "DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey=" + azuriteKey + ";BlobEndpoint=" + static.Endpoint + ";"
	file := filepath.Join(t.TempDir(), "connection")
	require.NoError(t, os.WriteFile(file, []byte(connection+"\n"), 0o600))

	t.Run("connection_string", func(t *testing.T) {
		noEnvironment(t)
		require.NoError(t, probeConfig(t, Config{URL: static.URL, ConnectionString: configopaque.String(connection)}))
	})
	t.Run("credentials_file", func(t *testing.T) {
		noEnvironment(t)
		require.NoError(t, probeConfig(t, Config{URL: static.URL, CredentialsFile: file}))
		require.ErrorContains(t, probeConfig(t, Config{URL: static.URL, CredentialsFile: file + "-not-there"}), "credentials_file")
	})
	t.Run("connection string of the environment", func(t *testing.T) {
		noEnvironment(t)
		t.Setenv("AZURE_STORAGE_CONNECTION_STRING", connection)
		require.NoError(t, probeConfig(t, Config{URL: static.URL}))
	})
	t.Run("key of the environment", func(t *testing.T) {
		noEnvironment(t)
		t.Setenv("AZURE_STORAGE_ACCOUNT", "devstoreaccount1")
		t.Setenv("AZURE_STORAGE_KEY", azuriteKey)
		require.NoError(t, probeConfig(t, cfg))
	})
	t.Run("signature of the environment", func(t *testing.T) {
		noEnvironment(t)
		key, err := container.NewSharedKeyCredential("devstoreaccount1", azuriteKey)
		require.NoError(t, err)
		client, err := container.NewClientWithSharedKeyCredential(static.Endpoint+"/logs", key, nil)
		require.NoError(t, err)
		signed, err := client.GetSASURL(sas.ContainerPermissions{Read: true, Create: true, Write: true, List: true}, time.Now().Add(time.Hour), nil)
		require.NoError(t, err)
		u, err := url.Parse(signed)
		require.NoError(t, err)
		t.Setenv("AZURE_STORAGE_SAS_TOKEN", u.RawQuery)
		require.NoError(t, probeConfig(t, cfg))
		t.Setenv("AZURE_STORAGE_SAS_TOKEN", u.RawQuery+"x")
		err = probeConfig(t, cfg)
		require.Error(t, err)
		assert.True(t, Permanent(err))
		assert.NotContains(t, err.Error(), "sig=")
	})
	t.Run("no account", func(t *testing.T) {
		noEnvironment(t)
		_, err := Open(t.Context(), Config{URL: static.URL})
		require.ErrorContains(t, err, "account_name must be set")
	})
}
