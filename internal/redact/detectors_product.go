// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import "strings"

// Products whose keys have a prefix of their own. Formats after the products' documentation.
var productDetectors = []Detector{
	product("onepassword_key", "1Password secret key and service account token", `A3-[A-Z0-9]{6}-[A-Z0-9]{11}-[A-Z0-9]{5}-[A-Z0-9]{5}-[A-Z0-9]{5}|A3-[A-Z0-9]{6}-[A-Z0-9]{6}-[A-Z0-9]{5}-[A-Z0-9]{5}-[A-Z0-9]{5}-[A-Z0-9]{5}|ops_eyJ[A-Za-z0-9+/]{100,1000}={0,3}`, "A3-L7NR68-U4KWLZ1I83C-B345T-DI4TT-HG7V7"),
	product("clojars_token", "Clojars deploy token", `CLOJARS_[a-z0-9]{60}`, "CLOJARS_80t4cym1xajpy7nz58h9wrdj63c9ioxp5t1wa09cuengnvvssaad5ggvudan"),
	product("cloudflare_token", "Cloudflare origin CA key", `v1\.0-[a-f0-9]{24}-[a-f0-9]{146}`, "v1.0-bcb986fc784c45342ca4a469-"+strings.Repeat("2e61aa24226b3e57bca5b18c0905b66c6d6c8120", 4)[:146]),
	product("databricks_token", "Databricks personal access token", `dapi[a-f0-9]{32}-?[0-9]?`, "dapi3be0bd47c55cb4a7a2e0364cc2ffdc47"),
	product("doppler_token", "Doppler tokens: personal, service, service account, CLI", `dp\.pt\.[A-Za-z0-9]{40,44}|dp\.st\.[A-Za-z0-9_.\-]{40,80}|dp\.sa\.[A-Za-z0-9]{40,44}|dp\.ct\.[A-Za-z0-9]{40,44}`, "dp.pt.7apai8tckd0nwlww0f5llskvikx4mft3v481c7cz1vg"),
	product("duffel_token", "Duffel access token", `duffel_test_[A-Za-z0-9_\-=]{43}|duffel_live_[A-Za-z0-9_\-=]{43}`, "duffel_test_d5mkhhb2r4zrmf05kg6ip2f9zva0eb4l72bej5sih5-"),
	product("easypost_token", "EasyPost API key", `EZAK[A-Za-z0-9]{54}|EZTK[A-Za-z0-9]{54}`, "EZTK1ipme4tPGYQjoIQiufOjEGk8eZqh9LtQchRnZeSAkXZxmszCANCnOD"),
	product("facebook_token", "Facebook page and user access token", `EAAM[A-Za-z0-9]{90,400}|EAAC[A-Za-z0-9]{90,400}`, "EAAM"+strings.Repeat("1MAlKM3rEY1aAfGhKTiYcuANdvN1Wx", 4)),
	product("flutterwave_key", "Flutterwave secret, public and encryption keys", `FLWSECK_TEST-[A-Fa-f0-9]{32}-X|FLWSECK_TEST-[A-Fa-f0-9]{12}|FLWPUBK_TEST-[A-Fa-f0-9]{32}-X|FLWSECK-[A-Fa-f0-9]{32}-X`, "FLWSECK_TEST-1a313c31b4fc2e319a5a3cd5e07f47ee-X"),
	product("flyio_token", "Fly.io access tokens", `fo1_[A-Za-z0-9_\-]{43}|fm1r_[A-Za-z0-9+/]{100,1000}={0,3}|fm2_[A-Za-z0-9+/]{100,1000}={0,3}`, "fo1_hbhiNdTCzrfa9VgKPm5EtYHGN87InGO34QbWgkoZ3D8"),
	product("frameio_token", "Frame.io API token", `fio-u-[A-Za-z0-9_\-=]{64}`, "fio-u-"+strings.Repeat("0bzt81qtku99ab2l", 4)),
	product("heroku_key", "Heroku API key with prefix", `HRKU-AA[A-Za-z0-9_\-]{58}`, "HRKU-AA"+strings.Repeat("jJFyLc1ewVmw4g83IpXXqaER2NJwK", 2)),
	product("linear_key", "Linear API key", `lin_api_[A-Za-z0-9]{40}`, "lin_api_a979otixsiqoeryx7rl7389de1ucfth82q9ny4za"),
	product("notion_token", "Notion integration token", `ntn_[0-9]{11}[A-Za-z0-9]{32,35}`, "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"),
	product("perplexity_key", "Perplexity API key", `pplx-[A-Za-z0-9]{48}`, "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"),
	product("plaid_token", "Plaid access token", `access-production-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|access-sandbox-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`, "access-production-d5db4952-fa59-58bf-6f42-8471df6fc94d"),
	product("planetscale_token", "PlanetScale password, service and OAuth tokens", `pscale_pw_[A-Za-z0-9_.=\-]{32,64}|pscale_tkn_[A-Za-z0-9_.=\-]{32,64}|pscale_oauth_[A-Za-z0-9_.=\-]{32,64}`, "pscale_pw_ccmfr6__92gsnjz111kz-pehqc163=8j"),
	product("postman_key", "Postman API key", `PMAK-[A-Fa-f0-9]{24}-[A-Fa-f0-9]{34}`, "PMAK-53c2a58338ed7be58bfe84a0-99cb26aae58452e5184af5d3f2ab1d66e8"),
	product("prefect_token", "Prefect API key", `pnu_[A-Za-z0-9]{36}`, "pnu_9jyaqoialaymyetr48cemyqs92rl3eazqd71"),
	product("readme_token", "ReadMe API key", `rdme_[a-z0-9]{70}`, "rdme_p3r5sns9kxf7exh2nopil65ctqbgpq8aov6rbv3co9unpa3h1hru62euhk6u5wc9ys7b3n"),
	product("scalingo_token", "Scalingo API token", `tk-us-[A-Za-z0-9_\-]{48}`, "tk-us-1esbckzs59g23wn230sbxza5a6oi53rh6hx9i3dk0a-x1ctv"),
	product("shippo_token", "Shippo API token", `shippo_live_[a-f0-9]{40}|shippo_test_[a-f0-9]{40}`, "shippo_live_500fb68058d6f53facef29b10856ac4c21b04a8a"),
	product("sourcegraph_token", "Sourcegraph access token", `sgp_[A-Fa-f0-9]{16}_[A-Fa-f0-9]{40}|sgp_local_[A-Fa-f0-9]{40}|sgp_[A-Fa-f0-9]{40}`, "sgp_b7adb61DE7B00eD98F9BAA05DeBEcbFCf5eDA11d"),
	product("typeform_token", "Typeform API token", `tfp_[A-Za-z0-9_.=\-]{59}`, "tfp_"+strings.Repeat("amrv2r_mm6gd_e4nq68svd", 3)[:59]),
	product("intra42_secret", "42 intranet client secret", `s-s4t2ud-[a-f0-9]{64}|s-s4t2af-[a-f0-9]{64}`, "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"),
	{
		Name: "teams_webhook", Group: Secrets, rank: rankToken,
		Doc:      "Microsoft Teams incoming webhook URL",
		Triggers: []string{"webhook.office.com/webhookb2/"}, Pattern: `webhook\.office\.com/webhookb2/[A-Za-z0-9@/\-]{60,300}`,
		Match: []string{"https://acme.«webhook.office.com/webhookb2/" + "1l4c0i2i-9iod-7s94-g6ra-ewxvbl7fdhbp@0qf9v48c-b15k-rfwg-j2zx-sdiosx0gzq0z/IncomingWebhook/qe1lwbv3cn0rdkz6a7c4db717hvh5ger»"},
	},
	{
		Name: "basic_credentials", Group: Secrets, rank: rankAssigned,
		Doc:      "User and password behind curl's -u or --user",
		Triggers: []string{`curl\s`},
		find:     findCurlUser,
		Match:    []string{"curl -k -X GET -u «elastic:Tr33h0use$9» https://localhost:9200", `curl -s --user '«api:r7ToY17bVo!g»' \`},
		Miss:     []string{"curl -u $USER:$PASSWORD https://x", "curl https://x -u user", "curl --user-agent x:y1 https://z"},
	},
}

// product makes the detector of a token; what stands before the first class of each alternative is its trigger.
func product(name, doc, pattern, example string) Detector {
	d := Detector{
		Name: name, Group: Secrets, rank: rankToken, Doc: doc, Pattern: pattern,
		Match: []string{"x=«" + example + "» ok", `{"t":"«` + example + `»"}`},
		Miss:  []string{"y" + example, example[:len(example)/3]},
	}
	for _, alt := range strings.Split(pattern, "|") {
		d.Triggers = append(d.Triggers, strings.ReplaceAll(alt[:strings.IndexByte(alt, '[')], `\`, ""))
	}
	return d
}

// findCurlUser looks for the option within the 2 KiB behind the command.
func findCurlUser(c *cursor, end int) (int, int, bool) {
	s := c.s[end-1 : min(len(c.s), end+2048)]
	for _, option := range []string{" -u ", " --user ", " --user=", " -u"} {
		i := strings.Index(s, option)
		if i < 0 {
			continue
		}
		i += len(option) + end - 1
		for i < len(c.s) && c.s[i] == ' ' {
			i++
		}
		start, quote := openValue(c.s, i)
		var stop int
		if quote != "" {
			stop = closeQuoted(c.s, start, quote, maxLook)
		} else {
			for stop = start; stop < len(c.s) && stop-start < maxLook && !isSpace(c.s[stop]); stop++ {
			}
		}
		if isPlaceholder(c.s[start:stop]) {
			return 0, 0, false
		}
		user, password, ok := strings.Cut(c.s[start:stop], ":")
		if ok && user != "" && strings.IndexByte("-$<{", user[0]) < 0 && len(user)+len(password) >= 6 &&
			!isPlaceholder(strings.Trim(password, `'"`)) && !strings.HasPrefix(password, "$") && password != "password" {
			return start, stop, !strings.HasPrefix(password, "//")
		}
	}
	return 0, 0, false
}
