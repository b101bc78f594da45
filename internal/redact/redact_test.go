// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/internal/cputime"
)

const (
	testAWS    = "AKIAQ3EGVKOSM2BPYTZL"
	testGitHub = "ghp_ML9uMiDgyleCivD0lMk9hsdtVJi6EEVeJWV0"
	testJWT    = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJqb2huIn0.KwKtyu5B5C2QH3ABip9vnfN7SGJ"
)

func engine(t testing.TB, change func(*Options)) *Engine {
	t.Helper()
	o := DefaultOptions()
	if change != nil {
		change(&o)
	}
	e, err := New(o)
	require.NoError(t, err)
	return e
}

func TestText(t *testing.T) {
	for _, tc := range []struct{ name, in, want string }{
		{"nothing", "user 17 logged in", "user 17 logged in"},
		{"empty", "", ""},
		{"two", testAWS + " and bob@example.com", "[REDACTED:aws_access_token] and [REDACTED:email]"},
		{"a token in a URL", "https://x:" + testGitHub + "@github.com/a", "https://x:[REDACTED:github_pat]@github.com/a"},
		{"header", "Authorization: Bearer " + testJWT, "Authorization: Bearer [REDACTED:jwt]"},
		{"number in JSON", `{"card":4111111111111111,"n":1}`, `{"card":"[REDACTED:payment_card]","n":1}`},
		{"number in a JSON array", `{"cards":[4111111111111111,2]}`, `{"cards":["[REDACTED:payment_card]",2]}`},
		{"number in JSON in a string", `"{\"card\": 4111111111111111}"`, `"{\"card\": \"[REDACTED:payment_card]\"}"`},
		{"number in JSON behind a prefix", `got {"card": 4111111111111111}`, `got {"card": "[REDACTED:payment_card]"}`},
		{"JSON escapes", `{"m":"bob\u0040example.com"}`, `{"m":"[REDACTED:email]"}`},
		{"escaped slashes", `{"u":"postgres:\/\/app:Hx7Lq2Pz\u0040db\/x"}`, `{"u":"postgres:\/\/app:[REDACTED:url_password]\u0040db\/x"}`},
		{"percent", "q=4111%201111%201111%201111&x", "q=[REDACTED:payment_card]&x"},
		{"percent, name too", "body=password%3DhunterTwo2%26x%3D1", "body=password%3D[REDACTED:password]%26x%3D1"},
		{"plus for blank", "card=4111+1111+1111+1111&x=1", "card=[REDACTED:payment_card]&x=1"},
		{"multi-byte neighbours", "é" + testAWS + "é", "é[REDACTED:aws_access_token]é"},
		{"overlap takes all", "password=" + testAWS + "bob@example.com", "password=[REDACTED:password]"},
		{"colour codes", "\x1b[31m" + testAWS + "\x1b[0m", "\x1b[31m[REDACTED:aws_access_token]\x1b[0m"},
		{"the mask itself", "[REDACTED:email] password=[REDACTED:password]", "[REDACTED:email] password=[REDACTED:password]"},
		{"a mask is no disguise", "password=[REDACTED:password]hunter2x", "password=[REDACTED:password]"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			sc := engine(t, nil).NewScanner()
			got, changed := sc.Text(tc.in)
			assert.Equal(t, tc.want, got)
			assert.Equal(t, tc.in != tc.want, changed != 0)
			again, changed := sc.Text(got)
			assert.Equal(t, got, again)
			assert.Zero(t, changed)
		})
	}
}

func TestActions(t *testing.T) {
	sc := engine(t, func(o *Options) {
		o.HashKey, o.HashKeyID = []byte("0123456789abcdef"), "k1"
		o.Detectors = map[string]DetectorOptions{"payment_card": {Action: Partial}, "email": {Action: Hash}, "password": {Action: Partial}}
	}).NewScanner()
	got, _ := sc.Text("card 4111-1111-1111-1111 of bob@example.com, password=hunter2")
	assert.Equal(t, "card [REDACTED:payment_card:1111] of [REDACTED:email:k1.bbc8434fd179b429], password=[REDACTED:password]", got)
	again, changed := sc.Text(got)
	assert.Zero(t, changed, again)
}

// A value that is longer than what is looked at is masked to its end.
func TestLongValues(t *testing.T) {
	sc := engine(t, nil).NewScanner()
	long := strings.Repeat("aB3xY9", 5000)
	for in, want := range map[string]string{
		"password=" + long + " x":                   "password=[REDACTED:password] x",
		`{"api_key":"` + long + `"}`:                `{"api_key":"[REDACTED:secret_assignment]"}`,
		"Authorization: Bearer " + long + " x":      "Authorization: Bearer [REDACTED:authorization] x",
		"Cookie: a=" + long + "\nx":                 "Cookie: [REDACTED:cookie]\nx",
		"<token>" + long + "</token>":               "<token>[REDACTED:secret_assignment]</token>",
		"Authorization: Digest u=" + long + " y\nx": "Authorization: Digest [REDACTED:authorization]\nx",
	} {
		got, _ := sc.Text(in)
		assert.Equal(t, want, got)
	}
}

func TestAllowIsExact(t *testing.T) {
	sc := engine(t, func(o *Options) { o.Allow = []string{"noreply@example.com"} }).NewScanner()
	got, _ := sc.Text("noreply@example.com bob@example.com xnoreply@example.com")
	assert.Equal(t, "noreply@example.com [REDACTED:email] [REDACTED:email]", got)
}

func TestPatterns(t *testing.T) {
	sc := engine(t, func(o *Options) {
		o.Patterns = []PatternOptions{{Name: "employee", Regex: `\bE-\d{6}\b`}, {Name: "badge", Regex: `badge \w+`, Keywords: []string{"badge"}}}
	}).NewScanner()
	got, _ := sc.Text("E-123456 with Badge x or badge 77")
	assert.Equal(t, "[REDACTED:employee] with Badge x or [REDACTED:badge]", got)
}

func TestBudgetsFailClosed(t *testing.T) {
	text := strings.Repeat("word ", 4000) + testAWS
	sc := engine(t, func(o *Options) { o.MaxRecordBytes = 10000 }).NewScanner()
	got, changed := sc.Text(text)
	assert.NotZero(t, changed)
	assert.True(t, strings.HasSuffix(got, "[REDACTED:unscanned]"))
	assert.True(t, strings.HasPrefix(text, strings.TrimSuffix(got, "[REDACTED:unscanned]")))
	got, _ = sc.Text("the next value of the record")
	assert.Equal(t, "[REDACTED:unscanned]", got, "nothing of the budget is left")
	limits := map[Limit]int64{}
	sc.Counts(func(string, Action, int64) {}, func(l Limit, n int64) { limits[l] = n })
	assert.Equal(t, map[Limit]int64{LimitBytes: 2}, limits)
	sc.Reset()
	got, _ = sc.Text("a new record")
	assert.Equal(t, "a new record", got)

	sc = engine(t, func(o *Options) { o.MaxRecordSteps = 10 }).NewScanner()
	got, _ = sc.Text(strings.Repeat("a@b ", 5000) + testAWS)
	assert.NotContains(t, got, testAWS)
	sc.Counts(func(string, Action, int64) {}, func(l Limit, n int64) { limits[l] = n })
	assert.Equal(t, int64(1), limits[LimitSteps])
}

func TestPanicOfAMatcherMasksTheText(t *testing.T) {
	e := engine(t, nil)
	for i := range e.dets {
		if e.dets[i].name == "email" {
			e.dets[i].find = func(*cursor, int) (int, int, bool) { panic("bob@example.com") }
		}
	}
	sc := e.NewScanner()
	got, changed := sc.Text("of bob@example.com")
	assert.NotZero(t, changed)
	assert.Equal(t, "[REDACTED:unscanned]", got)
	limits := map[Limit]int64{}
	sc.Counts(func(string, Action, int64) {}, func(l Limit, n int64) { limits[l] = n })
	assert.Equal(t, map[Limit]int64{LimitFailure: 1}, limits)
}

func TestHostileInputIsLinear(t *testing.T) {
	e := engine(t, func(o *Options) { o.Groups[Network] = true; o.MaxRecordSteps = 1 << 30 })
	for _, unit := range []string{
		"a@", "a@a.", "1", "1 ", "12-", "eyJ", "eyJ.", " eyJ", "://", "://a:", "://a:b@", "password=", "key:", "key=\"", `\"`, `password\\\\`, "-----BEGIN PRIVATE KEY",
		"-----BEGIN A-----", "authorization: ", "cookie: a=", "%40", `\u0040`, "AKIA", "+1 ", "DE12", ":1", "a:", "1.", "password =", "key: \"", "token:{", "secret=a,", "4111 ", "*", "[REDACTED:a]", "ghp_", "{\"a\":[",
	} {
		sc := e.NewScanner()
		took := func(n int) time.Duration {
			text := strings.Repeat(unit, n/len(unit))
			best := time.Hour
			for range 2 {
				sc.Reset()
				best = min(best, cputime.Of(func() { sc.Text(text) }))
			}
			return best
		}
		// Eight times the text. Quadratic time would be 64 times as long; the machine may be busy, so it has some tries.
		var small, large time.Duration
		linear := false
		for try := 0; try < 6 && !linear; try++ {
			small, large = took(1<<15), took(1<<18)
			linear = large < 3*8*small+20*time.Millisecond
		}
		assert.True(t, linear, "%q: 32 KiB %v, 256 KiB %v", unit, small, large)
	}
}

func TestCleanTextAllocatesNothing(t *testing.T) {
	sc := engine(t, nil).NewScanner()
	lines := cleanLines()
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		for _, l := range lines {
			sc.Reset()
			if _, effect := sc.Text(l); effect != 0 {
				t.Error(l)
			}
		}
	}))
}

func TestSensitiveKey(t *testing.T) {
	sc := engine(t, func(o *Options) {
		o.Keys.Include, o.Keys.Exclude = []string{"Employee-Id"}, []string{"csrf_token"}
	}).NewScanner()
	for _, key := range []string{
		"password", "db.password", "DB_PASSWORD", "userPassword", "passwd", "http.request.header.authorization", "set-cookie", "http.request.header.cookie",
		"x-api-key", "apiKey", "API_KEY", "clientSecret", "client_secret", "access_token", "refreshToken", "PGPASSWORD", "ssn", "card_number", "aws_secret_access_key",
		"employee_id", "token", "secret",
	} {
		assert.True(t, sc.SensitiveKey(key), key)
	}
	for _, key := range []string{
		"user", "key", "password_changed_at", "tokens", "max_tokens", "next_page_token", "csrf_token", "secretary", "author", "k8s.pod.name", "http.method",
		"token_type", "primary_key", "message", "keyboard", "trace_id",
	} {
		assert.False(t, sc.SensitiveKey(key), key)
	}
}

func TestValidate(t *testing.T) {
	o := Options{
		Action: "erase", Detectors: map[string]DetectorOptions{"emial": {}, "email": {Action: Hash}},
		HashKey: []byte("short-key-bytes"), HashKeyID: "not ok", Allow: []string{""},
		Patterns: []PatternOptions{{Name: "Email", Regex: "("}, {Name: "email", Regex: "x*"}, {Name: "ok", Regex: "", Keywords: []string{""}}},
		Keys:     KeyOptions{Include: []string{"-"}},
	}
	err := o.Validate()
	require.Error(t, err)
	for _, want := range []string{
		`action must be one of mask, partial, hash, drop_attribute, drop_record, tag, got "erase"`, `no detector with the name "emial"`, "hash.key must have at least 16 bytes for the action hash, got 15",
		`hash.key_id`, "allow[0] must not be empty", `patterns[0].name`, "patterns[0].regex", "patterns[1].name must not be the name of another detector", "patterns[1].regex must not match the empty",
		"patterns[2].regex must not be empty", "patterns[2].keywords[0]", "keys.include[0]", "limits.max_record_bytes must be positive, got 0", "limits.max_record_steps",
	} {
		assert.ErrorContains(t, err, want)
	}
	assert.NotContains(t, err.Error(), "short-key-bytes")
	assert.NoError(t, DefaultOptions().Validate())
}

// FuzzPrefilter: four chains find exactly what one finds.
func FuzzPrefilter(f *testing.F) {
	for _, l := range cleanLines() {
		f.Add(l, byte(3))
	}
	f.Add(strings.Repeat("key \"4111 1111 1111 1111 ", 30), byte(1))
	f.Add(strings.Repeat("1", 300), byte(0))
	f.Add(strings.Repeat("password ", 300)+strings.Repeat(" ", 300)+"=x", byte(0))
	a := engine(f, func(o *Options) { o.Groups[Network] = true }).auto
	f.Fuzz(func(t *testing.T, s string, repeat byte) {
		s = strings.Repeat(s, 1+int(repeat%16))
		var one, four prefilter
		want := one.serial(a, s, 7, a.start)
		got := four.block(a, s, 7, a.start)
		if want != got || len(one.hits) != len(four.hits) {
			t.Fatalf("%q: state %d and %d, hits %v and %v", s, want, got, one.hits, four.hits)
		}
		for i := range one.hits {
			if one.hits[i] != four.hits[i] {
				t.Fatalf("%q: hit %v and %v", s, one.hits[i], four.hits[i])
			}
		}
	})
}

// FuzzText: no panic, findings in order and in bounds, valid UTF-8 and valid JSON stay so, a second pass changes nothing.
func FuzzText(f *testing.F) {
	for _, d := range Detectors() {
		for _, s := range append(append([]string{}, d.Match...), d.Miss...) {
			f.Add(strings.NewReplacer("«", "", "»", "").Replace(s))
		}
	}
	for _, s := range []string{`{"a":[4111111111111111,"\\"]}`, "password=\xff\xfe", `{"password":"\u0041\\","x":4111111111111111}`, "%%40a%40b.com", `\\\"key\\\":\\\"8gaq4vxf87gi6orqut9y43x014\\\"`} {
		f.Add(s)
	}
	e := engine(f, func(o *Options) { o.Groups[Network] = true })
	f.Fuzz(func(t *testing.T, s string) {
		sc := e.NewScanner()
		masked, fs := sc.FindAndMask(s)
		if sc.limits[LimitFailure] > 0 {
			t.Fatalf("a matcher panicked at %q", s)
		}
		at := 0
		for _, x := range fs {
			if x.Start < at || x.End <= x.Start || x.End > len(s) {
				t.Fatalf("findings %v of %q", fs, s)
			}
			at = x.End
		}
		if utf8.ValidString(s) && !utf8.ValidString(masked) {
			t.Fatalf("%q -> %q", s, masked)
		}
		if looksLikeJSON(s) && json.Valid([]byte(s)) && !json.Valid([]byte(masked)) {
			t.Fatalf("%q -> %q", s, masked)
		}
		sc.Reset()
		if again, _ := sc.Text(masked); again != masked {
			t.Fatalf("%q -> %q -> %q", s, masked, again)
		}
	})
}

// cleanLines are lines as services write them, without anything to be found.
func cleanLines() []string {
	return []string{
		`203.0.113.9 - - [15/Jan/2026:00:00:08 +0000] "GET /products/SKU-34294?ref=home HTTP/1.1" 200 5124 "https://shop.example/" "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36" rt=0.042 rid=238302ee-83fc-24ba-554a-13e5fc635c64`,
		`{"timestamp":"2026-01-15T00:00:02.527Z","level":"INFO","service":"catalog","host":"catalog-lwepo7fo-8ptt4","logger":"http","message":"product served SKU-11671 status=200 duration=17ms","request_id":"8196fa59-a781-52bd-7516-27ddc7963974","trace_id":"a19274b7e6a09c0aa9a0d6c95f6a8f27"}`,
		`ts=2026-01-15T00:00:08.829106Z level=info svc=auth caller=middleware.go:41 msg="session opened for user 4711" request_id=ad73207a-4a1a-6b0d-9a53-3f5fe4e1e4fa`,
		`2026-01-15 00:00:08,113 WARN  [http-nio-8080-exec-7] c.s.checkout.OrderService [req=05fb5907-7efe-2d1a-0d4b-1d6b5c0b4b96 trace=e06bb891ef35796b463746d45d998378] upstream inventory slow: 1204 ms`,
		`<134>Jan 15 00:00:04 shipping-7d9f shipping[3390]: rid=8d20585b-4c1b-74d5-9620-1ee08fcec700 label printed for order 99821 carrier=dhl`,
		`Jan 15 06:25:43 web1 sshd[23412]: Failed password for invalid user admin from 198.51.100.7 port 52014 ssh2`,
		`	at com.example.checkout.OrderService.place(OrderService.java:214) ~[checkout-2.4.1.jar:2.4.1]`,
		`260115 000811 148 INFO storage.BlockReader: block blk_72310045588190273 verified in 12 ms`,
	}
}

func BenchmarkText(b *testing.B) {
	lines := cleanLines()
	size := 0
	for _, l := range lines {
		size += len(l)
	}
	run := func(name string, e *Engine, lines []string, size int) {
		b.Run(name, func(b *testing.B) {
			sc := e.NewScanner()
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				for _, l := range lines {
					sc.Reset()
					sc.Text(l)
				}
			}
			b.ReportMetric(float64(b.N*len(lines))/b.Elapsed().Seconds(), "records/s")
		})
	}
	run("clean", engine(b, nil), lines, size)
	run("clean,network", engine(b, func(o *Options) { o.Groups[Network] = true }), lines, size)
	dirty := lines
	for range 11 { // 96 clean lines and one more
		dirty = append(dirty, lines...)
	}
	dirty = append(dirty, "payment client initialised api_key=sk_live_aR2y04hFvw0fQHjIk6lmF45z for bob@example.com")
	run("1% dirty", engine(b, nil), dirty, 12*size+len(dirty[len(dirty)-1]))
}

// BenchmarkPrefilter is the automaton alone, without the matchers.
func BenchmarkPrefilter(b *testing.B) {
	lines := cleanLines()
	size := 0
	for _, l := range lines {
		size += len(l)
	}
	a := engine(b, nil).auto
	b.SetBytes(int64(size))
	hits := 0
	var p prefilter
	for b.Loop() {
		for _, l := range lines {
			p.block(a, l, 0, a.start)
			hits += len(p.hits)
		}
	}
	b.ReportMetric(float64(hits)/float64(b.N*len(lines)), "hits/line")
}

// TestFailureWhileMasking gives the rewriting a finding that cannot be: the text is masked, nothing panics.
func TestFailureWhileMasking(t *testing.T) {
	e, err := New(DefaultOptions())
	require.NoError(t, err)
	sc := e.NewScanner()
	sc.found = []finding{{0, 1000, sc.e.keyDetector}}
	assert.Equal(t, "[REDACTED:"+UnscannedDetector+"]", sc.settle("bob@example.com"))
	assert.EqualValues(t, 1, sc.limits[LimitFailure])
	assert.Equal(t, []finding{{0, 15, sc.e.unscanned}}, sc.found)
}
