// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/extension/extensiontest"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/internal/bucket"
)

// writer is a source with one batch.
type writer struct {
	batch    *archive.Batch
	released int
}

func (w *writer) Fresh(context.Context) (*archive.Fresh, error) {
	return &archive.Fresh{
		Writer: "w", WAL: "1", Parts: []archive.FreshPart{{First: 1, Last: 1, Batch: w.batch}},
		Release: func() { w.released++ },
	}, nil
}

// TestFresh: what a writer of this bucket holds is found by queries and shows among the labels, as long as it is attached.
func TestFresh(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	cfg.NetAddr.Endpoint = "localhost:0"
	cfg.Bucket.URL = "mem://fresh"
	a, err := newExtension(extensiontest.NewNopSettings(NewFactory().Type()), cfg)
	require.NoError(t, err)
	own, err := bucket.Identity(cfg.Bucket)
	require.NoError(t, err)
	w := &writer{batch: archive.NewBatch(shopLogs(), base, archive.BatchOptions{})}
	assert.Nil(t, a.AttachFresh(own, w), "not before the start")
	require.NoError(t, a.Start(context.Background(), componenttest.NewNopHost()))
	defer func() { require.NoError(t, a.Shutdown(context.Background())) }()
	require.NoError(t, a.refresh(context.Background()))
	assert.Nil(t, a.AttachFresh("another", w))
	detach := a.AttachFresh(own, w)
	require.NotNil(t, detach)

	h := a.handler()
	at := base.Add(30 * 60 * 1e9).Format("2006-01-02T15:04:05Z")
	count := func() string {
		status, body := ask(t, h, "/loki/api/v1/query", "query", `sum(count_over_time({service_name="cart"}[1h]))`, "time", at)
		require.Equal(t, 200, status, body)
		return body
	}
	assert.Contains(t, count(), `"20"]`)
	status, body := ask(t, h, "/loki/api/v1/label/service_name/values", "end", at, "since", "1h")
	require.Equal(t, 200, status)
	assert.Contains(t, body, `"cart","checkout"`)
	assert.Equal(t, 2, w.released, "each call releases what it looked at")
	detach()
	assert.NotContains(t, count(), `"20"]`)
}
