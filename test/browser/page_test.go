// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/logboom/logboom/test/harness"
)

// TestPage is what people do on the page, in a quickstart that nobody else writes to.
func TestPage(t *testing.T) {
	harness.Chromium(t)
	_, address, env := stage(t)
	for _, name := range []string{"search", "filters", "histogram", "lines", "download", "answers", "keys", "address", "states", "look", "first-paint"} {
		t.Run(name, func(t *testing.T) { spec(t, name, address, env...) })
	}
}

// TestLive follows lines as they come, over a restart of the server.
func TestLive(t *testing.T) {
	harness.Chromium(t)
	lb, address, env := stage(t)
	control := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/stop":
			lb.Terminate()
		case "/start":
			lb.Restart()
		default:
			http.NotFound(w, r)
		}
	}))
	defer control.Close()
	spec(t, "live", address, append(env, "LOGBOOM_CONTROL="+control.URL)...)
}

// TestHostile is what a log may hold to harm its reader.
func TestHostile(t *testing.T) {
	harness.Chromium(t)
	_, address, env := stage(t)
	spec(t, "hostile", address, env...)
}
