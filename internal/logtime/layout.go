// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logtime

import "strings"

// step is one step of reading a time. The steps behave as package time does for the same piece of a layout, but they also take leap
// seconds, milliseconds after a colon, and names of months and days in full for short ones and the other way round.
type step struct {
	kind  opKind
	digit int    // opFraction: how many digits
	char  byte   // opByte
	text  string // opText
	colon bool   // opSecond, opSecond2, opClock: milliseconds may follow after a colon
}

type opKind uint8

const (
	opText          opKind = iota // blanks in it match any number of blanks
	opYear                        // 2006
	opYear2                       // 06
	opMonth                       // 1
	opMonth2                      // 01
	opMonthName                   // Jan, January
	opDay                         // 2
	opDay2                        // 02
	opDayBlank                    // _2
	opWeekday                     // Mon, Monday
	opHour                        // 15
	opHour12                      // 3
	opHour12Two                   // 03
	opMinute                      // 4
	opMinute2                     // 04
	opSecond                      // 5, with a fraction if there is one
	opSecond2                     // 05, with a fraction if there is one
	opSecond2Alone                // 05, a fraction comes of itself
	opFraction                    // .000
	opFractionMaybe               // .999
	opPM                          // PM
	opPMLower                     // pm
	opZoneName                    // MST
	opOffset                      // -0700
	opOffsetColon                 // -07:00
	opOffsetHour                  // -07
	opZ                           // Z0700
	opZColon                      // Z07:00
	opZHour                       // Z07
	opMaybeZone                   // ours: any zone or none up to the end
	opByte                        // ours: opText of one byte that is no blank
	opClock                       // ours: 15:04:05 in one step
)

// layoutPieces are the pieces of Go's layouts, longer ones before their beginnings, with what the table does not have (op
// unsupported) so that it is not taken for something else.
var layoutPieces = []struct {
	text string
	op   opKind
}{
	{"January", opMonthName},
	{"Jan", opMonthName},
	{"Monday", opWeekday},
	{"Mon", opWeekday},
	{"MST", opZoneName},
	{"01", opMonth2},
	{"02", opDay2},
	{"03", opHour12Two},
	{"04", opMinute2},
	{"05", opSecond2},
	{"06", opYear2},
	{"002", unsupported},
	{"15", opHour},
	{"1", opMonth},
	{"2006", opYear},
	{"2", opDay},
	{"_2006", opYear},
	{"__2", unsupported},
	{"_2", opDayBlank},
	{"3", opHour12},
	{"4", opMinute},
	{"5", opSecond},
	{"PM", opPM},
	{"pm", opPMLower},
	{"-07:00:00", unsupported},
	{"-070000", unsupported},
	{"-07:00", opOffsetColon},
	{"-0700", opOffset},
	{"-07", opOffsetHour},
	{"Z07:00:00", unsupported},
	{"Z070000", unsupported},
	{"Z07:00", opZColon},
	{"Z0700", opZ},
	{"Z07", opZHour},
}

const unsupported opKind = 255

// compileLayout turns a layout of Go into steps. ok is false where only package time can read it.
func compileLayout(layout string) (ops []step, ok bool) {
	text := ""
	flush := func() {
		if text != "" {
			ops = append(ops, step{kind: opText, text: text})
			text = ""
		}
	}
	for layout != "" {
		if op, n := fractionPiece(layout); n > 0 {
			flush()
			ops = append(ops, op)
			layout = layout[n:]
			continue
		}
		kind, n := layoutPiece(layout)
		switch {
		case n == 0:
			text += layout[:1]
			layout = layout[1:]
			continue
		case kind == unsupported:
			return nil, false
		}
		if strings.HasPrefix(layout, "_2006") { // a literal _ and the year
			text += "_"
		}
		flush()
		ops = append(ops, step{kind: kind})
		layout = layout[n:]
	}
	flush()
	for i := range ops {
		ops[i].colon = i+1 == len(ops) || !strings.HasPrefix(ops[i+1].text, ":")
		if (ops[i].kind == opFraction || ops[i].kind == opFractionMaybe) && i > 0 && ops[i-1].kind == opSecond2 {
			ops[i-1].kind = opSecond2Alone
		}
	}
	return joinSteps(ops), true
}

// joinSteps puts the steps of a time of day together and makes steps of single bytes, which are fast.
func joinSteps(ops []step) []step {
	var out []step
	for i := 0; i < len(ops); i++ {
		op := ops[i]
		if op.kind == opHour && i+4 < len(ops) && ops[i+1].text == ":" && ops[i+2].kind == opMinute2 && ops[i+3].text == ":" && ops[i+4].kind == opSecond2 {
			op = step{kind: opClock, colon: ops[i+4].colon}
			i += 4
		}
		if op.kind == opText && len(op.text) == 1 && op.text != " " {
			op = step{kind: opByte, char: op.text[0]}
		}
		out = append(out, op)
	}
	return out
}

func layoutPiece(layout string) (opKind, int) {
	for _, p := range layoutPieces {
		if !strings.HasPrefix(layout, p.text) {
			continue
		}
		if rest := layout[len(p.text):]; (p.text == "Jan" || p.text == "Mon") && rest != "" && rest[0] >= 'a' && rest[0] <= 'z' {
			continue // a word of its own
		}
		return p.op, len(p.text)
	}
	return 0, 0
}

// fractionPiece is .000, ,000, .999 or ,999 with any number of digits, unless other digits follow.
func fractionPiece(layout string) (step, int) {
	if len(layout) < 2 || layout[0] != '.' && layout[0] != ',' || layout[1] != '0' && layout[1] != '9' {
		return step{}, 0
	}
	n := 1
	for n < len(layout) && layout[n] == layout[1] {
		n++
	}
	if n < len(layout) && isDigit(layout[n]) {
		return step{}, 0
	}
	if layout[1] == '0' {
		return step{kind: opFraction, digit: n - 1}, n
	}
	return step{kind: opFractionMaybe}, n
}

// run reads the whole text by the steps of a layout.
func (t *scanner) run(ops []step) bool {
	t.year, t.clock = noYear, true
	t.month, t.day = 1, 1 // as package time has it where the layout lacks them
	for i := range ops {
		if !t.step(&ops[i]) {
			return false
		}
	}
	return t.done()
}

func (t *scanner) step(op *step) (ok bool) {
	switch op.kind {
	case opByte:
		if t.i == len(t.s) || t.s[t.i] != op.char {
			return false
		}
		t.i++
		return true
	case opText:
		return t.text(op.text)
	case opClock:
		return t.clockOfDay(op.colon)
	case opYear:
		century := t.pair()
		year := t.pair()
		t.year = century*100 + year
		return century|year >= 0
	case opYear2:
		t.year = t.pair()
		ok = t.year >= 0
		t.year = twoDigitYear(t.year)
	case opMonth:
		t.month, ok = t.number(1, 2)
		return ok && t.month >= 1 && t.month <= 12
	case opMonth2:
		t.month = t.pair()
		return t.month >= 1 && t.month <= 12
	case opMonthName:
		return t.monthName()
	case opDay2:
		t.day = t.pair()
		return t.day >= 0
	case opDay:
		t.day, ok = t.number(1, 2)
	case opDayBlank:
		if !t.done() && t.s[t.i] == ' ' {
			t.i++
		}
		t.day, ok = t.number(1, 2)
	case opWeekday:
		return t.weekday()
	case opHour:
		t.hour, ok = t.number(1, 2)
		return ok && t.hour <= 23
	case opHour12, opHour12Two:
		t.hour, ok = t.number(1+int(op.kind-opHour12), 2)
		ok = ok && t.hour <= 12
	case opMinute, opMinute2:
		t.minute, ok = t.number(1+int(op.kind-opMinute), 2)
		return ok && t.minute <= 59
	case opSecond:
		t.second, ok = t.number(1, 2)
		t.fraction(op.colon)
		return ok && t.second <= 60
	case opSecond2:
		t.second, ok = t.number(2, 2)
		t.fraction(op.colon)
		return ok && t.second <= 60
	case opSecond2Alone: // the fraction has a step of its own
		t.second, ok = t.number(2, 2)
		return ok && t.second <= 60
	default:
		return t.rarerStep(op)
	}
	return ok
}

// clockOfDay reads 15:04:05 with a fraction or without; the hour may have one digit.
func (t *scanner) clockOfDay(colon bool) (ok bool) {
	s := t.s[t.i:]
	if len(s) >= 8 && s[2] == ':' && s[5] == ':' {
		t.hour, t.minute, t.second = two(s, 0), two(s, 3), two(s, 6)
		if t.hour|t.minute|t.second < 0 {
			return false
		}
		t.i += 8
		t.fraction(colon)
		return true
	}
	if t.hour, ok = t.number(1, 2); !ok || t.done() || t.s[t.i] != ':' {
		return false
	}
	t.i++
	t.minute = t.pair()
	if t.minute < 0 || t.done() || t.s[t.i] != ':' {
		return false
	}
	t.i++
	t.second = t.pair()
	t.fraction(colon)
	return t.second >= 0
}

func (t *scanner) rarerStep(op *step) (ok bool) {
	switch op.kind {
	case opFraction:
		return t.exactFraction(op.digit)
	case opFractionMaybe:
		t.fraction(false)
		return true
	case opPM, opPMLower:
		return t.meridiem(op.kind == opPMLower)
	case opZoneName:
		return t.zoneName()
	case opOffset:
		return t.offsetOf(5, 0)
	case opOffsetColon:
		return t.offsetOf(6, ':')
	case opOffsetHour:
		return t.offsetOf(3, 0)
	case opZ, opZColon, opZHour:
		if !t.done() && t.s[t.i] == 'Z' {
			t.i++
			t.zoned = true
			return true
		}
		return t.rarerStep(&step{kind: op.kind - opZ + opOffset})
	case opMaybeZone:
		return t.optionalZone()
	}
	return false
}

// text reads a literal. A blank in it stands for one blank or more, or for the end of the text.
func (t *scanner) text(want string) bool {
	for j := 0; j < len(want); {
		if want[j] == ' ' {
			if t.i < len(t.s) && t.s[t.i] != ' ' {
				return false
			}
			for j < len(want) && want[j] == ' ' {
				j++
			}
			t.blanks()
			continue
		}
		if t.done() || t.s[t.i] != want[j] {
			return false
		}
		t.i++
		j++
	}
	return true
}

func (t *scanner) exactFraction(digits int) bool {
	s := t.rest()
	if len(s) < 1+digits || s[0] != '.' && s[0] != ',' {
		return false
	}
	for _, c := range []byte(s[1 : 1+digits]) {
		if !isDigit(c) {
			return false
		}
	}
	part := scanner{s: s[1 : 1+digits]}
	t.nanos = part.digits()
	t.i += 1 + digits
	return true
}

func (t *scanner) meridiem(lower bool) bool {
	s := t.rest()
	if len(s) < 2 {
		return false
	}
	a, m := byte('A'), byte('M')
	if lower {
		a, m = 'a', 'm'
	}
	t.pm = s[0] == a+15
	t.am = s[0] == a
	t.i += 2
	return s[1] == m && (t.am || t.pm)
}

// offsetOf reads an offset that takes exactly n bytes.
func (t *scanner) offsetOf(n int, colon byte) bool {
	s := t.rest()
	if len(s) < n || s[0] != '+' && s[0] != '-' {
		return false
	}
	minutes := 0
	switch {
	case n == 5:
		minutes = two(s, 3)
	case n == 6 && s[3] != colon:
		return false
	case n == 6:
		minutes = two(s, 4)
	}
	return t.setOffset(s[0], two(s, 1), minutes, n)
}
