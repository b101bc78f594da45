// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import (
	"encoding/base64"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestBase64(t *testing.T) {
	sc := engine(t, nil).NewScanner()
	secret := "user=bob password=hunter2x7Q mail=bob@example.com"
	for name, enc := range map[string]*base64.Encoding{
		"standard": base64.StdEncoding, "no padding": base64.RawStdEncoding, "URL": base64.URLEncoding, "URL, no padding": base64.RawURLEncoding,
	} {
		coded := enc.EncodeToString([]byte(secret))
		for pad := range 30 {
			text := strings.Repeat(".", pad) + " body=" + coded + " end"
			got, _ := sc.Text(text)
			assert.Equal(t, strings.Repeat(".", pad)+" body=[REDACTED:password] end", got, name)
		}
	}
	coded := base64.StdEncoding.EncodeToString([]byte("???>>> password=hunter2x7Q ~~~"))
	for _, text := range []string{"Basic/" + coded, "x-" + coded + " end", `{"b":"` + strings.ReplaceAll(coded, "/", `\/`) + `"}`, "b=" + strings.ReplaceAll(coded, "/", "%2F")} {
		got, _ := sc.Text(text)
		assert.NotContains(t, got, coded[len(coded)-12:len(coded)-4], text)
		assert.Contains(t, got, "[REDACTED:password]")
	}
	lines := base64.StdEncoding.EncodeToString([]byte("-----BEGIN RSA PRIVATE KEY-----\n" + strings.Repeat("k3yMaterial/QWx0", 20)))
	for _, br := range []string{"\n", "\r\n  ", `\n`} {
		var wrapped strings.Builder
		for i := 0; i < len(lines); i += 76 {
			wrapped.WriteString(lines[i:min(len(lines), i+76)] + br)
		}
		got, _ := sc.Text("key: " + wrapped.String() + "done")
		assert.Contains(t, got, "key: [REDACTED:private_key]")
		assert.NotContains(t, got, lines[76:100])
		assert.NotContains(t, got, lines[200:220])
	}
	for _, clean := range []string{
		"/usr/lib/x86_64-linux-gnu/libpthread-2.31.so.0/abcdef", "4bf92f3577b34da6a3ce929d0e0e4736", "550e8400-e29b-41d4-a716-446655440000",
		base64.StdEncoding.EncodeToString([]byte("just a text about nothing that matters")), "AbstractSingletonProxyFactoryBeanInterceptorConfiguration",
	} {
		got, effect := sc.Text(clean)
		assert.Equal(t, clean, got)
		assert.Zero(t, effect)
	}
}

// TestBase64FindsEveryStretch plants stretches of random length at random places: whatever their place, they are found.
func TestBase64FindsEveryStretch(t *testing.T) {
	sc := engine(t, nil).NewScanner()
	r := rand.New(rand.NewPCG(5, 6))
	for range 2000 {
		secret := strings.Repeat("x ", r.IntN(9)) + "password=" + strings.Repeat("hG7", 1+r.IntN(9)) + strings.Repeat(" y", r.IntN(9))
		coded := base64.StdEncoding.EncodeToString([]byte(secret))
		if len(strings.TrimRight(coded, "=")) < base64Run {
			continue
		}
		text := strings.Repeat("ab ", r.IntN(40)) + coded + strings.Repeat(" cd", r.IntN(40))
		sc.Reset()
		got, _ := sc.Text(text)
		require.NotContains(t, got, coded, text)
	}
}
