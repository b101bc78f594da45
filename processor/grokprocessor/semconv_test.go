// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grokprocessor

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.37.0"

	"github.com/logboom/logboom/internal/grok"
)

// registry is what the semantic conventions say about the attributes that fields are mapped to.
var registry = []attribute.KeyValue{
	semconv.HTTPRequestBodySize(1), semconv.HTTPRequestSize(1), semconv.HTTPResponseBodySize(1), semconv.HTTPResponseSize(1),
	semconv.HTTPResponseStatusCode(1), semconv.HTTPRequestHeader("referer", "x"), semconv.NetworkProtocolVersion("1.1"), semconv.URLOriginal("x"),
	semconv.URLFull("x"), semconv.URLPath("x"), semconv.URLQuery("x"), semconv.URLPort(1), semconv.NetworkProtocolName("x"), semconv.NetworkTransportTCP,
	semconv.NetworkTypeIPv4, semconv.NetworkPeerAddress("x"), semconv.ClientAddress("x"), semconv.ClientPort(1), semconv.ServerAddress("x"), semconv.ServerPort(1),
	semconv.SourceAddress("x"), semconv.SourcePort(1), semconv.DestinationAddress("x"), semconv.DestinationPort(1), semconv.HostName("x"),
	semconv.ProcessPID(1), semconv.ProcessExecutablePath("x"), semconv.ThreadID(1), semconv.ThreadName("x"), semconv.CodeFilePath("x"), semconv.CodeLineNumber(1),
	semconv.CodeFunctionName("x"), semconv.ExceptionType("x"), semconv.ExceptionMessage("x"), semconv.ExceptionStacktrace("x"), semconv.SecurityRuleName("x"),
	semconv.FileSize(1), semconv.DeploymentEnvironmentName("x"), semconv.ServiceInstanceID("x"), semconv.ContainerImageTags("x"), semconv.ContainerRuntimeName("x"),
	semconv.AWSS3Bucket("x"), semconv.AWSS3Key("x"), semconv.AWSRequestID("x"), semconv.AWSExtendedRequestID("x"), semconv.DBNamespace("x"),
	semconv.DBCollectionName("x"), semconv.DBOperationName("x"), semconv.DBQueryText("x"),
}

// TestConventions: every attribute that a field is mapped to is in the registry, and has the type that it has there.
func TestConventions(t *testing.T) {
	types := map[string]attribute.Type{}
	for _, kv := range registry {
		types[string(kv.Key)] = kv.Value.Type()
	}
	seen := map[string]bool{}
	for _, c := range conventionList {
		assert.False(t, seen[c.field], "%s is there twice", c.field)
		seen[c.field] = true
		want, ok := types[c.key]
		require.True(t, ok, "%s is not in the registry", c.key)
		got := map[form]attribute.Type{
			formText: attribute.STRING, formLower: attribute.STRING, formURL: attribute.STRING, formInt: attribute.INT64, formList: attribute.STRINGSLICE,
		}[c.form]
		if c.key == "http.request.header.referer" { // the conventions have a list for every header
			want = attribute.STRING
		}
		assert.Equal(t, want, got, c.key)
	}
	for _, key := range []string{"url.full", "url.path", "url.query", "network.peer.address"} {
		assert.Contains(t, types, key)
	}
}

func namesOf(t *testing.T, library, expr string, conventions bool) map[string]target {
	t.Helper()
	set, err := grok.NewSet(library)
	require.NoError(t, err)
	p, err := set.Compile(expr)
	require.NoError(t, err)
	out := map[string]target{}
	for _, tg := range newNaming(p.Fields(), conventions) {
		out[tg.raw] = tg
	}
	return out
}

func TestNaming(t *testing.T) {
	check := func(expr, field, key, spare string, f form) {
		t.Helper()
		got := namesOf(t, grok.LibraryECS, expr, true)
		require.Contains(t, got, field)
		assert.Equal(t, target{raw: field, key: key, spare: spare, form: f}, got[field], expr)
		plain := namesOf(t, grok.LibraryECS, expr, false)
		assert.Equal(t, target{raw: field, key: field}, plain[field], expr)
	}
	const access, syslog = `%{HTTPD_COMBINEDLOG}`, `%{SYSLOGLINE}`
	check(access, "source.address", "client.address", "", formAddress)
	check(access, "http.request.method", "http.request.method", "", formField)
	check(access, "http.response.status_code", "http.response.status_code", "", formInt)
	check(access, "http.response.body.bytes", "http.response.body.size", "", formInt)
	check(access, "http.request.referrer", "http.request.header.referer", "", formText)
	check(access, "http.version", "network.protocol.version", "", formText)
	check(access, "url.original", "url.original", "", formURL)
	check(access, "user_agent.original", "user_agent.original", "", formField)
	check(access, "user.name", "user.name", "", formField)
	check(`%{HAPROXYHTTP}`, "url.original", "url.original", "", formText) // the pattern has the path itself
	check(`%{HAPROXYHTTP}`, "source.port", "client.port", "", formInt)
	check(`%{HAPROXYHTTP}`, "host.hostname", "host.name", "", formText)
	check(`%{HAPROXYTCP}`, "source.address", "client.address", "", formField)
	check(`%{HTTPD_ERRORLOG}`, "source.address", "client.address", "", formField)
	check(`%{IPTABLES}`, "source.ip", "source.address", "", formText) // no request: nobody is the client
	check(`%{IPTABLES}`, "network.transport", "network.transport", "", formLower)
	check(`%{BIND9}`, "client.ip", "client.address", "", formText)
	check(syslog, "host.hostname", "host.name", "", formText)
	check(syslog, "process.pid", "process.pid", "", formInt)
	check(syslog, "process.name", "process.name", "", formField)
	check(syslog, "timestamp", "timestamp", "", formField)
	check(`%{CISCO_SRC_HOST_PORT_USER}`, "source.ip", "source.address", "source.ip", formText)
	check(`%{IP:[source][ip]} %{HOSTNAME:[source][address]} %{WORD:[http][request][method]}`, "source.ip", "client.address", "network.peer.address", formText)
	check(`%{IP:[destination][ip]}:%{INT:[destination][port]} %{URI:[url][original]}`, "destination.port", "server.port", "", formInt)
	check(`%{HOSTNAME:[host][hostname]} %{HOSTNAME:[host][name]}`, "host.hostname", "host.hostname", "", formText)
	check(`%{JAVASTACKTRACEPART}`, "log.origin.file.line", "code.line.number", "", formInt)
	check(`%{JAVASTACKTRACEPART}`, "log.origin.function", "code.function.name", "", formText)
	check(`%{WORD:verb}`, "verb", "verb", "", formField)

	// The names of the legacy library stay.
	for field, tg := range namesOf(t, grok.LibraryLegacy, access, true) {
		assert.Equal(t, target{raw: field, key: field}, tg)
	}
	assert.Contains(t, namesOf(t, grok.LibraryLegacy, access, true), "clientip")
}

// TestLibraryNaming: no two fields of a pattern of the library become one attribute unless they are two names of one thing.
func TestLibraryNaming(t *testing.T) {
	set, err := grok.NewSet(grok.LibraryECS)
	require.NoError(t, err)
	for _, name := range set.Names() {
		p, err := set.Compile("%{" + name + "}")
		require.NoError(t, err)
		keys := map[string]string{}
		for _, tg := range newNaming(p.Fields(), true) {
			if tg.raw == "" || tg.spare != "" {
				continue
			}
			if other, ok := keys[tg.key]; ok {
				t.Errorf("%s: %s and %s are both %s", name, other, tg.raw, tg.key)
			}
			keys[tg.key] = tg.raw
		}
	}
}

func TestSplitURL(t *testing.T) {
	check := func(url, path, query, whole string) {
		t.Helper()
		p, q, ok := splitURL(url)
		assert.Equal(t, path, p, url)
		assert.Equal(t, query, q, url)
		assert.Equal(t, whole == "", ok, url)
		if !ok {
			assert.Equal(t, whole, urlKey(url), url)
		}
	}
	check("/", "/", "", "")
	check("/a/b?c=d&e=?", "/a/b", "c=d&e=?", "")
	check("/a?", "/a", "", "")
	check("/a?b=http://c", "/a", "b=http://c", "")
	check("//double", "//double", "", "")
	check("http://example.com/a?b", "", "", "url.full")
	check("HTTPS://example.com", "", "", "url.full")
	check("coap+tcp://example.com", "", "", "url.full")
	check("*", "", "", "url.original")
	check("example.com:443", "", "", "url.original")
	check("://x", "", "", "url.original")
	check("a b://x", "", "", "url.original")
	check("1a://x", "", "", "url.original")
	check("", "", "", "url.original")
}

func TestLowerCase(t *testing.T) {
	for text, want := range map[string]string{"TCP": "tcp", "udp": "udp", "UDP": "udp", "Http": "http", "ICMPv6": "icmpv6", "": ""} {
		assert.Equal(t, want, lowerCase(text))
	}
	got := ""
	assert.Zero(t, testing.AllocsPerRun(10, func() { got = lowerCase("TCP") }))
	assert.Equal(t, "tcp", got)
}

func TestSlots(t *testing.T) {
	set, err := grok.NewSet(grok.LibraryECS)
	require.NoError(t, err)
	slots := func(names fieldNames, expr string) []string {
		t.Helper()
		p, err := set.Compile(expr)
		require.NoError(t, err)
		targets := newNaming(p.Fields(), true)
		var out []string
		for _, s := range names.slots(targets) {
			var parts []string
			for _, slot := range s.slots {
				parts = append(parts, targets[slot].raw)
			}
			out = append(out, strings.Join(parts, "+"))
		}
		return out
	}
	assert.Equal(t, []string{"date+time", "time", "date"}, slots(timestampNames, `%{DATA:date} %{TIME:time}`))
	assert.Equal(t, []string{"month+day+time", "time"}, slots(timestampNames, `%{MONTH:month} %{MONTHDAY:day} %{TIME:time}`))
	assert.Equal(t, []string{"timestamp"}, slots(timestampNames, `%{POSTGRESQL}`)) // event.timezone: TestZoneApart
	assert.Equal(t, []string{"time"}, slots(timestampNames, `%{TIME:time}`))
	assert.Equal(t, []string{"d+t"}, slots(newFieldNames("d t", timestampNames), `%{DATA:d} %{TIME:t}`))
	assert.Empty(t, slots(newFieldNames("d u", timestampNames), `%{DATA:d} %{TIME:t}`))
	assert.Empty(t, slots(newFieldNames("-", timestampNames), `%{TIME:time}`))
	assert.Equal(t, []string{"process.pid"}, slots(fieldNames{"process.pid"}, `%{INT:[process][pid]}`))
	assert.Equal(t, []string{"source.ip"}, slots(fieldNames{"source.address"}, `%{IP:[source][ip]}`))
	assert.Equal(t, []string{"process.name"}, slots(serviceNames, `%{SYSLOGLINE}`))
	assert.Empty(t, slots(serviceNames, `%{NAGIOSLOGLINE}`)) // the service that is watched
	assert.Equal(t, []string{"log.syslog.priority"}, slots(severityNames, `%{SYSLOG5424LINE}`))
}

// TestReadmeConventions: the table in the README is the one here. -update writes it.
func TestReadmeConventions(t *testing.T) {
	const begin, end = "<!-- conventions -->\n", "<!-- end conventions -->\n"
	words := map[form]string{formText: "text", formInt: "int", formList: "list of texts", formLower: "text in lower case", formURL: "see below"}
	var b strings.Builder
	b.WriteString("| field | attribute | type |\n| --- | --- | --- |\n")
	rows := slices.Clone(conventionList)
	slices.SortFunc(rows, func(a, b convention) int { return strings.Compare(a.field, b.field) })
	for _, c := range rows {
		fmt.Fprintf(&b, "| `%s` | `%s` | %s |\n", c.field, c.key, words[c.form])
	}
	raw, err := os.ReadFile("README.md")
	require.NoError(t, err)
	before, rest, ok := strings.Cut(string(raw), begin)
	require.True(t, ok, begin)
	table, after, ok := strings.Cut(rest, end)
	require.True(t, ok, end)
	if *update && table != b.String() {
		require.NoError(t, os.WriteFile("README.md", []byte(before+begin+b.String()+end+after), 0o600))
		return
	}
	assert.Equal(t, b.String(), table)
}

func TestSplitAddress(t *testing.T) {
	check := func(text, host string, port int64) {
		t.Helper()
		h, p, ok := splitAddress(text)
		assert.Equal(t, host != "", ok, text)
		assert.Equal(t, host, h, text)
		assert.Equal(t, port, p, text)
	}
	check("192.0.2.1:5555", "192.0.2.1", 5555)
	check("192.0.2.1(5555)", "192.0.2.1", 5555)
	check("[2001:db8::1]:443", "2001:db8::1", 443)
	for _, text := range []string{
		"", "192.0.2.1", "2001:db8::1", "::1", "host:80", "[local]", "192.0.2.1:", "192.0.2.1:x", "192.0.2.1:65536", "[2001:db8::1]", "[2001:db8::1:80", "192.0.2.300:80", "192.0.2.1(80", "192.0.2.1)", "192.0.2.1:-1", "192.0.2.1:+1",
	} {
		check(text, "", 0)
	}
}
