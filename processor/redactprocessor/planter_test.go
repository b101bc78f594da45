// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redactprocessor

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/logboom/logboom/internal/redact"
)

// example is a text of which some parts are secret.
type example struct {
	detector string
	group    redact.Group
	text     string
	secrets  []string
}

// minSecret is the length from which finding a secret's bytes is no accident.
const minSecret = 7

// examples returns the texts that the detectors document what they find with.
func examples() []example {
	var out []example
	for _, d := range redact.Detectors() {
		for _, match := range d.Match {
			e := example{detector: d.Name, group: d.Group}
			long := true
			for rest := match; ; {
				before, marked, ok := strings.Cut(rest, "«")
				e.text += before
				if !ok {
					break
				}
				secret, tail, _ := strings.Cut(marked, "»")
				long = long && len(secret) >= minSecret
				e.text += secret
				e.secrets = append(e.secrets, secret)
				rest = tail
			}
			if long && len(e.secrets) > 0 {
				out = append(out, e)
			}
		}
	}
	return out
}

// planted is a secret and how the test wrote it down: all of it must be gone.
type planted struct {
	detector, form, text string
}

// planter builds random records with secrets in them, and with values that hold none.
type planter struct {
	r        *rand.Rand
	examples []example
	planted  []planted
	numbers  map[int64]bool   // card numbers that stand as numbers
	clean    map[string]any   // by key: what must stay
	json     map[string]bool  // keys whose value is a JSON document
	cases    map[string]int64 // detectors and forms that were planted, for the log
}

func newPlanter(seed uint64, list []example) *planter {
	return &planter{
		r: rand.New(rand.NewPCG(seed, 1)), examples: list, //nolint:gosec // the same seed, the same records
		numbers: map[int64]bool{}, clean: map[string]any{}, json: map[string]bool{}, cases: map[string]int64{},
	}
}

// form is a way of writing a text within another.
type form struct {
	name string
	// write returns what is written for a text, and encode what a secret in it looks like then.
	write, encode func(string) string
	whole         bool // the result stands alone, as a JSON document does
}

func quoted(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(b[1 : len(b)-1])
}

func same(s string) string { return s }

var forms = []form{
	{"plain", func(s string) string { return "done: " + s + " ok" }, same, false},
	{"alone", same, same, false},
	{"json", func(s string) string { return `{"a":1,"message":"` + quoted(s) + `","z":[2,null]}` }, quoted, true},
	{"json in json", func(s string) string {
		return `{"log":"` + quoted(`{"m":"`+quoted(s)+`","n":1}`) + `","stream":"stdout"}`
	}, func(s string) string { return quoted(quoted(s)) }, true},
	{"json behind a prefix", func(s string) string { return `worker-3 | {"m":"` + quoted(s) + `"}` }, quoted, false},
	{"logfmt", func(s string) string { return "level=info msg=" + strconv.Quote(s) + " n=1" }, func(s string) string {
		q := strconv.Quote(s)
		return q[1 : len(q)-1]
	}, false},
	{"query", func(s string) string { return "GET /x?q=" + url.QueryEscape(s) + "&y=1 HTTP/1.1" }, url.QueryEscape, false},
	{"path", func(s string) string { return "GET /x/" + url.PathEscape(s) + " HTTP/1.1" }, url.PathEscape, false},
	{"headers", func(s string) string {
		return "POST /in HTTP/1.1\r\nHost: db.internal\r\nX-Note: " + s + "\r\nAccept: */*\r\n\r\n"
	}, same, false},
	{"sql", func(s string) string {
		return "INSERT INTO notes (id, text) VALUES (17, '" + strings.ReplaceAll(s, "'", "''") + "');"
	}, func(s string) string { return strings.ReplaceAll(s, "'", "''") }, false},
	{"lines", func(s string) string { return "first line\n" + s + "\nlast line" }, same, false},
}

// base64Forms hide the secret; what must be gone is the whole text in base64.
var base64Forms = []form{
	{"base64", func(s string) string { return "payload=" + base64.StdEncoding.EncodeToString([]byte(s)) }, nil, false},
	{"base64 URL", func(s string) string { return "state: " + base64.RawURLEncoding.EncodeToString([]byte(s)) + " x" }, nil, false},
	{"base64 in json", func(s string) string { return `{"data":"` + base64.StdEncoding.EncodeToString([]byte(s)) + `"}` }, nil, true},
}

// minBase64 is the length of a text from which it is looked for in base64.
const minBase64 = 30

var percentEscape = regexp.MustCompile(`%[0-9A-Fa-f]{2}`)

// exempt tells what is not promised: two levels of percent escapes or of SQL's quotes, and a personal number that is an
// element of a path.
func exempt(e example, form string) bool {
	switch form {
	case "query", "path":
		return percentEscape.MatchString(e.text) || form == "path" && e.group == redact.Personal
	case "sql":
		return strings.Contains(e.text, "'")
	}
	// Lines of a manifest are told apart where their breaks are escaped once.
	return e.detector == "kubernetes_secret" && (form == "json in json" || strings.Contains(e.text, `\n`))
}

var noise = []string{"order", "4711", "done", "in", "12ms", "user=17", "é漢", `"quoted"`, "[x]", "a,b;", "\t", "100%", "{}", "commit 9f86d081884c7d65"}

func (p *planter) noise() string { return noise[p.r.IntN(len(noise))] }

// text returns a text, and whether it is JSON.
func (p *planter) text() (text string, isJSON bool) {
	if p.r.IntN(3) == 0 {
		return p.noise() + " " + p.noise(), false
	}
	e := p.examples[p.r.IntN(len(p.examples))]
	if p.r.IntN(8) == 0 && len(e.text) >= minBase64 && !percentEscape.MatchString(e.text) {
		f := base64Forms[p.r.IntN(len(base64Forms))]
		text = f.write(e.text)
		p.plant(e.detector, f.name, base64.RawStdEncoding.EncodeToString([]byte(e.text)))
		p.plant(e.detector, f.name, base64.RawURLEncoding.EncodeToString([]byte(e.text)))
		return text, f.whole
	}
	f := forms[p.r.IntN(len(forms))]
	for exempt(e, f.name) {
		f = forms[p.r.IntN(len(forms))]
	}
	for _, s := range e.secrets {
		p.plant(e.detector, f.name, f.encode(s))
		p.plant(e.detector, f.name, s)
	}
	return f.write(e.text), f.whole
}

func (p *planter) plant(detector, form, text string) {
	p.planted = append(p.planted, planted{detector, form, text})
	p.cases[detector]++
	p.cases["form "+form]++
}

// hidden returns a value that only the name it stands under makes a secret.
func (p *planter) hidden() string {
	const alphabet = "0123456789abcdefghijklmnopqrstuvwxyz"
	var b strings.Builder
	b.WriteString("zq")
	for range 10 {
		b.WriteByte(alphabet[p.r.IntN(len(alphabet))])
	}
	p.plant("sensitive_key", "under a name", b.String())
	return b.String()
}

func (p *planter) card() int64 {
	digits := "4"
	for range 14 {
		digits += string(rune('0' + p.r.IntN(10)))
	}
	for check := range 10 {
		if n := digits + string(rune('0'+check)); luhn(n) {
			v, _ := strconv.ParseInt(n, 10, 64)
			p.numbers[v] = true
			return v
		}
	}
	panic("no check digit")
}

func luhn(s string) bool {
	sum := 0
	for i := range s {
		d := int(s[len(s)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

func (p *planter) value(v pcommon.Value, depth int) {
	switch n := p.r.IntN(12); {
	case n <= 1 && depth < 6:
		p.attributes(v.SetEmptyMap(), depth+1)
	case n <= 3 && depth < 6:
		s := v.SetEmptySlice()
		for range 1 + p.r.IntN(3) {
			p.value(s.AppendEmpty(), depth+1)
		}
	case n == 4:
		text, _ := p.text()
		v.SetEmptyBytes().FromRaw([]byte(text))
	case n == 5:
		v.SetInt(p.card())
	case n == 6:
		v.SetDouble(float64(p.card()))
	default:
		text, _ := p.text()
		v.SetStr(text)
	}
}

func (p *planter) attributes(m pcommon.Map, depth int) {
	for i := range 1 + p.r.IntN(4) {
		switch p.r.IntN(12) {
		case 0:
			text, _ := p.text()
			p.value(m.PutEmpty("in a key: "+text), depth)
		case 1:
			key := fmt.Sprintf("clean_%d", len(p.clean))
			p.clean[key] = []any{"ok " + key + " é", int64(p.r.Uint32()), p.r.Float64(), true}[p.r.IntN(4)]
			if err := m.PutEmpty(key).FromRaw(p.clean[key]); err != nil {
				panic(err)
			}
		case 2:
			if text, isJSON := p.text(); isJSON {
				key := fmt.Sprintf("document_%d", len(p.json))
				p.json[key] = true
				m.PutStr(key, text)
			} else {
				m.PutStr(fmt.Sprintf("k%d", i), text)
			}
		case 3:
			m.PutStr([]string{"db.password", "Set-Cookie", "clientSecret", "http.request.header.authorization"}[p.r.IntN(4)], p.hidden())
		case 4:
			pair := m.PutEmptySlice(fmt.Sprintf("env%d", i)).AppendEmpty().SetEmptyMap()
			pair.PutStr("value", p.hidden())
			pair.PutStr("name", "DB_PASSWORD")
		case 5:
			pair := m.PutEmptySlice(fmt.Sprintf("pairs%d", i)).AppendEmpty().SetEmptySlice()
			pair.AppendEmpty().SetStr("x-api-key")
			pair.AppendEmpty().SetStr(p.hidden())
		case 7:
			args := m.PutEmptySlice(fmt.Sprintf("args%d", i))
			args.AppendEmpty().SetStr("run")
			args.AppendEmpty().SetStr([]string{"--password", "-api-key", "--client.secret"}[p.r.IntN(3)])
			args.AppendEmpty().SetStr(p.hidden())
		case 6:
			m.PutEmptyMap("secret").PutEmptySlice("inner").AppendEmpty().SetStr(p.hidden())
		default:
			p.value(m.PutEmpty(fmt.Sprintf("k%d", i)), depth)
		}
	}
}

func (p *planter) string() string {
	text, _ := p.text()
	return text
}

func (p *planter) logs() plog.Logs {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.SetSchemaUrl(p.string())
	p.attributes(rl.Resource().Attributes(), 0)
	sl := rl.ScopeLogs().AppendEmpty()
	sl.SetSchemaUrl(p.string())
	p.scope(sl.Scope())
	for range 1 + p.r.IntN(3) {
		lr := sl.LogRecords().AppendEmpty()
		lr.SetSeverityText(p.string())
		lr.SetEventName(p.string())
		p.value(lr.Body(), 0)
		p.attributes(lr.Attributes(), 0)
	}
	return ld
}

func (p *planter) scope(scope pcommon.InstrumentationScope) {
	scope.SetName(p.string())
	scope.SetVersion(p.string())
	p.attributes(scope.Attributes(), 0)
}

func (p *planter) traces() ptrace.Traces {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.SetSchemaUrl(p.string())
	p.attributes(rs.Resource().Attributes(), 0)
	ss := rs.ScopeSpans().AppendEmpty()
	p.scope(ss.Scope())
	for range 1 + p.r.IntN(2) {
		span := ss.Spans().AppendEmpty()
		span.SetName(p.string())
		span.TraceState().FromRaw(p.string())
		span.Status().SetMessage(p.string())
		p.attributes(span.Attributes(), 0)
		event := span.Events().AppendEmpty()
		event.SetName(p.string())
		p.attributes(event.Attributes(), 0)
		link := span.Links().AppendEmpty()
		link.TraceState().FromRaw(p.string())
		p.attributes(link.Attributes(), 0)
	}
	return td
}
