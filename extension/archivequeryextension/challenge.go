// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import "net/http"

const (
	wwwAuthenticate = "WWW-Authenticate"
	// basicAuth is the type of contrib's authenticator by name and password.
	basicAuth = "basicauth"
)

// asksForPassword reports whether who comes without a name and a password is to be told that these are wanted: only then a browser
// asks its user, so that the page can be used.
func (c *Config) asksForPassword() bool {
	return c.Auth.HasValue() && c.Auth.Get().AuthenticatorID.Type().String() == basicAuth
}

// challenge puts the question around a server that authenticates, which refuses without one, and admitted takes it back from the
// answers to those who pass.
func challenge(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(wwwAuthenticate, `Basic realm="Logboom", charset="UTF-8"`)
		next.ServeHTTP(w, r)
	})
}

func admitted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Del(wwwAuthenticate)
		next.ServeHTTP(w, r)
	})
}
