// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Every service has its format, and its own idea of how to write the time.

// edge writes the combined access log format with the request id and the seconds it took behind it.
func (c *call) edge(method, path string, status, size int, took time.Duration) {
	c.log("edge", fmt.Sprintf(`%s - - [%s] "%s %s HTTP/1.1" %d %d "https://shop.example/" %q request_id=%s took=%.3f`,
		c.ip, c.at.UTC().Format("02/Jan/2006:15:04:05 -0700"), method, path, status, size, c.agent, c.id, took.Seconds()))
}

type field struct{ key, value string }

// auth writes logfmt.
func (c *call) auth(level, msg string, fields ...field) {
	var b strings.Builder
	fmt.Fprintf(&b, "ts=%s level=%s msg=%q request_id=%s trace_id=%s",
		c.at.UTC().Format("2006-01-02T15:04:05.000Z07:00"), level, msg, c.id, c.traceID)
	for _, f := range fields {
		value := f.value
		if strings.ContainsAny(value, " =\"") {
			value = strconv.Quote(value)
		}
		fmt.Fprintf(&b, " %s=%s", f.key, value)
	}
	c.log("auth", b.String())
}

// checkout writes what a Java logging framework writes; trace, if any, follows on lines of its own.
func (c *call) checkout(level, class, msg, trace string) {
	text := fmt.Sprintf("%s %-5s [http-nio-8080-exec-%d] shop.checkout.%s - %s request_id=%s",
		c.at.UTC().Format("2006-01-02 15:04:05,000"), level, 1+c.rng.IntN(8), class, msg, c.id)
	c.log("checkout", withTrace(text, trace))
}

// inventory writes what Python's logging module writes.
func (c *call) inventory(level, logger, msg, trace string) {
	text := fmt.Sprintf("%s %s %s: %s request_id=%s",
		c.at.UTC().Format("2006-01-02 15:04:05,000"), level, logger, msg, c.id)
	c.log("inventory", withTrace(text, trace))
}

// payment writes one JSON object a line; the values of fields are texts and numbers.
func (c *call) payment(level, msg string, fields ...member) {
	all := append([]member{
		{"time", c.at.UTC().Format("2006-01-02T15:04:05.000000Z07:00")},
		{"level", level},
		{"msg", msg},
		{"request_id", c.id},
		{"trace_id", c.traceID},
		{"span_id", c.spanID},
	}, fields...)
	var b strings.Builder
	for i, m := range all {
		value, err := json.Marshal(m.value)
		if err != nil {
			panic(err) // texts and numbers always marshal
		}
		fmt.Fprintf(&b, "%c%q:%s", "{,"[min(i, 1)], m.key, value)
	}
	c.log("payment", b.String()+"}")
}

// member is one key and value of a JSON object; the order stays.
type member struct {
	key   string
	value any
}

func withTrace(text, trace string) string {
	if trace == "" {
		return text
	}
	return text + "\n" + trace
}
