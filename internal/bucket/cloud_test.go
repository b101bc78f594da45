// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package bucket

import "testing"

func TestS3(t *testing.T) {
	t.Parallel()
	cfg := serveS3(t)
	acceptance(t, cfg)
	t.Run("processes", func(t *testing.T) { race(t, cfg, 200, 20_000) })
	t.Run("processes, in parts", func(t *testing.T) {
		cfg.URL += "/large"
		race(t, cfg, 3, largeObject+1)
	})
}

func TestGCS(t *testing.T) {
	t.Parallel()
	cfg := serveGCS(t)
	acceptance(t, cfg)
	t.Run("processes", func(t *testing.T) { race(t, cfg, 200, 20_000) })
	t.Run("processes, in parts", func(t *testing.T) {
		cfg.URL += "/large"
		race(t, cfg, 3, largeObject+1)
	})
}

func TestAzure(t *testing.T) {
	t.Parallel()
	cfg := serveAzure(t)
	acceptance(t, cfg)
	t.Run("processes", func(t *testing.T) { race(t, cfg, 200, 20_000) })
	t.Run("processes, in parts", func(t *testing.T) {
		cfg.URL += "/large"
		race(t, cfg, 3, largeObject+1)
	})
}
