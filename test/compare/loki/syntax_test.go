// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package loki

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/logql"
)

// format asks Loki for the canonical text of a query, or what is wrong with it.
func (l *lokiProcess) format(text string) (canonical, refused string, err error) {
	status, body, err := l.get("/loki/api/v1/format_query", url.Values{"query": {text}})
	if err != nil {
		return "", "", err
	}
	var a struct{ Data, Error string }
	if err := json.Unmarshal(body, &a); err != nil {
		return "", "", fmt.Errorf("decode answer %.200q: %w", body, err)
	}
	if status != http.StatusOK {
		return "", a.Error, nil
	}
	return a.Data, "", nil
}

var place = regexp.MustCompile(`^parse error at line (\d+), col (\d+): `)

// checkSyntax compares whether both take a query, and whether our canonical text means the same to Loki. It returns what is
// wrong, and whether the place of a mistake differs.
func checkSyntax(l *lokiProcess, text string) (wrong string, misplaced bool, err error) {
	canonical, refused, err := l.format(text)
	if err != nil {
		return "", false, err
	}
	e, ours := logql.Parse(text)
	switch {
	case refused != "" && ours == nil:
		return fmt.Sprintf("Loki refuses (%s), ours reads %s", refused, e), false, nil
	case refused == "" && ours != nil:
		// What Loki finds only when it builds the pipeline, ours may say when it reads the query.
		a, err := l.ask(&query{text: text, start: base, end: base + int64(span), step: time.Minute})
		if err != nil || a.status == http.StatusBadRequest {
			return "", false, err
		}
		return fmt.Sprintf("Loki reads %s, ours refuses: %v", canonical, ours), false, nil
	case refused != "":
		var p *logql.ParseError
		m := place.FindStringSubmatch(refused)
		if m == nil || m[1] == "0" || !errors.As(ours, &p) {
			return "", false, nil
		}
		return "", m[1] != strconv.Itoa(p.Pos.Line) || m[2] != strconv.Itoa(p.Pos.Col), nil
	}
	again, refused, err := l.format(e.String())
	if err != nil {
		return "", false, err
	}
	if refused != "" {
		return fmt.Sprintf("Loki does not read our canonical text %s: %s", e, refused), false, nil
	}
	if sortedGroups(again) != sortedGroups(canonical) {
		return fmt.Sprintf("Loki reads it as\n      %s\n   and our canonical text %s as\n      %s", canonical, e, again), false, nil
	}
	return "", false, nil
}

var groups = regexp.MustCompile(`\b(?:by|without) \(([^()]*)\)`)

// sortedGroups sorts the names of groupings, whose order means nothing, and takes formatting away.
func sortedGroups(text string) string {
	text = groups.ReplaceAllStringFunc(text, func(g string) string {
		op, names, _ := strings.Cut(strings.TrimSuffix(g, ")"), "(")
		list := strings.Split(names, ",")
		for i := range list {
			list[i] = strings.TrimSpace(list[i])
		}
		slices.Sort(list)
		return op + "(" + strings.Join(slices.Compact(list), ",") + ")"
	})
	text = strings.Join(strings.Fields(text), "")
	return andIsComma.Replace(text)
}

// andIsComma: Loki prints some conjunctions with a comma.
var andIsComma = strings.NewReplacer("and", ",")

// TestSyntax puts the queries of testdata, and mutations of them, to both parsers.
func TestSyntax(t *testing.T) {
	l := startLoki(t)
	rng := seeded(t)
	files, err := filepath.Glob("testdata/*.txt")
	require.NoError(t, err)
	if f := os.Getenv("LOGBOOM_COMPARE_FILE"); f != "" {
		files = []string{f}
	}
	var list []string
	for _, name := range files {
		for _, q := range queriesOf(t, name) {
			if len(list) == 0 || list[len(list)-1] != q.text {
				list = append(list, q.text)
			}
		}
	}
	given := len(list)
	for range fromEnv(t, "LOGBOOM_COMPARE_QUERIES", 2000) {
		list = append(list, mutate(rng, list[rng.IntN(given)], list[rng.IntN(given)]))
	}
	bad, misplaced, meant := 0, 0, 0
	for _, text := range list {
		wrong, moved, err := checkSyntax(l, text)
		require.NoError(t, err, text)
		if moved {
			if misplaced++; os.Getenv("LOGBOOM_COMPARE_PLACES") != "" {
				_, refused, _ := l.format(text)
				_, ours := logql.Parse(text)
				t.Logf("%s\n   Loki: %s\n   ours: %v", text, refused, ours)
			}
		}
		switch {
		case wrong != "" && isMeantSyntax(text):
			meant++
		case wrong != "":
			bad++
			t.Errorf("%s\n   %s", text, wrong)
		}
	}
	t.Logf("%d queries, %d of them mutated; %d are read in another way, %d so as meant; the place of a mistake is another in %d",
		len(list), len(list)-given, bad, meant, misplaced)
}

var tokens = regexp.MustCompile("\\[[^\\]]*\\]|\"(?:[^\"\\\\]|\\\\.)*\"|`[^`]*`|[A-Za-z_][A-Za-z_0-9]*|[0-9.]+[A-Za-z]*|--[a-z-]+|[|!=><~]{1,2}|\\S")

// mutate changes some tokens of a query, by others of its own or of another query.
func mutate(rng interface{ IntN(int) int }, text, other string) string {
	parts := tokens.FindAllString(text, -1)
	others := tokens.FindAllString(other, -1)
	if len(parts) == 0 || len(others) == 0 {
		return text
	}
	for range 1 + rng.IntN(2) {
		i := rng.IntN(len(parts))
		switch rng.IntN(6) {
		case 0:
			parts = append(parts[:i:i], parts[i+1:]...)
		case 1:
			parts = append(parts[:i:i], append([]string{parts[i]}, parts[i:]...)...)
		case 2:
			parts = append(parts[:i:i], append([]string{others[rng.IntN(len(others))]}, parts[i:]...)...)
		case 3:
			parts = append([]string(nil), parts...)
			parts[i] = others[rng.IntN(len(others))]
		case 4:
			parts = append([]string(nil), parts...)
			j := rng.IntN(len(parts))
			parts[i], parts[j] = parts[j], parts[i]
		default:
			j := rng.IntN(len(others))
			parts = append(parts[:i:i], others[j:]...)
		}
		if len(parts) == 0 {
			return text
		}
	}
	return strings.Join(parts, " ")
}
