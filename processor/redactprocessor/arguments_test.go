// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redactprocessor

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestArguments has lists of the arguments of a command.
func TestArguments(t *testing.T) {
	const (
		hidden = "[REDACTED:sensitive_key]"
		basic  = "[REDACTED:basic_credentials]"
		passwd = "[REDACTED:command_password]"
	)
	type list = []any
	for name, tc := range map[string]struct{ in, want list }{
		"password":       {list{"psql", "--password", "hunter2", "shop"}, list{"psql", "--password", hidden, "shop"}},
		"one dash":       {list{"-password", "x1", "-v"}, list{"-password", hidden, "-v"}},
		"api key":        {list{"run", "--api-key", "abc", "--port", "8080"}, list{"run", "--api-key", hidden, "--port", "8080"}},
		"capitals":       {list{"-DbPassword", "abc"}, list{"-DbPassword", hidden}},
		"number":         {list{"--password", int64(1234)}, list{"--password", hidden}},
		"curl":           {list{"curl", "-u", "bob:s3cret7", "https://x"}, list{"curl", "-u", basic, "https://x"}},
		"curl's path":    {list{"sudo", "/usr/bin/curl", "-k", "-u", "bob:s3cret7"}, list{"sudo", "/usr/bin/curl", "-k", "-u", basic}},
		"curl, glued":    {list{"curl", "-ubob:s3cret7"}, list{"curl", "-u" + basic}},
		"mysql, glued":   {list{"mysql", "-uroot", "-pHx7Lq2", "shop"}, list{"mysql", "-uroot", "-p" + passwd, "shop"}},
		"docker":         {list{"docker", "login", "-u", "bob", "-p", "Hx7Lq2Pz", "registry.example"}, list{"docker", "login", "-u", "bob", "-p", passwd, "registry.example"}},
		"two":            {list{"curl", "-u", "bob:s3cret7", "--token", "x9"}, list{"curl", "-u", basic, "--token", hidden}},
		"with a sign":    {list{"run", "--token=q7Lm2ZxT9vKp4Rb8Wn1Yc6Ds"}, list{"run", "--token=[REDACTED:secret_assignment]"}},
		"after a list":   {list{"curl", list{"-u", "bob:s3cret7"}, "x", "-v"}, list{"curl", list{"-u", "bob:s3cret7"}, "x", "-v"}},
		"mail":           {list{"--to", email, "-v"}, list{"--to", "[REDACTED:email]", "-v"}},
		"next option":    {list{"--password", "--verbose", "yes"}, list{"--password", "--verbose", "yes"}},
		"no password":    {list{"psql", "--no-password", "shop"}, list{"psql", "--no-password", "shop"}},
		"file":           {list{"run", "--password-file", "pw.txt", "--private-key", "/etc/keys/tls.pem"}, list{"run", "--password-file", "pw.txt", "--private-key", "/etc/keys/tls.pem"}},
		"variable":       {list{"psql", "--password", "$PGPASSWORD"}, list{"psql", "--password", "$PGPASSWORD"}},
		"port":           {list{"ssh", "-p", "2222", "-v"}, list{"ssh", "-p", "2222", "-v"}},
		"no option":      {list{"password", "hunter", "reset"}, list{"password", "hunter", "reset"}},
		"negative":       {list{"password", "-1", "x"}, list{"password", "-1", "x"}},
		"last":           {list{"x", "--password"}, list{"x", "--password"}},
		"empty":          {list{"--password", "", "-v"}, list{"--password", "", "-v"}},
		"long, and curl": {list{"curl", "-H", string(make([]byte, 2000)), "-u", "bob:s3cret7"}, list{"curl", "-H", string(make([]byte, 2000)), "-u", basic}},
	} {
		got := attributesOf(t, defaults(), map[string]any{"process.command_args": tc.in})
		assert.Equal(t, map[string]any{"process.command_args": tc.want}, got, name)
	}
	many := list{"curl"}
	for range 500 {
		many = append(many, "-H", "X-Number: 17")
	}
	got := attributesOf(t, defaults(), map[string]any{"args": append(many, "-u", "bob:s3cret7")})
	assert.Equal(t, append(many, "-u", basic), got["args"], "the command is still known")

	got = attributesOf(t, withActions("drop_attribute"), map[string]any{"args": list{email, "--password", "hunter2", "y"}})
	assert.Equal(t, map[string]any{"args": list{"--password", hidden, "y"}}, got, "what an option belongs to is not removed")
}

// TestNumbersUnderAName: the key of a number is the word that says what it is.
func TestNumbersUnderAName(t *testing.T) {
	got := attributesOf(t, defaults(), map[string]any{
		"nhs_number": int64(9434765919), "patient.nhs_number": 9434765919.0, "order": int64(9434765919), "nhs_count": int64(17),
		"nhs_ratio": 0.5, "nhs_sum": int64(-9434765919),
		"field": map[string]any{"name": "nhs_number", "value": int64(9434765919)},
	})
	const hidden = "[REDACTED:uk_nhs_number]"
	assert.Equal(t, map[string]any{
		"nhs_number": hidden, "patient.nhs_number": hidden, "order": int64(9434765919), "nhs_count": int64(17),
		"nhs_ratio": 0.5, "nhs_sum": int64(-9434765919),
		"field": map[string]any{"name": "nhs_number", "value": hidden},
	}, got)
}
