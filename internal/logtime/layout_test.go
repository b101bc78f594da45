// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logtime

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// layoutTexts are layouts with every piece of Go's notation, also those that are left to package time.
var layoutTexts = []string{
	time.ANSIC, time.UnixDate, time.RubyDate, time.RFC822, time.RFC822Z, time.RFC850, time.RFC1123, time.RFC1123Z, time.RFC3339, time.RFC3339Nano,
	time.Kitchen, time.Stamp, time.StampMilli, time.StampMicro, time.StampNano, time.DateTime,
	"2006-01-02 15:04:05,000", "06/1/2 3:4:5pm", "January 2 2006 at 03:04PM", "Monday 02.01.06 15h04", "20060102150405.999", "2006-002 15:04:05", "__2 2006 15:04",
	"2006-01-02T15:04:05-07", "2006-01-02T15:04:05-07:00:00", "2006-01-02T15:04:05Z070000", "2006-01-02T15:04:05Z0700", "15:04:05.000000 _2/Jan/06", "Januarys 2006 Monx 2 15:04",
	"_2006 15:04:05 Jan 2", "2006-01-02 15:04:05.000 MST", "Jan  2 2006   15:04:05", "15:04:05:02 Jan 2006", "20060102-15:4:5",
}

// readLayout reads text by one layout as a Reader does; ok is false too where the time is out of range.
func readLayout(layout, text string) (int64, bool) {
	l := newLayout(layout)
	at, ok := l.read(text, time.UTC, time.Date(2024, 12, 31, 0, 0, 0, 0, time.UTC).UnixNano())
	return at.Nanos, ok
}

// colonFraction are milliseconds after a colon.
var colonFraction = regexp.MustCompile(`\d\d?:\d\d?:\d\d?:\d{1,3}`)

// asGo writes milliseconds after a colon as package time reads them.
func asGo(text string) string {
	return colonFraction.ReplaceAllStringFunc(text, func(s string) string {
		i := strings.LastIndexByte(s, ':')
		return s[:i] + "." + strings.Repeat("0", 3-len(s[i+1:])) + s[i+1:]
	})
}

// parseAsGo reads what is taken here only: milliseconds after a colon, names of months and days in full where the layout has them
// short and the other way round.
func parseAsGo(layout, text string) (when time.Time, err error) {
	for _, month := range []int{3, len("September")} {
		for _, day := range []int{3, len("Wednesday")} {
			s := asGo(text)
			for m := time.January; m <= time.December; m++ {
				s = spell(s, m.String(), month)
			}
			for d := time.Sunday; d <= time.Saturday; d++ {
				s = spell(s, d.String(), day)
			}
			if when, err = time.ParseInLocation(layout, s, time.UTC); err == nil {
				return when, nil
			}
		}
	}
	return when, err
}

// spell writes a name, short or in full, with at most n letters.
func spell(s, name string, n int) string {
	either := regexp.MustCompile("(?i)" + name[:3] + "(" + name[3:] + ")?")
	return either.ReplaceAllString(s, name[:min(n, len(name))])
}

var signed, signedFraction = regexp.MustCompile(`[-+]\d`), regexp.MustCompile(`[.,][-+]\d`)

// sameAsGo compares with package time.
func sameAsGo(t *testing.T, layout, text string) {
	t.Helper()
	want, err := time.ParseInLocation(layout, text, time.UTC)
	got, ok := readLayout(layout, text)
	if err != nil && ok {
		want, err = parseAsGo(layout, text)
	}
	if err != nil {
		if ok && !strings.Contains(text, "60") && !ownZone(layout) { // leap seconds are ours
			t.Fatalf("%q is no %q, got %v", text, layout, time.Unix(0, got))
		}
		return
	}
	if name, offset := want.Zone(); ownZone(layout) && offset == 0 && name != "UTC" && name != "GMT" {
		return // Go takes zones that it does not know for UTC
	}
	if !ok && (signedFraction.MatchString(text) || !strings.Contains(layout, "2006") && signed.MatchString(text)) {
		return // package time reads -6 as the last two digits of 1994, and ,+50 as half a second
	}
	if want.Year() == 0 && strings.Contains(layout, "06") {
		return // the year 0 stands for none where package time reads it
	}
	if want.Year() == 0 { // the layout has none
		if !ok {
			t.Fatalf("%q is %q, not read", text, layout)
		}
		year := time.Unix(0, got).UTC().Year()
		want = time.Date(year, want.Month(), want.Day(), want.Hour(), want.Minute(), want.Second(), want.Nanosecond(), want.Location())
	}
	if sec := want.Unix(); sec < 0 || sec >= year2262 {
		if ok {
			t.Fatalf("%q is %v, out of range, got %v", text, want, time.Unix(0, got))
		}
		return
	}
	if !ok || got != want.UnixNano() {
		t.Fatalf("%q by %q is %v, got %v %v", text, layout, want, ok, time.Unix(0, got).UTC())
	}
}

func ownZone(layout string) bool { return strings.Contains(layout, "MST") }

// TestLayouts: what package time prints and reads by a layout is read here as the same time.
func TestLayouts(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	zones := []*time.Location{time.UTC, time.FixedZone("CET", 3600), time.FixedZone("", -(3*3600 + 1800))}
	for _, layout := range layoutTexts {
		require.NoError(t, CheckLayout(layout))
		for range 300 {
			when := time.Unix(rnd.Int64N(4e9), rnd.Int64N(1e9)).In(zones[rnd.IntN(len(zones))])
			sameAsGo(t, layout, when.Format(layout))
		}
	}
	// Layouts of random pieces.
	pieces := []string{"2006", "01", "1", "Jan", "January", "02", "2", "_2", "Mon", "15", "04", "05.000", "05.999", " ", "  ", "-", "T", ":", "/", "x", "Z07:00", "PM", "03"}
	for range 3000 {
		layout := "2006-01-02T15:04:05"
		if rnd.IntN(4) > 0 {
			layout = ""
			for _, i := range rnd.Perm(len(pieces))[:3+rnd.IntN(7)] {
				layout += pieces[i]
			}
		}
		when := time.Unix(rnd.Int64N(4e9), rnd.Int64N(1e9)).UTC()
		text := when.Format(layout)
		if rnd.IntN(3) == 0 && text != "" {
			b := []byte(text)
			b[rnd.IntN(len(b))] = " 0123456789:.-TZa"[rnd.IntN(17)]
			text = string(b)
		}
		sameAsGo(t, layout, text)
	}
}

// FuzzLayouts: any text by any layout of the list is what package time says.
func FuzzLayouts(f *testing.F) {
	for i, layout := range layoutTexts {
		f.Add(uint8(i), time.Date(2026, 11, 22, 13, 4, 5, 678e6, time.UTC).Format(layout)) //nolint:gosec // a short list
	}
	f.Add(uint8(8), "2006-01-02T15:04:05:678Z")
	f.Add(uint8(8), "2006-01-02T5:04:05:7Z")
	f.Fuzz(func(t *testing.T, i uint8, text string) {
		sameAsGo(t, layoutTexts[int(i)%len(layoutTexts)], text)
	})
}

// TestCheckLayout: what package time would take for a layout because of a digit in it is none.
func TestCheckLayout(t *testing.T) {
	for _, layout := range []string{"", "hello", "ISO8601", "UNIX", "UNIX_MS", "yyyy-MM-dd", "%Y-%m-%d", "Jan"} {
		require.Error(t, CheckLayout(layout), layout)
	}
	for _, layout := range []string{"2006", "Jan 2", "15:04", "2006-002", "2006-01-02T15:04:05Z07:00", "unix_ms"} {
		require.NoError(t, CheckLayout(layout), layout)
	}
}
