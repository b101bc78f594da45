// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

// Payment, chat, mail and AI services. Formats after the services' own documentation of their keys.
var serviceDetectors = []Detector{
	{
		Name: "slack_token", Group: Secrets, rank: rankToken,
		Doc:      "Slack tokens: bot, user, workspace, refresh, configuration (xox*-), app-level (xapp-)",
		Triggers: []string{"xoxb-", "xoxp-", "xoxa-", "xoxr-", "xoxs-", "xoxo-", "xoxe-", "xoxc-", "xoxd-", "xoxe.xox", "xapp-"},
		Pattern: `xoxb-[A-Za-z0-9\-]{14,300}|xoxp-[A-Za-z0-9\-]{14,300}|xoxa-[A-Za-z0-9\-]{8,300}|xoxr-[A-Za-z0-9\-]{8,300}|xoxs-[A-Za-z0-9\-]{14,300}|` +
			`xoxo-[A-Za-z0-9\-]{14,300}|xoxe-[A-Za-z0-9\-]{30,400}|xoxc-[A-Za-z0-9\-]{14,300}|xoxd-[A-Za-z0-9\-%/+]{14,400}|` +
			`xoxe\.xox[bp]-[A-Za-z0-9\-]{30,400}|xapp-[A-Za-z0-9\-]{20,300}`,
		check: func(t string) bool { // words joined by dashes have no digits
			n := 0
			for i := range len(t) {
				if isDigit(t[i]) {
					n++
				}
			}
			return n >= 4
		},
		Match: []string{"token=«xoxb-" + "715098409564-229060058384-fOBwy63ZGDpfIIVlcrgy82wl» channel"},
		Miss:  []string{"xoxb-short", "xoxb-this-is-only-a-placeholder"},
	},
	{
		Name: "slack_webhook", Group: Secrets, rank: rankToken,
		Doc:      "Slack incoming webhook URL",
		Triggers: []string{"hooks.slack.com/"}, Pattern: `hooks\.slack\.com/[A-Za-z0-9+/_\-]{30,120}`,
		Match: []string{"POST https://«hooks.slack.com/services/" + "T0A1B2C3D/B0Z9Y8X7W/q1w2e3r4t5y6u7i8o9p0a1s2»"},
	},
	{
		Name: "stripe_key", Group: Secrets, rank: rankToken,
		Doc:      "Stripe secret and restricted keys, live and test, and webhook secrets",
		Triggers: []string{"sk_live_", "sk_test_", "sk_prod_", "rk_live_", "rk_test_", "rk_prod_", "whsec_"},
		Pattern: `sk_live_[A-Za-z0-9]{10,128}|sk_test_[A-Za-z0-9]{10,128}|sk_prod_[A-Za-z0-9]{10,128}|` +
			`rk_live_[A-Za-z0-9]{10,128}|rk_test_[A-Za-z0-9]{10,128}|rk_prod_[A-Za-z0-9]{10,128}|whsec_[A-Za-z0-9+/]{32,64}`,
		Match: []string{"api_key=«sk_live_" + "aR2y04hFvw0fQHjIk6lmF45z» ok"},
		Miss:  []string{"sk_live_", "sk_test_xxxxxxxxxxxxxxxxxxxxxxxx"},
	},
	{
		Name: "square_token", Group: Secrets, rank: rankToken,
		Doc:      "Square access token and OAuth secret",
		Triggers: []string{"sq0atp-", "sq0csp-", "EAAA"}, Pattern: `sq0atp-[A-Za-z0-9_\-]{22}|sq0csp-[A-Za-z0-9_\-]{43}|EAAA[A-Za-z0-9_\-]{60}`,
		Match: []string{"«sq0atp-" + "HLmaDjHxVhtMt9P8NAqzQ4»"},
	},
	{
		Name: "shopify_token", Group: Secrets, rank: rankToken,
		Doc:      "Shopify access tokens and shared secrets",
		Triggers: []string{"shpat_", "shpca_", "shppa_", "shpss_"},
		Pattern:  `shpat_[a-fA-F0-9]{32}|shpca_[a-fA-F0-9]{32}|shppa_[a-fA-F0-9]{32}|shpss_[a-fA-F0-9]{32}`,
		Match:    []string{"«shpat_" + "a57066503bae6e0ab9f323405003ab3e»"},
	},
	{
		Name: "openai_key", Group: Secrets, rank: rankToken,
		Doc:      "OpenAI keys: legacy, project, service account, admin",
		Triggers: []string{"sk-proj-", "sk-svcacct-", "sk-admin-", "sk-"},
		Pattern:  `sk-proj-[A-Za-z0-9_\-]{40,300}|sk-svcacct-[A-Za-z0-9_\-]{40,300}|sk-admin-[A-Za-z0-9_\-]{40,300}|sk-[A-Za-z0-9]{40,64}`,
		Match:    []string{"key «sk-" + "lfwjvj903vgbq85xu3toD4RnxgDBfp1zyfg2fu6csicz3g88»"},
		Miss:     []string{"risk-assessment", "sk-learn", "task-4f2b1c"},
	},
	{
		Name: "anthropic_key", Group: Secrets, rank: rankToken,
		Doc:      "Anthropic API and admin keys",
		Triggers: []string{"sk-ant-"}, Pattern: `sk-ant-[A-Za-z0-9_\-]{40,300}`,
		Match: []string{"«sk-ant-" + "api03-w8Oc6GsL5oDc2Kk0Xo7Kh6Ho6Md4Rc2CcXvTe-XtAA» sent"},
	},
	{
		Name: "huggingface_token", Group: Secrets, rank: rankToken,
		Doc:      "Hugging Face user and organisation tokens",
		Triggers: []string{"hf_", "api_org_"}, Pattern: `hf_[A-Za-z0-9]{34}|api_org_[A-Za-z0-9]{34}`,
		Match: []string{"«hf_" + "ReulYxrBcagxXAOgUqyOpuWaGxbThEUnFe»"},
		Miss:  []string{"hf_optionalAttributeKindsForInternalBookkeepingOnly"},
	},
	{
		Name: "sendgrid_key", Group: Secrets, rank: rankToken,
		Doc:      "SendGrid API key",
		Triggers: []string{"SG."}, Pattern: `SG\.[A-Za-z0-9_\-]{16,32}\.[A-Za-z0-9_\-]{32,64}`,
		Match: []string{"«SG." + "gw0d20q5aky34ngogby2nd.wg_plh6l8nzhweeza4pvzxi1shviu083mhxcogq7e1h»"},
	},
	{
		Name: "mail_service_key", Group: Secrets, rank: rankToken,
		Doc:      "Brevo (xkeysib-), Postmark-like and Mailgun (key-) API keys",
		Triggers: []string{"xkeysib-", "key-"}, Pattern: `xkeysib-[a-f0-9]{64}-[A-Za-z0-9]{16}|key-[a-f0-9]{32}`,
		Match: []string{"«key-" + "2c0cf634bf1b78036139d91b27545909»"},
		Miss:  []string{"key-value pairs"},
	},
	{
		Name: "twilio_key", Group: Secrets, rank: rankToken,
		Doc:      "Twilio API key id",
		Triggers: []string{"SK"}, Pattern: `SK[0-9a-f]{32}`,
		Match: []string{"«SK" + "5c50649b8bf0cfd68fbb86a3b42e1d09»"},
		Miss:  []string{"SKU-1234", "TASK"},
	},
	{
		Name: "telegram_token", Group: Secrets, rank: rankToken,
		Doc:      "Telegram bot token in a URL",
		Triggers: []string{"api.telegram.org/bot"}, Pattern: `api\.telegram\.org/bot[0-9]{5,16}:[A-Za-z0-9_\-]{34,35}`,
		Match: []string{"GET https://«api.telegram.org/bot" + "975915920:AajQhfwu7t-pqv019lr33lnnwx3d-a85c5F»/getMe"},
	},
	{
		Name: "monitoring_token", Group: Secrets, rank: rankToken,
		Doc:      "Grafana (glsa_, glc_), New Relic (NRAK-, NRII-), Dynatrace (dt0c01.) tokens",
		Triggers: []string{"glsa_", "glc_", "NRAK-", "NRII-", "dt0c01."},
		Pattern: `glsa_[A-Za-z0-9]{32}_[A-Fa-f0-9]{8}|glc_[A-Za-z0-9+/]{32,400}={0,2}|NRAK-[A-Za-z0-9]{27}|NRII-[A-Za-z0-9\-]{32}|` +
			`dt0c01\.[A-Za-z0-9]{24}\.[A-Za-z0-9]{64}`,
		Match: []string{"«glsa_" + "0g22ujb429yneaubqmoc2s35neptc58f_39ac1fb0»"},
	},
}
