// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

const grokCollector = `
processors:
  grok:
    rules:
      - name: other
        parsers: [{regex: '^(?P<all>.*)$'}]
  grok/shop:
    definitions: {CART: 'c-\d+'}
    rules:
      - name: shop
        resource: {service.name: "${env:GROK_TEST_SERVICE:-shop}"}
        attributes: {log.file.name: "*.log"}
        parsers:
          - grok: '^%{TIMESTAMP_ISO8601:timestamp} %{LOGLEVEL:level} trace_id=%{NOTSPACE:trace_id} cart=%{CART:cart.id} %{GREEDYDATA:message}'
        body: message
`

// TestGrokConfig runs lines through the processor of a Collector's configuration.
func TestGrokConfig(t *testing.T) {
	config := writeFile(t, "collector.yaml", grokCollector)
	const in = "2026-01-14T23:59:59Z ERROR trace_id=4bf92f3577b34da6a3ce929d0e0e4736 cart=c-17 checkout <failed>\r\nnot so\n"
	code, out, errs := runCtl(t, in, "grok", "--config", config, "--processor", "shop", "--resource", "service.name=shop", "--attribute", "log.file.name=a.log")
	assert.Zero(t, code, errs)
	assert.Equal(t, `{"body":"checkout <failed>","attributes":{"cart.id":"c-17","level":"ERROR","log.file.name":"a.log","timestamp":"2026-01-14T23:59:59Z","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736"},"severity":"Error","severity_text":"ERROR",`+
		`"timestamp":"2026-01-14T23:59:59Z","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","resource":{"service.name":"shop"}}`+"\n"+
		`{"body":"not so","attributes":{"log.file.name":"a.log","logboom.parse.error":"no_match"},"resource":{"service.name":"shop"}}`+"\n", out)

	code, out, errs = runCtl(t, `"a\nb"`+"\n", "grok", "--config", config, "--processor", "grok/shop", "--jsonl")
	assert.Zero(t, code, errs)
	assert.Equal(t, `{"body":"a\nb"}`+"\n", out, "a record that no rule selects")

	code, out, errs = runCtl(t, "x\n", "grok", "--config", writeFile(t, "c.yaml", "rules: [{name: a, parsers: [{regex: '(?P<a>.)'}]}]"))
	assert.Zero(t, code, errs)
	assert.Equal(t, `{"body":"x","attributes":{"a":"x"}}`+"\n", out)
}

func TestGrokConfigMistakes(t *testing.T) {
	config := writeFile(t, "collector.yaml", grokCollector)
	for _, tc := range []struct {
		args []string
		want string
	}{
		{[]string{"--config", config}, "name one with --processor: grok, grok/shop"},
		{[]string{"--config", config, "--processor", "x"}, "--processor x is not there"},
		{[]string{"--config", config, "--processor", "shop", "--pattern", "x"}, "--config has the patterns"},
		{[]string{"--config", config, "--processor", "shop", "--resource", "x"}, "--resource must be KEY=VALUE"},
		{[]string{"--config", config, "--processor", "shop", "--attribute", "=x"}, "--attribute must be KEY=VALUE"},
		{[]string{"--config", "no-such-file"}, "no such file"},
		{[]string{"--config", writeFile(t, "c.yaml", "grok: {rules: [{name: a, parsers: [{grok: '%{NOSUCH:x}'}]}]}")}, "NOSUCH"},
		{[]string{"--config", writeFile(t, "c.yaml", "grok: {rulez: []}")}, "rulez"},
		{[]string{"--processor", "shop", "--pattern", "x"}, "need --config"},
	} {
		code, out, errs := runCtl(t, "x\n", append([]string{"grok"}, tc.args...)...)
		assert.Equal(t, 2, code, tc.args)
		assert.Empty(t, out)
		assert.Contains(t, errs, tc.want)
	}
	code, _, errs := runCtl(t, "\"x\"\nx\n", "grok", "--config", config, "--processor", "shop", "--jsonl")
	assert.Equal(t, 1, code)
	assert.Contains(t, errs, "line 2 must be a JSON string")
}
