// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func corpora(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("LOGBOOM_CORPORA")
	if dir == "" {
		t.Skip("LOGBOOM_CORPORA is not set: the corpora are not at hand")
	}
	return dir
}

func readJSONL[T any](t testing.TB, path string) []T {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	var out []T
	sc := bufio.NewScanner(bytes.NewReader(data))
	sc.Buffer(nil, 16<<20)
	for sc.Scan() {
		var v T
		require.NoError(t, json.Unmarshal(sc.Bytes(), &v))
		out = append(out, v)
	}
	require.NoError(t, sc.Err())
	return out
}

func secretsOnly(t testing.TB) *Scanner {
	o := DefaultOptions()
	o.Groups = map[Group]bool{Secrets: true}
	e, err := New(o)
	require.NoError(t, err)
	return e.NewScanner()
}

// planted is a row of the generator's truth.
type planted struct {
	File   string `json:"file"`
	Offset int    `json:"offset"`
	Length int    `json:"length"`
	Kind   string `json:"kind"`
	Value  string `json:"value"`
}

// TestCorporaGenerator masks a generated stream line by line: every planted value goes, every look-alike stays, and
// nothing else is touched.
func TestCorporaGenerator(t *testing.T) {
	dir := corpora(t)
	tmp := t.TempDir()
	build := exec.Command("go", "build", "-o", filepath.Join(tmp, "loggen"), ".")
	build.Dir = filepath.Join(dir, "generator")
	build.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off")
	out, err := build.CombinedOutput()
	require.NoError(t, err, string(out))
	for _, seed := range []string{"1", "77"} {
		gen := filepath.Join(tmp, "out"+seed)
		out, err = exec.Command(filepath.Join(tmp, "loggen"), "-seed", seed, "-records", "60000", "-out", gen,
			"-secret-rate", "0.01", "-pii-rate", "0.01", "-decoy-rate", "0.01").CombinedOutput()
		require.NoError(t, err, string(out))
		checkGenerated(t, gen)
	}
}

func checkGenerated(t *testing.T, gen string) {
	truth := map[string][]planted{}
	for _, p := range readJSONL[planted](t, filepath.Join(gen, "truth/sensitive.jsonl")) {
		truth[p.File] = append(truth[p.File], p)
	}
	decoys := map[string][]planted{}
	for _, p := range readJSONL[planted](t, filepath.Join(gen, "truth/decoys.jsonl")) {
		decoys[p.File] = append(decoys[p.File], p)
	}
	e, err := New(DefaultOptions())
	require.NoError(t, err)
	sc := e.NewScanner()
	values, found, extra, touched := 0, 0, map[string]int{}, map[string]int{}
	missed := map[string]int{}
	files, err := filepath.Glob(filepath.Join(gen, "logs/*.log"))
	require.NoError(t, err)
	for _, path := range files {
		name := "logs/" + filepath.Base(path)
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		secrets, looks := truth[name], decoys[name]
		sort.Slice(secrets, func(i, j int) bool { return secrets[i].Offset < secrets[j].Offset })
		values += len(secrets)
		at := 0
		for _, line := range strings.SplitAfter(string(data), "\n") {
			sc.Reset()
			masked, fs := sc.FindAndMask(line)
			if !utf8.ValidString(masked) {
				t.Errorf("not UTF-8: %q", masked)
			}
			if strings.HasPrefix(line, "{") && !json.Valid([]byte(masked)) {
				t.Errorf("no JSON any more: %q", masked)
			}
			covered := make([]bool, len(fs))
			for _, s := range secrets {
				if s.Offset < at || s.Offset >= at+len(line) {
					continue
				}
				ok := false
				for i, f := range fs {
					if f.Start <= s.Offset-at && f.End >= s.Offset-at+s.Length {
						ok, covered[i] = true, true
					}
				}
				if ok {
					found++
				} else {
					missed[s.Kind]++
					if missed[s.Kind] < 5 {
						t.Logf("missed %s in %q", s.Kind, line)
					}
				}
			}
			for _, d := range looks {
				if d.Offset < at || d.Offset >= at+len(line) {
					continue
				}
				for _, f := range fs {
					if f.Start < d.Offset-at+d.Length && f.End > d.Offset-at {
						if touched[d.Kind]++; touched[d.Kind] < 5 {
							t.Logf("touched %s by %s in %q", d.Kind, f.Detector, line)
						}
					}
				}
			}
			for i, f := range fs {
				if !covered[i] {
					if extra[f.Detector]++; extra[f.Detector] < 5 {
						t.Logf("extra %s %q in %q", f.Detector, line[f.Start:f.End], line)
					}
				}
			}
			at += len(line)
		}
	}
	t.Logf("%d of %d planted values found; missed %v, decoys touched %v, findings elsewhere %v", found, values, missed, touched, extra)
	require.Empty(t, missed)
	require.Empty(t, touched)
	require.Empty(t, extra)
}

// inHalf tells whether a case belongs to the half that LOGBOOM_HALF asks for: "work" to look at, "held" to measure at the
// end, "" for both.
func inHalf(t testing.TB, id string) bool {
	t.Helper()
	sum := sha256.Sum256([]byte(id))
	switch half := os.Getenv("LOGBOOM_HALF"); half {
	case "work":
		return sum[31]&2 == 0
	case "held":
		return sum[31]&2 != 0
	case "":
		return true
	default:
		t.Fatalf("LOGBOOM_HALF must be work, held or empty, got %q", half)
		return false
	}
}

type secretCase struct {
	ID             string   `json:"id"`
	Rule           string   `json:"rule"`
	Text           string   `json:"text"`
	ContainsSecret bool     `json:"contains_secret"`
	Secret         string   `json:"secret"`
	Secrets        []string `json:"secrets"`
}

// TestCorporaSecrets measures recall by rule and the share of negatives that are hit. The floors are those of the
// present detectors, and rise with them.
func TestCorporaSecrets(t *testing.T) {
	sc := secretsOnly(t)
	type score struct{ hit, whole, all int }
	rules := map[string]*score{}
	negatives, hit := 0, 0
	for _, c := range readJSONL[secretCase](t, filepath.Join(corpora(t), "redaction/secrets.jsonl")) {
		if !inHalf(t, c.ID) {
			continue
		}
		sc.Reset()
		masked, fs := sc.FindAndMask(c.Text)
		if !c.ContainsSecret {
			negatives++
			if len(fs) > 0 {
				hit++
				t.Logf("negative %s: %q -> %q", c.Rule, head(c.Text), head(masked))
			}
			continue
		}
		s := rules[c.Rule]
		if s == nil {
			s = &score{}
			rules[c.Rule] = s
		}
		s.all++
		if len(fs) > 0 {
			s.hit++
		}
		whole := len(fs) > 0
		for _, secret := range append(c.Secrets, c.Secret) {
			if secret != "" && strings.Contains(masked, secret) {
				whole = false
			}
		}
		if whole {
			s.whole++
		} else {
			t.Logf("missed %s: %q -> %q", c.Rule, head(c.Text), head(masked))
		}
	}
	var recall, whole float64
	var low []string
	for rule, s := range rules {
		recall += float64(s.hit) / float64(s.all)
		whole += float64(s.whole) / float64(s.all)
		if s.whole < s.all {
			low = append(low, rule)
		}
	}
	recall /= float64(len(rules))
	whole /= float64(len(rules))
	sort.Strings(low)
	for _, rule := range low {
		t.Logf("%-40s %d found, %d masked whole, of %d", rule, rules[rule].hit, rules[rule].whole, rules[rule].all)
	}
	t.Logf("recall by rule %.4f, masked whole %.4f, negatives hit %d of %d", recall, whole, hit, negatives)
	require.Greater(t, recall, 0.97)
	require.Greater(t, whole, 0.97)
	require.Less(t, float64(hit)/float64(negatives), 0.16)
}

func head(s string) string {
	if len(s) > 160 {
		return s[:160]
	}
	return s
}

type realLine struct {
	text string
	has  []string
}

// realLines are the lines that clean_lines.jsonl points to.
func realLines(t testing.TB, dir string) []realLine {
	t.Helper()
	type place struct {
		File string   `json:"file"`
		Line int      `json:"line"`
		Has  []string `json:"has"`
	}
	files := map[string][]string{}
	var out []realLine
	for _, p := range readJSONL[place](t, filepath.Join(dir, "redaction/clean_lines.jsonl")) {
		lines, ok := files[p.File]
		if !ok {
			path := filepath.Join(dir, p.File)
			if _, err := os.Stat(path); err != nil {
				path = filepath.Join(dir, "logs", p.File)
			}
			data, err := os.ReadFile(path)
			require.NoError(t, err)
			lines = strings.Split(string(data), "\n")
			files[p.File] = lines
		}
		out = append(out, realLine{strings.TrimSuffix(lines[p.Line-1], "\r"), p.Has})
	}
	return out
}

func BenchmarkCorporaCleanLines(b *testing.B) {
	lines := realLines(b, corpora(b))
	size := 0
	for _, l := range lines {
		size += len(l.text)
	}
	for _, network := range []bool{false, true} {
		e := engine(b, func(o *Options) { o.Groups[Network] = network })
		b.Run(map[bool]string{false: "default", true: "with network"}[network], func(b *testing.B) {
			sc := e.NewScanner()
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				for _, l := range lines {
					sc.Reset()
					sc.Text(l.text)
				}
			}
			b.ReportMetric(float64(b.N*len(lines))/b.Elapsed().Seconds(), "records/s")
		})
	}
	a := engine(b, nil).auto
	b.Run("prefilter", func(b *testing.B) {
		var p prefilter
		hits := 0
		b.SetBytes(int64(size))
		for b.Loop() {
			for _, l := range lines {
				p.block(a, l.text, 0, a.start)
				hits += len(p.hits)
			}
		}
		b.ReportMetric(float64(hits)/float64(b.N*len(lines)), "hits/line")
	})
}

// TestCorporaCleanLines asks for not one secret in 10,000 clean lines of real systems.
func TestCorporaCleanLines(t *testing.T) {
	dir := corpora(t)
	e, err := New(DefaultOptions())
	require.NoError(t, err)
	sc := e.NewScanner()
	groups := map[string]Group{KeyDetector: Secrets, UnscannedDetector: Secrets}
	for _, d := range Detectors() {
		groups[d.Name] = d.Group
	}
	counts, byDetector := map[Group]int{}, map[string]int{}
	for _, c := range realLines(t, dir) {
		line := c.text
		sc.Reset()
		for _, f := range sc.Find(line) {
			counts[groups[f.Detector]]++
			if byDetector[f.Detector]++; byDetector[f.Detector] < 6 {
				t.Logf("%s %q (%v) in %q", f.Detector, line[f.Start:f.End], c.has, line)
			}
		}
	}
	t.Logf("findings in clean lines: %v %v", counts, byDetector)
	require.Zero(t, counts[Secrets])
	require.Zero(t, counts[PaymentCard])

	lines := realLines(t, dir)
	allocs := testing.AllocsPerRun(3, func() {
		for _, l := range lines {
			if len(l.has) == 0 || l.has[0] != "email" {
				sc.Reset()
				sc.Text(l.text)
			}
		}
	})
	t.Logf("%.0f allocations for %d clean lines", allocs, len(lines))
	require.Less(t, allocs, 100.0)
}
