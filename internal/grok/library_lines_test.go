// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestLibraryLines runs the lines in testdata/library. A case there is a pattern, a line (\n is a line break), and for each
// library what comes out: an object, `no match`, or `none` where the library does not have the pattern.
func TestLibraryLines(t *testing.T) {
	files, err := filepath.Glob("testdata/library/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) {
			f, err := os.Open(name)
			require.NoError(t, err)
			defer f.Close()
			sc := bufio.NewScanner(f)
			sc.Buffer(nil, 1<<20)
			for sc.Scan() {
				pattern := sc.Text()
				if pattern == "" || pattern[0] == '#' {
					continue
				}
				require.True(t, sc.Scan())
				line := strings.ReplaceAll(sc.Text(), `\n`, "\n")
				for _, lib := range []string{LibraryECS, LibraryLegacy} {
					require.True(t, sc.Scan())
					want, ok := strings.CutPrefix(sc.Text(), lib+" ")
					require.True(t, ok, sc.Text())
					s, err := NewSet(lib)
					require.NoError(t, err)
					p, err := s.Compile(pattern)
					if want == "none" {
						require.ErrorContains(t, err, "unknown pattern")
						continue
					}
					require.NoError(t, err)
					captures, ok, err := p.Match(line, nil)
					require.NoError(t, err)
					if !ok {
						assert.Equal(t, want, "no match", "%s %s on %q", lib, pattern, line)
						continue
					}
					got, err := json.Marshal(Nested(captures))
					require.NoError(t, err)
					assert.JSONEq(t, want, string(got), "%s %s on %q", lib, pattern, line)
				}
			}
			require.NoError(t, sc.Err())
		})
	}
}

// TestLibraryBetter: where the library does not do what Logstash's does.
func TestLibraryBetter(t *testing.T) {
	s, err := NewSet(LibraryECS)
	require.NoError(t, err)
	for _, tc := range []struct{ pattern, line, want string }{
		{`%{TIMESTAMP_ISO8601:t}`, "at 2016-12-31T23:59:60 UTC", `{"t":"2016-12-31T23:59:60"}`},
		{`%{MONTHNUM:m}`, "12", `{"m":"12"}`},
		{`%{BIND9_DNSTYPE:t}`, "IN AAAA", `{"t":"AAAA"}`},
		{`from %{IP:a}`, "from ::ffff:192.0.2.1 on", `{"a":"::ffff:192.0.2.1"}`},
		{`from %{IP:a}`, "from fe80::1%eth0.7 to 192.0.2.1", `{"a":"fe80::1%eth0.7"}`},
		{`%{RT_FLOW_EVENT:e}`, "RT_FLOW_SESSION_DENY: session denied", `{"e":"RT_FLOW_SESSION_DENY"}`},
		{`src %{CISCO_SRC_IP_USER}`, "src outside:2001:db8::2:9(ann)", `{"observer":{"ingress":{"interface":{"name":"outside"}}},"source":{"ip":"2001:db8::2:9","user":{"name":"ann"}}}`},
		{`"%{ELB_REQUEST_LINE}"`, `"GET http://a.example:80/ HTTP/1.1" "agent@evil.example"`, `{"http":{"request":{"method":"GET"},"version":"1.1"},"url":{"domain":"a.example","original":"http://a.example:80/","path":"/","port":80,"scheme":"http"}}`},
		{`%{URI:u}`, `see http://a.example:80/x or mail b@c.example`, `{"u":"http://a.example:80/x"}`},
	} {
		p, err := s.Compile(tc.pattern)
		require.NoError(t, err)
		captures, ok, err := p.Match(tc.line, nil)
		require.NoError(t, err)
		require.True(t, ok, "%s on %q", tc.pattern, tc.line)
		got, err := json.Marshal(Nested(captures))
		require.NoError(t, err)
		assert.JSONEq(t, tc.want, string(got), "%s on %q", tc.pattern, tc.line)
	}
}
