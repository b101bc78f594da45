// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package bucket

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"

	"cloud.google.com/go/storage"
	gax "github.com/googleapis/gax-go/v2"
	"gocloud.dev/blob"
	"gocloud.dev/blob/gcsblob"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google"
	"google.golang.org/api/option"
)

const gcsScope = "https://www.googleapis.com/auth/cloud-platform"

func openGCS(ctx context.Context, l location, c Config) (*clients, error) {
	roots, err := authorities(c.CAFile)
	if err != nil {
		return nil, err
	}
	transport := newTransport(roots)
	tokens, err := gcsTokens(ctx, c)
	if err != nil {
		return nil, err
	}
	var trip http.RoundTripper = transport
	if tokens != nil {
		trip = &oauth2.Transport{Base: transport, Source: tokens}
	}
	opts := []option.ClientOption{
		option.WithHTTPClient(&http.Client{Transport: trip}),
		option.WithoutAuthentication(), // by the client: it has its credentials already
		storage.WithJSONReads(),
	}
	if c.Endpoint != "" {
		opts = append(opts, option.WithEndpoint(strings.TrimRight(c.Endpoint, "/")+"/storage/v1/"))
	}
	open := func(retries ...storage.RetryOption) (*blob.Bucket, error) {
		client, err := storage.NewClient(ctx, opts...)
		if err != nil {
			return nil, err
		}
		client.SetRetry(retries...)
		return gcsblob.OpenBucket(ctx, nil, l.host, &gcsblob.Options{Client: client})
	}
	out := &clients{closeIdle: transport.CloseIdleConnections}
	if out.read, err = open(storage.WithMaxAttempts(readAttempts), storage.WithBackoff(gax.Backoff{Initial: firstPause, Max: longestPause, Multiplier: 2})); err != nil {
		return nil, err
	}
	if out.write, err = open(storage.WithPolicy(storage.RetryNever)); err != nil {
		return nil, err
	}
	out.options = func(size int, o *blob.WriterOptions) {
		o.BufferSize = -1 // one request
		if size > largeObject {
			o.BufferSize = 16 << 20 // pieces, each of which the client may repeat
		}
		class := c.StorageClass
		if size < smallObject {
			class = ""
		}
		if class == "" && c.ServerSideEncryption.KMSKeyID == "" {
			return
		}
		o.BeforeWrite = func(as func(any) bool) error {
			var w *storage.Writer
			if !as(&w) {
				return errors.New("storage_class and server_side_encryption cannot be set")
			}
			w.StorageClass, w.KMSKeyName = class, c.ServerSideEncryption.KMSKeyID
			return nil
		}
	}
	return out, nil
}

// gcsTokens returns the source of the requests' tokens; nil for an emulator, which gets none.
func gcsTokens(ctx context.Context, c Config) (oauth2.TokenSource, error) {
	if c.CredentialsFile == "" && (strings.HasPrefix(c.Endpoint, "http://") || c.Endpoint == "" && os.Getenv("STORAGE_EMULATOR_HOST") != "") {
		return nil, nil
	}
	// Tokens are fetched anew for as long as the bucket is open.
	ctx = context.WithValue(context.WithoutCancel(ctx), oauth2.HTTPClient, &http.Client{Transport: http.DefaultTransport, Timeout: usual.answer})
	if c.CredentialsFile == "" {
		found, err := google.FindDefaultCredentials(ctx, gcsScope)
		if err != nil {
			return nil, fmt.Errorf("no Google credentials found: set credentials_file, or GOOGLE_APPLICATION_CREDENTIALS in the environment: %w", err)
		}
		return found.TokenSource, nil
	}
	data, err := os.ReadFile(c.CredentialsFile)
	if err != nil {
		return nil, fmt.Errorf("read credentials_file: %w", err)
	}
	var kind struct {
		Type google.CredentialsType `json:"type"`
	}
	if json.Unmarshal(data, &kind) != nil || kind.Type == "" { // the parser's error could show a part of the file
		return nil, fmt.Errorf("read credentials_file: %w", &os.PathError{Op: "parse", Path: c.CredentialsFile, Err: errors.New("not a Google credentials file in JSON")})
	}
	found, err := google.CredentialsFromJSONWithType(ctx, data, kind.Type, gcsScope)
	if err != nil {
		return nil, fmt.Errorf("read credentials_file %q of type %q: not usable", c.CredentialsFile, kind.Type)
	}
	return found.TokenSource, nil
}
