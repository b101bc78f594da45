// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logql

import (
	"fmt"
	"net/netip"
	"regexp"
	"regexp/syntax"
	"strings"
)

// compile builds the filter's test. It is safe for concurrent use.
func (f *LineFilter) compile() error {
	tests := make([]func(string) bool, 0, len(f.Operands))
	for _, o := range f.Operands {
		t, err := o.compile(f.Op)
		if err != nil {
			return err
		}
		tests = append(tests, t)
	}
	negate := f.Op[0] == '!'
	if len(tests) == 1 && !negate {
		f.match = tests[0]
		return nil
	}
	f.match = func(line string) bool {
		for _, t := range tests {
			if t(line) {
				return !negate
			}
		}
		return negate
	}
	return nil
}

func (o LineOperand) compile(op string) (func(string) bool, error) {
	if o.IP {
		ips, err := parseIPRange(o.Text)
		if err != nil {
			return nil, err
		}
		return ips.inLine, nil
	}
	switch op {
	case "|=", "!=":
		text := o.Text
		return func(line string) bool { return strings.Contains(line, text) }, nil
	case "|>", "!>":
		p, err := parsePattern(o.Text)
		if err == nil {
			err = p.checkFilter()
		}
		if err != nil {
			return nil, err
		}
		return p.matchLine, nil
	default:
		return compileRegexpFilter(o.Text)
	}
}

// compileRegexpFilter makes a substring search of a regular expression that is only a literal, and puts a
// substring search in front of one that requires a literal.
func compileRegexpFilter(expr string) (func(string) bool, error) {
	re, err := regexp.Compile(expr)
	if err != nil {
		return nil, err
	}
	parsed, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return nil, err
	}
	parsed = parsed.Simplify()
	if parsed.Op == syntax.OpEmptyMatch {
		return func(string) bool { return true }, nil
	}
	if lit, ok := literalOf(parsed); ok {
		return func(line string) bool { return strings.Contains(line, lit) }, nil
	}
	if lits, ok := alternatives(parsed); ok {
		return func(line string) bool {
			for _, l := range lits {
				if strings.Contains(line, l) {
					return true
				}
			}
			return false
		}, nil
	}
	if lit := requiredLiteral(parsed); lit != "" {
		return func(line string) bool { return strings.Contains(line, lit) && re.MatchString(line) }, nil
	}
	return re.MatchString, nil
}

func literalOf(re *syntax.Regexp) (string, bool) {
	for re.Op == syntax.OpCapture {
		re = re.Sub[0]
	}
	if re.Op == syntax.OpLiteral && re.Flags&syntax.FoldCase == 0 && !strings.ContainsRune(string(re.Rune), '\uFFFD') {
		return string(re.Rune), true
	}
	return "", false
}

func alternatives(re *syntax.Regexp) ([]string, bool) {
	for re.Op == syntax.OpCapture {
		re = re.Sub[0]
	}
	if re.Op != syntax.OpAlternate {
		return nil, false
	}
	var out []string
	for _, s := range re.Sub {
		l, ok := literalOf(s)
		if !ok {
			return nil, false
		}
		out = append(out, l)
	}
	return out, true
}

// requiredLiteral returns the longest text that every match of re holds, "" if none is known.
func requiredLiteral(re *syntax.Regexp) string {
	switch re.Op {
	case syntax.OpLiteral, syntax.OpCapture:
		if re.Op == syntax.OpCapture {
			return requiredLiteral(re.Sub[0])
		}
		l, _ := literalOf(re)
		return l
	case syntax.OpConcat:
		best := ""
		for _, s := range re.Sub {
			if l := requiredLiteral(s); len(l) > len(best) {
				best = l
			}
		}
		return best
	case syntax.OpPlus:
		return requiredLiteral(re.Sub[0])
	case syntax.OpRepeat:
		if re.Min > 0 {
			return requiredLiteral(re.Sub[0])
		}
	}
	return ""
}

// ipRange is an address, a prefix (CIDR) or a range from-to.
type ipRange struct{ from, to netip.Addr }

func parseIPRange(s string) (*ipRange, error) {
	if p, err := netip.ParsePrefix(s); err == nil {
		p = p.Masked()
		return &ipRange{p.Addr(), lastAddr(p)}, nil
	}
	if a, err := netip.ParseAddr(s); err == nil {
		return &ipRange{a, a}, nil
	}
	if l, r, ok := strings.Cut(s, "-"); ok {
		from, err1 := netip.ParseAddr(l)
		to, err2 := netip.ParseAddr(r)
		if err1 == nil && err2 == nil && from.BitLen() == to.BitLen() && from.Compare(to) <= 0 {
			return &ipRange{from, to}, nil
		}
	}
	return nil, fmt.Errorf("ip: invalid pattern %q: expecting an address, a prefix like 10.0.0.0/8 or a range like 10.0.0.1-10.0.0.9", s)
}

func lastAddr(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 1 << (7 - i%8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

func (r *ipRange) contains(a netip.Addr) bool {
	return a.BitLen() == r.from.BitLen() && r.from.Compare(a) <= 0 && a.Compare(r.to) <= 0
}

// containsText reports whether s is an address in the range.
func (r *ipRange) containsText(s string) bool {
	a, err := netip.ParseAddr(strings.TrimSpace(s))
	if err != nil {
		return r.inLine(s)
	}
	return r.contains(a)
}

func isIPByte(c byte) bool {
	return isDigit(c) || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F' || c == '.' || c == ':'
}

// inLine reports whether some address in the line is in the range.
func (r *ipRange) inLine(line string) bool {
	for i := 0; i < len(line); {
		if !isIPByte(line[i]) {
			i++
			continue
		}
		j := i
		for j < len(line) && isIPByte(line[j]) {
			j++
		}
		if r.inWord(line[i:j]) {
			return true
		}
		i = j
	}
	return false
}

// inWord tries a run of characters that addresses consist of: whole, without punctuation around it, and, for those
// of IPv4, without what else is not theirs.
func (r *ipRange) inWord(w string) bool {
	if len(w) < 2 || len(w) > 64 {
		return false
	}
	for _, try := range []string{w, strings.TrimRight(w, ".:"), strings.Trim(w, ".")} {
		if a, err := netip.ParseAddr(try); err == nil {
			return r.contains(a)
		}
	}
	// Letters and colons around dotted numbers do not belong to them.
	for _, part := range strings.FieldsFunc(w, func(c rune) bool { return c != '.' && (c < '0' || c > '9') }) {
		if a, err := netip.ParseAddr(strings.Trim(part, ".")); err == nil && r.contains(a) {
			return true
		}
	}
	return false
}
