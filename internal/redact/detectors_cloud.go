// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

// Secrets of clouds that are no token with a prefix; those are rules, in rules/cloud.toml.
var cloudDetectors = []Detector{
	{
		Name: "aws_secret_access_key", Group: Secrets, rank: rankToken,
		Doc:      "AWS secret access key: 40 characters of base64 behind a name that says so",
		Triggers: []string{`(?i)secret[_.\- ]?(access)?[_.\- ]?key\\*["']?\s*[=:>,]`, `(?i)aws[_.\- ]?secret\\*["']?\s*[=:>,]`},
		find:     findAWSSecret,
		Match: []string{
			"loaded env AWS_SECRET_ACCESS_KEY=«02PVNcNu1Ejt+AMKQ+qM3zb37I86YeLw/pBExwTy»",
			`{"secretAccessKey": "«02PVNcNu1Ejt+AMKQ+qM3zb37I86YeLw/pBExwTy»"}`,
		},
		Miss: []string{"AWS_SECRET_ACCESS_KEY=", "secret_key: see the vault"},
	},
}

func isBase64(c byte) bool    { return isAlnum(c) || c == '+' || c == '/' }
func isBase64URL(c byte) bool { return isAlnum(c) || c == '-' || c == '_' }

func findAWSSecret(c *cursor, end int) (int, int, bool) {
	start := skipSeparators(c.s, end)
	stop := start
	for stop < len(c.s) && stop-start <= 40 && isBase64(c.s[stop]) {
		stop++
	}
	v := c.s[start:stop]
	return start, stop, len(v) == 40 && distinct(v) >= 12 && (stop == len(c.s) || c.s[stop] != '=')
}
