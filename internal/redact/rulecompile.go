// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/logboom/logboom/internal/grok"
)

// compiledRule is a rule ready to run. It is immutable and shared by all engines.
type compiledRule struct {
	rule *rule
	form ruleForm
	re   *grok.Pattern
	// triggers of the form token: back is how many characters of the token the trigger holds.
	triggers []ruleTrigger
	max      int  // bytes of the longest match; -1 if there is no bound
	local    bool // every match of the form regex holds a keyword: it need not be looked for elsewhere
	allow    []allowlist
	checksum func(string) bool
}

type ruleForm uint8

const (
	formToken ruleForm = iota
	formNames
	formRegex
)

type ruleTrigger struct {
	expr string
	back int
}

type allowlist struct {
	all     bool // every check must hold, and not one of them
	never   bool // one of them speaks of files, which there are none of
	target  string
	regexes []*grok.Pattern
	words   []string
}

// ruleName is what a rule's id must be, once its dashes are underscores. Some of gitleaks' begin with a digit.
var ruleName = regexp.MustCompile(`^[a-z0-9_]{1,64}$`)

const (
	// ruleTableBytes bounds each of the two tables of a rule's automaton.
	ruleTableBytes = 256 << 10
	// ruleMaxSteps bounds one match of a rule that has no automaton.
	ruleMaxSteps = 1_000_000

	maxNameBytes = 64
	groupMatch   = "match"
	groupSecret  = "secret"
)

// nameTail is what stands between a vendor's name and the secret.
const nameTail = `[ \t\w.-]{0,20}[\s'"\\]{0,6}(?:=|>|:{1,3}=|\|\||:|=>|\?=|,)[\x60'"\s=\\]{0,8}`

// secretEnd is what may follow a secret: nothing with which it would be a longer one. more are characters to which that
// applies too. A full stop may end a sentence. A token of one length alone may have a dash or an underscore behind it that
// joins it to something.
func secretEnd(secret *syntax.Regexp, more string) string {
	inside := map[rune]bool{}
	if lastRunes(secret, inside); more == "" && maxLength(secret) == minLength(secret) {
		clear(inside)
	}
	for _, r := range more {
		inside[r] = true
	}
	var class strings.Builder
	for r := rune('!'); r < utf8.RuneSelf; r++ {
		if inside[r] && !isAlnum(byte(r)) && !strings.ContainsRune("\"'`;,\\", r) {
			class.WriteString(`\x` + fmt.Sprintf("%02x", r))
		}
	}
	return `(?:[^0-9A-Za-z` + class.String() + `]|\.(?:[\s\\"'<>)\]}]|\z)|\z)`
}

// lastRunes adds the ASCII characters with which a match of re can end, and tells whether re matches the empty text.
func lastRunes(re *syntax.Regexp, add map[rune]bool) (empty bool) {
	switch re.Op {
	case syntax.OpLiteral:
		add[re.Rune[len(re.Rune)-1]] = true
	case syntax.OpCharClass:
		for i := 0; i < len(re.Rune); i += 2 {
			for r := re.Rune[i]; r <= min(re.Rune[i+1], utf8.RuneSelf-1); r++ {
				add[r] = true
			}
		}
	case syntax.OpCapture, syntax.OpPlus:
		return lastRunes(re.Sub[0], add)
	case syntax.OpRepeat:
		return lastRunes(re.Sub[0], add) || re.Min == 0
	case syntax.OpStar, syntax.OpQuest:
		lastRunes(re.Sub[0], add)
		return true
	case syntax.OpConcat:
		for i := len(re.Sub) - 1; i >= 0; i-- {
			if !lastRunes(re.Sub[i], add) {
				return false
			}
		}
		return true
	case syntax.OpAlternate:
		for _, sub := range re.Sub {
			empty = lastRunes(sub, add) || empty
		}
		return empty
	default:
		return true
	}
	return false
}

func (r *rule) compile(lists []ruleAllowlist) (*compiledRule, error) {
	c := &compiledRule{rule: r}
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if !ruleName.MatchString(r.name()) {
		bad("id must be 1 to 64 letters, digits, - and _")
	}
	forms := 0
	for _, given := range []bool{r.Token != "", len(r.Names) > 0 || r.Value != "", r.Regex != ""} {
		if given {
			forms++
		}
	}
	if forms != 1 {
		bad("must have exactly one of token, names and value, regex")
	}
	if r.Entropy < 0 || r.Entropy > 8 {
		bad("entropy must be between 0 and 8, got %v", r.Entropy)
	}
	if r.Checksum != "" {
		if c.checksum = checksums[r.Checksum]; c.checksum == nil {
			bad("checksum %q is not known", r.Checksum)
		}
	}
	if len(errs) == 0 {
		if err := c.compileForm(); err != nil {
			errs = append(errs, err)
		}
	}
	for i := range lists {
		a, err := lists[i].compile()
		if err != nil {
			bad("allowlists[%d]: %w", i, err)
		}
		c.allow = append(c.allow, a)
	}
	return c, errors.Join(errs...)
}

func (c *compiledRule) compileForm() error {
	r := c.rule
	switch {
	case r.Token != "":
		c.form = formToken
		re, err := syntax.Parse(r.Token, syntax.Perl)
		if err != nil {
			return fmt.Errorf("parse token: %w", err)
		}
		if c.triggers, err = tokenTriggers(re); err != nil {
			return err
		}
		c.max = maxLength(re)
		return c.compileRegexp("token", "(?P<"+groupSecret+">"+named(re)+")"+secretEnd(re, ""))
	case len(r.Names) > 0:
		c.form = formNames
		re, err := syntax.Parse(r.Value, syntax.Perl)
		switch {
		case r.Value == "":
			return errors.New("value must not be empty")
		case err != nil:
			return fmt.Errorf("parse value: %w", err)
		}
		for _, name := range r.Names {
			if len(name) < 2 || len(name) > maxNameBytes {
				return fmt.Errorf("a name must have 2 to %d bytes, got %q", maxNameBytes, name)
			}
			expr := syntaxQuote(name)
			if !r.CaseSensitive {
				expr = "(?i)" + expr
			}
			c.triggers = append(c.triggers, ruleTrigger{expr: expr})
		}
		c.max = maxLength(re)
		return c.compileRegexp("value", nameTail+"(?P<"+groupSecret+">"+named(re)+")"+secretEnd(re, "._-/+="))
	default:
		c.form = formRegex
		re, err := syntax.Parse(r.Regex, syntax.Perl)
		if err != nil {
			return fmt.Errorf("parse regex: %w", err)
		}
		if n := re.MaxCap(); r.SecretGroup < 0 || r.SecretGroup > n {
			return fmt.Errorf("secretGroup must be between 0 and %d, the groups of the regex, got %d", n, r.SecretGroup)
		}
		if minLength(re) == 0 {
			return errors.New("regex must not match the empty text")
		}
		for _, k := range r.Keywords {
			if k == "" || len(k) > maxNameBytes {
				return fmt.Errorf("keywords must have 1 to %d bytes, got %q", maxNameBytes, k)
			}
			c.triggers = append(c.triggers, ruleTrigger{expr: "(?i)" + syntaxQuote(k)})
		}
		c.max, c.local = maxLength(re), holdsAny(re, r.Keywords)
		return c.compileRegexp("regex", "(?P<"+groupMatch+">"+named(re)+")")
	}
}

func (c *compiledRule) compileRegexp(what, expr string) error {
	re, err := grok.CompileRegexp(expr, grok.WithTableBytes(ruleTableBytes), grok.WithMaxSteps(ruleMaxSteps))
	if err != nil {
		return fmt.Errorf("compile %s: %w", what, err)
	}
	c.re = re
	return nil
}

// named writes the expression with a name for each of its groups, by which the engine captures: g1, g2 and so on. Only
// the form regex has use for them.
func named(re *syntax.Regexp) string {
	if re.Op == syntax.OpCapture {
		re.Name = groupName(re.Cap)
	}
	for _, sub := range re.Sub {
		named(sub)
	}
	return re.String()
}

func (l *ruleAllowlist) compile() (allowlist, error) {
	a := allowlist{target: l.RegexTarget}
	switch strings.ToUpper(l.Condition) {
	case "", "OR", "||":
	case "AND", "&&":
		a.all = true
		a.never = len(l.Paths) > 0 || len(l.Commits) > 0
	default:
		return a, fmt.Errorf("condition must be OR or AND, got %q", l.Condition)
	}
	switch l.RegexTarget {
	case "", "secret", "match", "line":
	default:
		return a, fmt.Errorf("regexTarget must be secret, match or line, got %q", l.RegexTarget)
	}
	for _, expr := range l.Regexes {
		re, err := grok.CompileRegexp(expr, grok.WithTableBytes(ruleTableBytes), grok.WithMaxSteps(ruleMaxSteps))
		if err != nil {
			return a, fmt.Errorf("compile regex: %w", err)
		}
		a.regexes = append(a.regexes, re)
	}
	for _, w := range l.StopWords {
		a.words = append(a.words, strings.ToLower(w))
	}
	return a, nil
}

// allows tells whether what was found is none. match is the whole match, and at is where the secret stands in s.
func (a *allowlist) allows(s, match, secret string, at int) bool {
	if a.never {
		return false
	}
	target := secret
	switch a.target {
	case "match":
		target = match
	case "line":
		target = lineAt(s, at)
	}
	regex := slices.ContainsFunc(a.regexes, func(re *grok.Pattern) bool {
		_, ok, err := re.Match(target, nil)
		return ok && err == nil
	})
	word := slices.ContainsFunc(a.words, func(w string) bool { return w != "" && containsFold(secret, w) })
	if a.all {
		return (len(a.regexes) == 0 || regex) && (len(a.words) == 0 || word) && len(a.regexes)+len(a.words) > 0
	}
	return regex || word
}

// maxLine bounds what is looked at as the line of a finding, on either side of it.
const maxLine = 1 << 10

func lineAt(s string, at int) string {
	from, to := max(0, at-maxLine), min(len(s), at+maxLine)
	if i := strings.LastIndexByte(s[from:at], '\n'); i >= 0 {
		from += i + 1
	}
	if i := strings.IndexByte(s[at:to], '\n'); i >= 0 {
		to = at + i
	}
	return s[from:to]
}

func groupName(n int) string { return fmt.Sprintf("g%d", n) }
