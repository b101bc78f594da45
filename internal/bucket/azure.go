// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package bucket

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	azureblobs "github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"gocloud.dev/blob"
	"gocloud.dev/blob/azureblob"
)

// azurePage is the most that Azure lists at a time (less in a test). It knows no start within a prefix, so a listing reads the pages before it, too.
var azurePage int32 = 5000

// azureAccount is a storage account with its credentials, of which there is at most one.
type azureAccount struct {
	endpoint   string // of the blob service; "" with a connection string
	name       string
	key        string
	signature  string // SAS token
	connection string
	identity   azcore.TokenCredential
}

func openAzure(ctx context.Context, l location, c Config) (*clients, error) {
	roots, err := authorities(c.CAFile)
	if err != nil {
		return nil, err
	}
	account, err := findAzureAccount(c)
	if err != nil {
		return nil, err
	}
	transport := newTransport(roots)
	open := func(retries policy.RetryOptions) (*blob.Bucket, error) {
		client, err := account.client(l.host, &container.ClientOptions{ClientOptions: azcore.ClientOptions{
			Retry: retries, Transport: &http.Client{Transport: transport}, Telemetry: policy.TelemetryOptions{ApplicationID: sessionName},
		}})
		if err != nil {
			return nil, err
		}
		return azureblob.OpenBucket(ctx, client, nil)
	}
	out := &clients{closeIdle: transport.CloseIdleConnections}
	if out.read, err = open(policy.RetryOptions{MaxRetries: readAttempts - 1, RetryDelay: firstPause, MaxRetryDelay: longestPause}); err != nil {
		return nil, err
	}
	if out.write, err = open(policy.RetryOptions{MaxRetries: -1}); err != nil {
		return nil, err
	}
	out.options = func(size int, o *blob.WriterOptions) {
		o.MaxConcurrency = uploadParts
		if size <= largeObject {
			o.BufferSize = size + 1 // more than fits: one request
		}
		if c.StorageClass != "" && size >= smallObject {
			o.BeforeWrite = func(as func(any) bool) error {
				var upload *azblob.UploadStreamOptions
				if !as(&upload) {
					return errors.New("storage_class cannot be set")
				}
				tier := azureblobs.AccessTier(c.StorageClass)
				upload.AccessTier = &tier
				return nil
			}
		}
	}
	return out, nil
}

// findAzureAccount takes the first of: connection string, account key, the same from the environment (with a SAS
// token between them), the default chain of identities.
func findAzureAccount(c Config) (azureAccount, error) {
	a := azureAccount{
		name:       cmp.Or(c.AccountName, os.Getenv("AZURE_STORAGE_ACCOUNT")),
		key:        string(c.AccountKey),
		connection: string(c.ConnectionString),
		endpoint:   strings.TrimRight(c.Endpoint, "/"),
	}
	if c.CredentialsFile != "" {
		data, err := os.ReadFile(c.CredentialsFile)
		if err != nil {
			return azureAccount{}, fmt.Errorf("read credentials_file: %w", err)
		}
		a.connection = strings.TrimSpace(string(data))
	}
	if a.connection == "" && a.key == "" {
		switch {
		case a.name != "" && os.Getenv("AZURE_STORAGE_KEY") != "":
			a.key = os.Getenv("AZURE_STORAGE_KEY")
		case os.Getenv("AZURE_STORAGE_SAS_TOKEN") != "":
			a.signature = strings.TrimPrefix(os.Getenv("AZURE_STORAGE_SAS_TOKEN"), "?")
		case a.endpoint == "" && c.AccountName == "":
			a.connection = os.Getenv("AZURE_STORAGE_CONNECTION_STRING")
		}
	}
	if a.connection != "" {
		return a, nil
	}
	if a.endpoint == "" {
		if a.name == "" {
			return azureAccount{}, errors.New("account_name must be set, or connection_string, credentials_file, endpoint, " +
				"or AZURE_STORAGE_ACCOUNT or AZURE_STORAGE_CONNECTION_STRING in the environment")
		}
		a.endpoint = "https://" + a.name + ".blob.core.windows.net"
	}
	if a.key == "" && a.signature == "" {
		identity, err := azidentity.NewDefaultAzureCredential(nil)
		if err != nil {
			return azureAccount{}, fmt.Errorf("find Azure credentials: %w", err)
		}
		a.identity = explainedIdentity{identity}
	}
	return a, nil
}

func (a azureAccount) client(name string, opts *container.ClientOptions) (*container.Client, error) {
	if a.connection != "" {
		client, err := container.NewClientFromConnectionString(a.connection, name, opts)
		if err != nil { // the error could show a part of it
			return nil, errors.New("the connection string of the Azure account is malformed: it must be like " +
				"DefaultEndpointsProtocol=https;AccountName=…;AccountKey=…;EndpointSuffix=core.windows.net")
		}
		return client, nil
	}
	at, err := url.JoinPath(a.endpoint, name)
	if err != nil {
		return nil, fmt.Errorf("endpoint: %w", err)
	}
	switch {
	case a.key != "":
		key, err := container.NewSharedKeyCredential(a.name, a.key)
		if err != nil {
			return nil, errors.New("the account key of the Azure account must be base64")
		}
		return container.NewClientWithSharedKeyCredential(at, key, opts)
	case a.signature != "":
		return container.NewClientWithNoCredential(at+"?"+a.signature, opts)
	default:
		return container.NewClient(at, a.identity, opts)
	}
}

// explainedIdentity says what to do where the default chain finds no identity.
type explainedIdentity struct{ azcore.TokenCredential }

func (e explainedIdentity) GetToken(ctx context.Context, opts policy.TokenRequestOptions) (azcore.AccessToken, error) {
	token, err := e.TokenCredential.GetToken(ctx, opts)
	if err != nil && ctx.Err() == nil {
		err = &credentialsError{hint: "no Azure credentials found: set account_key, connection_string or credentials_file, or AZURE_STORAGE_KEY, " +
			"AZURE_STORAGE_SAS_TOKEN or AZURE_STORAGE_CONNECTION_STRING in the environment", err: err}
	}
	return token, err
}
