// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import "strings"

// Clouds. Formats after the providers' documentation: AWS IAM unique identifiers, Google API keys and OAuth,
// Azure Entra client secrets, DigitalOcean personal access tokens.
var cloudDetectors = []Detector{
	{
		Name: "aws_access_key_id", Group: Secrets, rank: rankToken,
		Doc:      "AWS access key id: long-term (AKIA), temporary (ASIA), bearer (ABIA), context-specific (ACCA)",
		Triggers: []string{"AKIA", "ASIA", "ABIA", "ACCA"},
		Pattern:  `AKIA[A-Z0-9]{16}|ASIA[A-Z0-9]{16}|ABIA[A-Z0-9]{16}|ACCA[A-Z0-9]{16}`,
		Match:    []string{"access_key_id=«AKIAQ3EGVKOSM2BPYTZL» region", `{"id":"«ASIAQ3EGVKOSM2BPYTZL»"}`, `line\n«AKIAQ3EGVKOSM2BPYTZL»`},
		Miss:     []string{"AKIAQ3EGVKOSM2BPYTZLX", "xAKIAQ3EGVKOSM2BPYTZL", "AKIAXXXXXXXXXXXXXXXX", "AKIAq3egvkosm2bpytzl"},
	},
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
	{
		Name: "aws_bedrock_api_key", Group: Secrets, rank: rankToken,
		Doc:      "Amazon Bedrock API key, long-lived",
		Triggers: []string{"ABSK"}, Pattern: `ABSK[A-Za-z0-9+/]{60,300}={0,2}`,
		Match: []string{"key «ABSK" + "WuVujy1bz1GYOZoxsX9uKaU6MAJ5WBYnOgI6Kaf4LTMmEgnUPcK6V7fRl5pFXbe0V9khM1Zj" + "»"},
	},
	{
		Name: "google_api_key", Group: Secrets, rank: rankToken,
		Doc:      "Google API key",
		Triggers: []string{"AIza"}, Pattern: `AIza[A-Za-z0-9_\-]{35}`,
		Match: []string{"address=x&key=«AIza" + "Rq8iE3nQReIJNXmC50phpu1PJHYQb27zzCL»"},
		Miss:  []string{"AIzaQk4vR8mLzTtY2pXcWb6HsNd"},
	},
	{
		Name: "google_oauth", Group: Secrets, rank: rankToken,
		Doc:      "Google OAuth access token (ya29.) and client secret (GOCSPX-)",
		Triggers: []string{"ya29.", "GOCSPX-"}, Pattern: `ya29\.[A-Za-z0-9_\-]{20,}|GOCSPX-[A-Za-z0-9_\-]{28}`,
		Match: []string{"«ya29." + "a0AfH6SMBx3-kQdZ7tLmP9vWn2RcYsT4uE» ok", "«GOCSPX-" + "a0AfH6SMBx3kQdZ7tLmP9vWn2RcY»"},
	},
	{
		Name: "azure_client_secret", Group: Secrets, rank: rankToken,
		Doc:      "Azure Entra client secret: three characters, a digit, Q~, 31 to 34 more",
		Triggers: []string{`[0-9]Q~`},
		find:     findAzureSecret,
		Match:    []string{"secret is «mW32Q~faErOoixPuk2Kse90Qm8vSezoGqD.6kYnR»"},
		Miss:     []string{"8Q~7kRtMb2", "0,4~q8Q~7kRtMb2Vx9pLzWd4HsYc6NfTgJu3QeAoKiBvxxxxxxxxxxxxxxxxxxxxxx"},
	},
	{
		Name: "digitalocean_token", Group: Secrets, rank: rankToken,
		Doc:      "DigitalOcean personal, OAuth and refresh tokens",
		Triggers: []string{"dop_v1_", "doo_v1_", "dor_v1_"},
		Pattern:  `dop_v1_[a-f0-9]{64}|doo_v1_[a-f0-9]{64}|dor_v1_[a-f0-9]{64}`,
		Match:    []string{"«dop_v1_" + "567b43ff41ffcb3d4d176c1e4fc78b4dcd9246997b6c3c0fcf4b24f63d5f6018»"},
	},
	{
		Name: "alibaba_access_key_id", Group: Secrets, rank: rankToken,
		Doc:      "Alibaba Cloud access key id",
		Triggers: []string{"LTAI"}, Pattern: `LTAI[A-Za-z0-9]{20}`,
		Match: []string{"«LTAI" + "8aff12228a086b5fb9e9»"},
	},
	{
		Name: "vault_token", Group: Secrets, rank: rankToken,
		Doc:      "HashiCorp Vault service and batch tokens, and Terraform Cloud tokens",
		Triggers: []string{"hvs.", "hvb.", ".atlasv1."},
		find:     findVaultToken,
		Match: []string{
			"«hvs." + "CAESIJ3k9dUcLqYw5xTzR7vNbM2pQaSdFgHjKl0» renewed",
			"«2b73b4b88ea3b8.atlasv1." + "hvwn6qr13ikyskpgd0b6bk3bv4fivias8j3xl12l6ewj84go005het»",
		},
		Miss: []string{"hvs.x", "a.atlasv1.b"},
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

func findAzureSecret(c *cursor, end int) (int, int, bool) {
	start := end - 6
	if start < 0 || !boundaryBefore(c.s, start) || !allIn(c.s[start:end-3], isAzure) || start > 0 && isAzure(c.s[start-1]) && !escapeBefore(c.s, start) {
		return 0, 0, false
	}
	stop := end
	for stop < len(c.s) && stop-end <= 34 && isAzure(c.s[stop]) {
		stop++
	}
	n := stop - end
	return start, stop, n >= 31 && n <= 34 && distinct(c.s[end:stop]) >= 12
}

func isAzure(c byte) bool { return isAlnum(c) || c == '_' || c == '~' || c == '.' || c == '-' }

func findVaultToken(c *cursor, end int) (int, int, bool) {
	start, need := end-4, 24
	if !strings.HasPrefix(c.s[start:], "hv") {
		need = 50
		for start = end - len(".atlasv1."); start > 0 && end-start < 32 && isAlnum(c.s[start-1]); start-- {
		}
		if end-start != 14+len(".atlasv1.") {
			return 0, 0, false
		}
	}
	stop := end
	for stop < len(c.s) && (isBase64URL(c.s[stop]) || c.s[stop] == '=') {
		stop++
	}
	return start, stop, boundaryBefore(c.s, start) && stop-end >= need && distinct(c.s[end:stop]) >= 10
}
