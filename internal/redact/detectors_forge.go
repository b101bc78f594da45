// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

// Forges, package registries and continuous integration. Prefixes and lengths after the documentation of GitHub
// ("About authentication to GitHub"), GitLab ("Token overview"), npm, PyPI (macaroons), RubyGems.
var forgeDetectors = []Detector{
	{
		Name: "github_token", Group: Secrets, rank: rankToken,
		Doc:      "GitHub tokens: personal (ghp_), OAuth (gho_), user-to-server (ghu_), server-to-server (ghs_), refresh (ghr_), fine-grained (github_pat_)",
		Triggers: []string{"ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"},
		Pattern: `ghp_[A-Za-z0-9]{36,255}|gho_[A-Za-z0-9]{36,255}|ghu_[A-Za-z0-9]{36,255}|ghs_[A-Za-z0-9]{36,255}|ghr_[A-Za-z0-9]{36,255}|` +
			`github_pat_[A-Za-z0-9_]{36,255}`,
		Match: []string{
			"fetching https://x-access-token:«ghp_" + "ML9uMiDgyleCivD0lMk9hsdtVJi6EEVeJWV0»@github.com/acme/x.git",
			"«github_pat_" + "11ABCDEFG0x7k2QmVbZt9w_8sJdLqPz3RnYcXfHgTuKiEoMaWvBySlCr5D4hN6pUjGkQxZt2b»",
		},
		Miss: []string{"ghr_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "ghp_short", "lighp_ML9uMiDgyleCivD0lMk9hsdtVJi6EEVeJWV0"},
	},
	{
		Name: "gitlab_token", Group: Secrets, rank: rankToken,
		Doc: "GitLab tokens: personal, deploy, runner, trigger, feed, mail, agent, OAuth secret, SCIM, CI job, feature flag",
		Triggers: []string{
			"glpat-", "gldt-", "glrt-", "glptt-", "glft-", "glimt-", "glagent-", "gloas-", "glsoat-", "glcbt-", "glffct-", "GR1348941",
		},
		Pattern: `glpat-[A-Za-z0-9_.\-]{20,300}|gldt-[A-Za-z0-9_\-]{20,64}|glrt-[A-Za-z0-9_.\-]{20,300}|glptt-[a-f0-9]{40}|glft-[A-Za-z0-9_\-]{20,64}|` +
			`glimt-[A-Za-z0-9_\-]{20,64}|glagent-[A-Za-z0-9_\-]{20,128}|gloas-[A-Za-z0-9_\-]{20,128}|glsoat-[A-Za-z0-9_\-]{20,64}|` +
			`glcbt-[A-Za-z0-9_\-]{20,64}|glffct-[A-Za-z0-9_\-]{20,64}|GR1348941[A-Za-z0-9_\-]{20,64}`,
		Match: []string{"token «glpat-" + "6ajfeajzr4jd7nzcblft»", "«glrt-" + "t6_81jqdohexelv15qi6cgs72lu8s4.7udtaftbc»"},
		Miss:  []string{"glpat-xxxxxxxxxxxxxxxxxxxx", "glpat-abc"},
	},
	{
		Name: "npm_token", Group: Secrets, rank: rankToken,
		Doc:      "npm access token",
		Triggers: []string{"npm_"}, Pattern: `npm_[A-Za-z0-9]{36}`,
		Match: []string{"_authToken=«npm_" + "w0f0g4n0ccfahcdcccaxi55f769bn2pgqokc»"},
		Miss:  []string{"npm_config_registry=https"},
	},
	{
		Name: "pypi_token", Group: Secrets, rank: rankToken,
		Doc:      "PyPI upload token",
		Triggers: []string{"pypi-AgE"}, Pattern: `pypi-AgE[A-Za-z0-9_\-]{50,1000}`,
		Match: []string{"«pypi-AgE" + "XqLvrlY4ustvAFHBuGSVvLHRuTRDuGmPjQZkjPi67RkViS3H4ZTXnBPImOAYePhNr»"},
	},
	{
		Name: "rubygems_token", Group: Secrets, rank: rankToken,
		Doc:      "RubyGems API key",
		Triggers: []string{"rubygems_"}, Pattern: `rubygems_[a-f0-9]{48}`,
		Match: []string{"«rubygems_" + "1900dc58994b1ddbcd5b276d8fb543cde6b79f721e3d8aac»"},
	},
	{
		Name: "docker_token", Group: Secrets, rank: rankToken,
		Doc:      "Docker Hub personal and organisation access tokens",
		Triggers: []string{"dckr_pat_", "dckr_oat_"}, Pattern: `dckr_pat_[A-Za-z0-9_\-]{27}|dckr_oat_[A-Za-z0-9_\-]{32}`,
		Match: []string{"«dckr_pat_" + "aB3dE6fG9hJ2kL5mN8pQ1rS4tU7»"},
	},
	{
		Name: "pulumi_token", Group: Secrets, rank: rankToken,
		Doc:      "Pulumi access token",
		Triggers: []string{"pul-"}, Pattern: `pul-[a-f0-9]{40}`,
		Match: []string{"«pul-" + "c5b1133db36bc120faa7634d58a28f6e6c429b79»"},
	},
	{
		Name: "sentry_token", Group: Secrets, rank: rankToken,
		Doc:      "Sentry user and organisation tokens",
		Triggers: []string{"sntryu_", "sntrys_eyJ"}, Pattern: `sntryu_[a-f0-9]{64}|sntrys_eyJ[A-Za-z0-9+/=_\-]{60,500}`,
		Match: []string{"«sntryu_" + "66beb3b2ac688aedb6f9e35632d2e5a817560480dbce178be70cbbf2fde282a1»"},
	},
}
