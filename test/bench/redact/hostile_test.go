// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/internal/redact"
)

// hostile are pieces of which texts are made that lead a scanner astray at every turn.
func hostile(t *testing.T) map[string]string {
	t.Helper()
	m := newMaker(3)
	d := gitleaksDetector(t)
	var keywords []string
	for _, r := range d.Config.Rules {
		for _, k := range r.Keywords {
			keywords = append(keywords, strings.ToLower(k))
		}
	}
	slices.Sort(keywords)
	keywords = slices.Compact(keywords)
	const base64Alphabet = letters + digits + "+/"
	pieces := []string{
		"a@", "a@a.", "@", "1", "4111 1111 ", "4", "0-", "123-45-6789-", "eyJ", "eyJ.", "eyJhbGciOi", "password=", "password: ", `"password":`, "password", "passwordpassword=x ",
		"key:", "key=", "key ", "secret", "token=token", "api_key=", "Authorization: Bearer ", "Authorization: ", "Basic ", "Bearer ", "Cookie: a=b; ", "-----BEGIN ",
		"-----BEGIN PRIVATE KEY-----", "-----", "-", "%41", "%", "%25", `\u0041`, `\`, `\\`, `\"`, `"`, `'`, `{"a":"`, `{"password":"`, `[[`, "AK" + "IA", "AK" + "IA0", "://:@", "://", "http://a:b@c ",
		"postgres://a:", "gh" + "p_", "gh" + "p_a", "xox" + "b-", "sk-", "sk" + "_live_", "=", ":", "==", ": ", "=>", ".", "1.", "1.2.3.", "1:", "::", "a:", "fe80::", "00:11:22:33:44:", "f", "+1 ", "+1", "+49 ",
		"(555) ", "tel: ", "DE89 3704 ", "IBAN ", "ssn ", "ssn: 123", " ", "\n", "\r\n", "\t", "a", "A", "é", "\xff", "\x00", "[REDACTED:", "[REDACTED:email]", "AccountKey=", "Set-Cookie: ", "curl -u a:", "--password ", "-p ",
		"0", "_", "A_", "aA1", "YQ==", "TVRJeg", "age-secret-key-", "hooks.slack.com/services/", "Bearer eyJ", "a=b&", "?token=", "&key=", "<password>", "password>", "VALUES ('", "IDENTIFIED BY '",
	}
	texts := map[string]string{}
	for _, p := range pieces {
		name := p
		if strings.ContainsFunc(p, func(r rune) bool { return r < ' ' || r > '~' }) {
			name = strconv.Quote(p)
		}
		texts["`"+strings.ReplaceAll(name, "|", `\|`)+"…`"] = p
	}
	texts["base64 at random"] = m.of(base64Alphabet, 1<<16)
	texts["base64 in lines of 76"] = strings.Repeat(m.of(base64Alphabet, 76)+"\n", 800)
	texts["hexadecimal digits at random"] = m.hex(1 << 16)
	texts["digits at random"] = m.of(digits, 1<<16)
	texts["digits and blanks at random"] = m.of(digits+digits+" -", 1<<16)
	texts["digits, dots and colons at random"] = m.of(digits+".:", 1<<16)
	texts["capitals at random"] = m.of(upper, 1<<16)
	texts["quotes and backslashes at random"] = m.of(`"'\ `, 1<<16)
	texts["letters, signs and quotes at random"] = m.of(`abkeyt=:"' .@-_/`, 1<<16)
	texts["gitleaks' keywords with blanks"] = strings.Join(keywords, " ") + " "
	texts["gitleaks' keywords with ="] = strings.Join(keywords, "=") + "="
	texts[`gitleaks' keywords with ": "`] = strings.Join(keywords, `": "`)
	texts["gitleaks' keywords with hex"] = strings.Join(keywords, "_key="+m.hex(31)+" ")
	texts["gitleaks' keywords with nothing"] = strings.Join(keywords, "")
	texts["names of vendors"] = "aws azure google github gitlab slack stripe twilio sendgrid datadog heroku dropbox okta atlassian "
	texts["names of vendors with ="] = "aws=azure=google=github=gitlab=slack=stripe=twilio=sendgrid=datadog=heroku=dropbox=okta=atlassian="
	return texts
}

type hostileResult struct {
	name           string
	small, large   time.Duration
	ratio, mallocs float64
	outcome        string
}

// TestHostile reads hostile texts of one and of four megabytes: the time must grow with the text, no faster.
func TestHostile(t *testing.T) {
	plan(t)
	size := 4_000_000
	if *flagTime == 0 {
		size = 80_000
	}
	sc := scanner(t, true)
	var results []hostileResult
	for name, piece := range hostile(t) {
		if !strings.Contains(name, *flagOnly) {
			continue
		}
		r := hostileResult{name: name}
		r.small, _, _ = timed(sc, piece, size/4)
		r.large, r.mallocs, r.outcome = timed(sc, piece, size)
		r.ratio = float64(r.large) / float64(max(r.small, 100*time.Microsecond))
		if *flagTime > 0 && r.large > 50*time.Millisecond {
			assert.Less(t, r.ratio, 8.0, name)
		}
		results = append(results, r)
	}
	require.NotEmpty(t, results)
	slices.SortFunc(results, func(a, b hostileResult) int { return int(b.large - a.large) })
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 1, ' ', 0)
	fmt.Fprintf(w, "\nHostile texts of %d and %d kB, every detector on:\t\n", size/4000, size/1000)
	fmt.Fprintln(w, "| text\t| ms a MB\t| MB/s\t| times the quarter\t| MB allocated\t| outcome\t|")
	fmt.Fprintln(w, "| ---\t| ---:\t| ---:\t| ---:\t| ---:\t| ---\t|")
	for _, r := range results {
		fmt.Fprintf(w, "| %s\t| %.1f\t| %s\t| %.1f\t| %.1f\t| %s\t|\n", r.name, float64(r.large)/1e6/(float64(size)/1e6), rate(float64(size)/1e6/r.large.Seconds()), r.ratio, r.mallocs, r.outcome)
	}
	w.Flush()
}

// timed reads a text twice, as a record of its own each time, and takes the shorter time.
func timed(sc *redact.Scanner, piece string, size int) (took time.Duration, megabytes float64, outcome string) {
	text := strings.Repeat(piece, size/len(piece)+1)[:size]
	for i := range 2 {
		collect()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start := cpuTime()
		sc.Reset()
		_, effect := sc.Text(text)
		if d := cpuTime() - start; i == 0 || d < took {
			took = d
		}
		runtime.ReadMemStats(&after)
		megabytes = float64(after.TotalAlloc-before.TotalAlloc) / 1e6
		outcome = "clean"
		if effect != 0 {
			outcome = "masked"
		}
		sc.Counts(func(string, redact.Action, int64) {}, func(l redact.Limit, _ int64) { outcome = string(l) })
	}
	return took, megabytes, outcome
}
