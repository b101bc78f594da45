// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logql

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	texttemplate "text/template"
	"time"
	"unicode"
	"unicode/utf8"
)

// templateFuncs are the functions that line_format and label_format have. __line__ and __timestamp__ are bound
// when a template runs.
var templateFuncs = texttemplate.FuncMap{
	tickName:        func() string { return "" },
	"__line__":      func() string { return "" },
	"__timestamp__": func() time.Time { return time.Time{} },

	"ToLower":    strings.ToLower,
	"ToUpper":    strings.ToUpper,
	"Replace":    boundedReplace,
	"Trim":       strings.Trim,
	"TrimLeft":   strings.TrimLeft,
	"TrimRight":  strings.TrimRight,
	"TrimPrefix": strings.TrimPrefix,
	"TrimSuffix": strings.TrimSuffix,
	"TrimSpace":  strings.TrimSpace,

	"lower":      strings.ToLower,
	"upper":      strings.ToUpper,
	"title":      title,
	"trim":       strings.TrimSpace,
	"trimAll":    func(cut, s string) string { return strings.Trim(s, cut) },
	"trimPrefix": func(p, s string) string { return strings.TrimPrefix(s, p) },
	"trimSuffix": func(p, s string) string { return strings.TrimSuffix(s, p) },
	"replace":    func(from, to, s string) (string, error) { return boundedReplace(s, from, to, -1) },
	"contains":   func(sub, s string) bool { return strings.Contains(s, sub) },
	"hasPrefix":  func(p, s string) bool { return strings.HasPrefix(s, p) },
	"hasSuffix":  func(p, s string) bool { return strings.HasSuffix(s, p) },
	"substr":     substr,
	"trunc":      trunc,
	"repeat":     repeat,
	"indent":     indent,
	"nindent":    func(n int, s string) (string, error) { r, err := indent(n, s); return "\n" + r, err },
	"alignLeft":  func(n int, s string) (string, error) { return align(n, s, false) },
	"alignRight": func(n int, s string) (string, error) { return align(n, s, true) },
	"default":    func(d, s string) string { return or(s, d) },
	"count":      countMatches,

	"regexReplaceAll":        func(expr, s, repl string) (string, error) { return regexReplace(expr, s, repl, true) },
	"regexReplaceAllLiteral": func(expr, s, repl string) (string, error) { return regexReplace(expr, s, repl, false) },

	"add":   fold(func(a, b int64) int64 { return a + b }),
	"sub":   func(a, b any) int64 { return toInt(a) - toInt(b) },
	"mul":   fold(func(a, b int64) int64 { return a * b }),
	"div":   intDiv,
	"mod":   intMod,
	"max":   fold(func(a, b int64) int64 { return max(a, b) }),
	"min":   fold(func(a, b int64) int64 { return min(a, b) }),
	"addf":  decimals((*big.Rat).Add),
	"subf":  decimals((*big.Rat).Sub),
	"mulf":  decimals((*big.Rat).Mul),
	"divf":  decimals(quotient),
	"maxf":  foldf(math.Max),
	"minf":  foldf(math.Min),
	"ceil":  func(v any) float64 { return math.Ceil(toFloat(v)) },
	"floor": func(v any) float64 { return math.Floor(toFloat(v)) },
	"round": round,
	"int":   func(v any) int { return int(toInt(v)) },

	"float64": toFloat,

	"bytes": func(s string) (float64, error) {
		if v, ok := parseBytes(s); ok {
			return float64(v), nil
		}
		return 0, errors.New("not a size in bytes")
	},
	"duration":         durationSeconds,
	"duration_seconds": durationSeconds,

	"date":            func(layout string, t time.Time) (string, error) { return bounded(t.Format(layout)) },
	"toDate":          func(layout, s string) time.Time { return toDate(layout, "", s) },
	"toDateInZone":    toDate,
	"now":             time.Now,
	"unixEpoch":       func(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) },
	"unixEpochMillis": func(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) },
	"unixEpochNanos":  func(t time.Time) string { return strconv.FormatInt(t.UnixNano(), 10) },
	"unixToTime":      unixToTime,

	"b64enc": func(s string) (string, error) { return bounded(base64.StdEncoding.EncodeToString([]byte(s))) },
	"b64dec": func(s string) string {
		b, err := base64.StdEncoding.DecodeString(s)
		if err != nil {
			return err.Error() // so it is
		}
		return string(b)
	},
	"urlencode": func(s string) (string, error) { return bounded(url.QueryEscape(s)) },
	"urldecode": url.QueryUnescape,
	"fromJson": func(s string) any {
		var v any
		if json.Unmarshal([]byte(s), &v) != nil {
			return nil
		}
		return v
	},
	"printf": printf,
	// Those that text/template brings along have no bounds: {{$x = print $x $x}} doubles with every repetition.
	"print":    func(args ...any) (string, error) { return boundedArgs(fmt.Sprint, args) },
	"println":  func(args ...any) (string, error) { return boundedArgs(fmt.Sprintln, args) },
	"html":     func(args ...any) (string, error) { return boundedArgs(texttemplate.HTMLEscaper, args) },
	"js":       func(args ...any) (string, error) { return boundedArgs(texttemplate.JSEscaper, args) },
	"urlquery": func(args ...any) (string, error) { return boundedArgs(texttemplate.URLQueryEscaper, args) },
}

func or(s, d string) string {
	if s == "" {
		return d
	}
	return s
}

func bounded(s string) (string, error) {
	if len(s) > maxTemplateOutput {
		return "", errTemplateOutput
	}
	return s, nil
}

// boundedArgs refuses arguments that are too long together before it makes one text of them. Of values that are no
// texts only a decoded JSON can be long, and that is no longer than the text it was.
func boundedArgs(f func(...any) string, args []any) (string, error) {
	n := 0
	for _, a := range args {
		if s, ok := a.(string); ok {
			n += len(s)
		}
	}
	if n > maxTemplateOutput || len(args) > maxTemplateArgs {
		return "", errTemplateOutput
	}
	return bounded(f(args...))
}

// expandBounded is regexp's ExpandString for a match that cannot become too long: each $ stands for at most all of it.
func expandBounded(re *regexp.Regexp, dst []byte, repl, s string, m []int) ([]byte, error) {
	if len(repl)+strings.Count(repl, "$")*(m[1]-m[0]) > maxTemplateOutput {
		return nil, errTemplateOutput
	}
	return re.ExpandString(dst, repl, s, m), nil
}

// regexReplace is regexp's ReplaceAllString, which stops when the result becomes too long. Without expand, the
// replacement stands for itself.
func regexReplace(expr, s, repl string, expand bool) (string, error) {
	re, err := regexp.Compile(expr)
	if err != nil {
		return "", err
	}
	var out []byte
	at := 0
	for _, m := range re.FindAllStringSubmatchIndex(s, -1) {
		out = append(out, s[at:m[0]]...)
		if !expand {
			out = append(out, repl...)
		} else if out, err = expandBounded(re, out, repl, s, m); err != nil {
			return "", err
		}
		if at = m[1]; len(out) > maxTemplateOutput {
			return "", errTemplateOutput
		}
	}
	return bounded(string(append(out, s[at:]...)))
}

// boundedReplace counts before it builds, so that a template cannot make a huge string of a small one.
func boundedReplace(s, from, to string, n int) (string, error) {
	if c := strings.Count(s, from); len(s)+c*len(to) > maxTemplateOutput {
		return "", errTemplateOutput
	}
	return strings.Replace(s, from, to, n), nil
}

var printfWidth = regexp.MustCompile(`%[^a-zA-Z%]*([0-9]{4,}|\*)`)

// printf is fmt.Sprintf without widths that would make long outputs. A verb may name its argument (%[1]s), so the
// number of verbs bounds how often an argument is repeated.
func printf(format string, args ...any) (string, error) {
	if printfWidth.MatchString(format) || strings.Count(format, "%") > maxTemplateArgs {
		return "", errTemplateOutput
	}
	return boundedArgs(func(args ...any) string { return fmt.Sprintf(format, args...) }, args)
}

func title(s string) string {
	prev := ' '
	return strings.Map(func(r rune) rune {
		p := prev
		prev = r
		if isWordEnd(p) {
			return unicode.ToTitle(r)
		}
		return r
	}, s)
}

func isWordEnd(r rune) bool {
	if r <= unicode.MaxASCII {
		return !isIdentByte(byte(r))
	}
	return !unicode.IsLetter(r) && !unicode.IsDigit(r) && unicode.IsSpace(r)
}

// toDate reads a time; what is none is the zero time, and an unknown zone is UTC.
func toDate(layout, zone, s string) time.Time {
	loc, err := time.LoadLocation(zone)
	if err != nil {
		loc = time.UTC
	}
	t, err := time.ParseInLocation(layout, s, loc)
	if err != nil {
		return time.Time{}
	}
	return t
}

// substr counts bytes. Without a start it takes the first end bytes, without an end all from start on; a place outside of
// the text is an error.
func substr(start, end int, s string) (string, error) {
	switch {
	case start < 0:
		start = 0
	case end < 0 || end > len(s):
		end = len(s)
	}
	if start > end || end > len(s) {
		return "", errors.New("substr: no such place in the text")
	}
	return s[start:end], nil
}

// trunc keeps the first n bytes, or the last -n.
func trunc(n int, s string) string {
	switch {
	case n < 0 && len(s) > -n:
		return s[len(s)+n:]
	case n >= 0 && len(s) > n:
		return s[:n]
	}
	return s
}

func repeat(n int, s string) (string, error) {
	if n < 0 || len(s) > 0 && n > maxTemplateOutput/len(s) {
		return "", errTemplateOutput
	}
	return strings.Repeat(s, n), nil
}

func indent(n int, s string) (string, error) {
	pad, err := repeat(n, " ")
	if err != nil {
		return "", err
	}
	out, err := boundedReplace(s, "\n", "\n"+pad, -1)
	return pad + out, err
}

func align(n int, s string, right bool) (string, error) {
	l := utf8.RuneCountInString(s)
	if n < 0 || l == n {
		return s, nil
	}
	if l > n {
		if r := []rune(s); right {
			return string(r[l-n:]), nil
		} else {
			return string(r[:n]), nil
		}
	}
	pad, err := repeat(n-l, " ")
	if right {
		return pad + s, err
	}
	return s + pad, err
}

func countMatches(expr, s string) (int, error) {
	re, err := regexp.Compile(expr)
	if err != nil {
		return 0, err
	}
	return len(re.FindAllStringIndex(s, -1)), nil
}

func toInt(v any) int64 {
	switch v := v.(type) {
	case string:
		if whole, digits, ok := strings.Cut(v, "."); ok && strings.Trim(digits, "0123456789") == "" {
			v = whole
		}
		i, err := strconv.ParseInt(v, 0, 64)
		if err != nil {
			return 0 // 1e3 and 08 too
		}
		return i
	case bool:
		if v {
			return 1
		}
		return 0
	default:
		return int64(toFloat(v))
	}
}

func toFloat(v any) float64 {
	switch v := v.(type) {
	case string:
		f, _ := strconv.ParseFloat(v, 64)
		return f
	case float64:
		return v
	case int:
		return float64(v)
	case int64:
		return float64(v)
	case bool:
		if v {
			return 1
		}
	}
	return 0
}

func fold(f func(a, b int64) int64) func(any, ...any) int64 {
	return func(first any, rest ...any) int64 {
		v := toInt(first)
		for _, r := range rest {
			v = f(v, toInt(r))
		}
		return v
	}
}

func foldf(f func(a, b float64) float64) func(any, ...any) float64 {
	return func(first any, rest ...any) float64 {
		v := toFloat(first)
		for _, r := range rest {
			v = f(v, toFloat(r))
		}
		return v
	}
}

// decimals calculates in decimals, without the errors of binary fractions: 0.1 and 0.2 make 0.3.
func decimals(f func(z, a, b *big.Rat) *big.Rat) func(any, ...any) (float64, error) {
	return func(first any, rest ...any) (float64, error) {
		if len(rest) > maxTemplateArgs {
			return 0, errTemplateOutput
		}
		v, err := toRat(first)
		if err != nil {
			return 0, err
		}
		for _, r := range rest {
			w, err := toRat(r)
			if err != nil {
				return 0, err
			}
			if v = f(new(big.Rat), v, w); v == nil {
				return 0, errors.New("division by zero")
			}
		}
		out, _ := v.Float64()
		return out, nil
	}
}

func toRat(v any) (*big.Rat, error) {
	r, ok := new(big.Rat).SetString(strconv.FormatFloat(toFloat(v), 'g', -1, 64))
	if !ok {
		return nil, errors.New("not a finite number")
	}
	return r, nil
}

// quotient has sixteen digits behind the point; nil stands for a division by zero.
func quotient(z, a, b *big.Rat) *big.Rat {
	if b.Sign() == 0 {
		return nil
	}
	rounded, _ := z.SetString(z.Quo(a, b).FloatString(16))
	return rounded
}

func intDiv(a, b any) (int64, error) {
	if toInt(b) == 0 {
		return 0, errors.New("division by zero")
	}
	return toInt(a) / toInt(b), nil
}

func intMod(a, b any) (int64, error) {
	if toInt(b) == 0 {
		return 0, errors.New("division by zero")
	}
	return toInt(a) % toInt(b), nil
}

func round(v any, digits int, roundOn ...float64) float64 {
	on := 0.5
	if len(roundOn) > 0 {
		on = roundOn[0]
	}
	pow := math.Pow(10, float64(digits))
	d := toFloat(v) * pow
	if _, frac := math.Modf(d); frac >= on {
		return math.Ceil(d) / pow
	}
	return math.Floor(d) / pow
}

func durationSeconds(s string) (float64, error) {
	d, ok := parseGoDuration(s)
	if !ok {
		return 0, errors.New("not a duration")
	}
	return d / 1e9, nil
}

// unixToTime reads days, seconds, milliseconds, microseconds or nanoseconds, by the number of digits.
func unixToTime(s string) (time.Time, error) {
	v, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return time.Time{}, err
	}
	switch len(s) {
	case 5:
		return time.Unix(v*86400, 0).UTC(), nil
	case 10:
		return time.Unix(v, 0).UTC(), nil
	case 13:
		return time.UnixMilli(v).UTC(), nil
	case 16:
		return time.UnixMicro(v).UTC(), nil
	case 19:
		return time.Unix(0, v).UTC(), nil
	}
	return time.Time{}, errors.New("not a Unix time")
}
