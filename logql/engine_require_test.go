// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logql

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// demandingPipelines refuse entries without a label, or seem to.
var demandingPipelines = []string{
	`| json | status >= 500`,
	`| json | status="500"`,
	`| json | status=~"5.."`,
	`| json | status!="500"`,
	`| json | status=~".*"`,
	`| json | http_status="500" and status_extracted > 1`,
	`| json | http_status="500" or status > 1`,
	`| json | status_extracted="500"`,
	`| json | status="text of words"`,
	`| json | status="texts" | line_format "{{.status}}"`,
	`| json status="http.status" | status=""`,
	`| json x="http.status" | json | status="500"`,
	`| logfmt | status="500"`,
	`| logfmt | status="texts"`,
	`| logfmt status="other" | json | status=""`,
	`| json | drop status | logfmt | status="500"`,
	`| json | keep http_status | http_status="500"`,
	`| regexp "(?P<status>.).*(?P<other>.)" | json | status!=""`,
	`| pattern "<status>s<_>" | json | status!=""`,
	`| json | label_format status=other | status="500"`,
	`| line_format "status=500" | logfmt | status="500"`,
	`| unpack | json | status="500"`,
	`| json | status=ip("10.0.0.0/8")`,
	`| json | __error__="JSONParserErr"`,
	`| status="500"`,
}

// demandedLine makes a line in which a label status may be found, in one way or another.
func demandedLine(r *rand.Rand) string {
	key := func() string {
		return []string{"status", "http", "http.status", "http_status", `sta\u0074us`, `sta\tus`, `st\atus`, "status ", "Status", "other", "status_extracted", "_entry", "stätus"}[r.IntN(13)]
	}
	value := func() string {
		return []string{`500`, `"500"`, `"texts"`, `"te\u0078ts"`, `"text of words"`, `"10.1.2.3"`, `null`, `"5\u00300"`, `true`}[r.IntN(9)]
	}
	field := func() string {
		if r.IntN(4) == 0 {
			return fmt.Sprintf(`"%s":{"%s":%s}`, key(), key(), value())
		}
		return fmt.Sprintf(`"%s":%s`, key(), value())
	}
	switch r.IntN(4) {
	case 0:
		return fmt.Sprintf("%s=%s %s=%s", key(), strings.Trim(value(), `"`), key(), value())
	case 1:
		return "{" + field() + []string{"}", "", ",}"}[r.IntN(3)]
	default:
		return "{" + field() + "," + field() + "}"
	}
}

// kept runs a pipeline as it is written, with nothing left out.
func kept(stages []Stage, u *Unwrap, e *Entry) bool {
	var ls labelSet
	ls.reset(e)
	st := lineState{line: e.Line, ts: e.Timestamp}
	if !runStages(stages, &st, &ls) {
		return false
	}
	if u == nil {
		return true
	}
	_, ok := u.sampleValue(&ls)
	return ok
}

// TestRequirements compares what is refused unparsed with what the pipeline refuses.
func TestRequirements(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 9))
	missed := 0
	for _, pipeline := range demandingPipelines {
		log, err := ParseLog(`{app="x"} ` + pipeline)
		require.NoError(t, err, pipeline)
		for _, unwrap := range []string{"", " | unwrap status"} {
			metric, err := Parse(`sum by (app) (rate({app="x"} ` + pipeline + unwrap + `[1s]))`)
			require.NoError(t, err, pipeline)
			rng := metric.(*VectorAggregation).Inner.(*RangeAggregation).Range
			for range 300 {
				e := Entry{Timestamp: 1, Line: demandedLine(r), Stream: Labels{{"app", "x"}}}
				for _, l := range []Label{{"status", "500"}, {"status_extracted", "500"}, {"http_status", "texts"}} {
					if r.IntN(8) == 0 {
						e.Metadata = append(e.Metadata, l)
					}
				}
				what := fmt.Sprintf("%s%s on %q %v", pipeline, unwrap, e.Line, e.Metadata)
				keeps := kept(rng.Log.Stages, rng.Unwrap, &e)
				if misses(requirements(rng.Log.Stages, rng.Unwrap), &e) {
					missed++
					require.False(t, keeps, what)
				}
				res, err := Eval(context.Background(), NewMemory([]Entry{e}), metric, Params{Start: 1, End: 1})
				if err == nil {
					require.Equal(t, keeps, len(res.Series) == 1, what)
				} else {
					require.True(t, keeps, what)
				}
				if unwrap == "" {
					res, err = Eval(context.Background(), NewMemory([]Entry{e}), log, Params{End: 2})
					require.NoError(t, err)
					require.Equal(t, keeps, len(res.Streams) == 1, what)
				}
			}
		}
	}
	require.Greater(t, missed, 1000)
}

func TestWhatIsRequired(t *testing.T) {
	for pipeline, want := range map[string]string{
		`| json | status >= 500 and http_code="E42x"`:                    "status[status] http_code[http E42x]",
		`| json | level="error"`:                                         "level[level error]",
		`| json | a="error"`:                                             "a[error]",
		`| json | a="e"`:                                                 "",
		`| json | level_extracted="error"`:                               "level_extracted[level error]",
		`| json | level=~"|x"`:                                           "",
		`| json | level="error" or status=500`:                           "",
		`| level="error" | json`:                                         "",
		`| json level="x" | level="error"`:                               "",
		`| json | line_format "x" | logfmt | level="error"`:              "",
		`| json | label_format level=x | level="error"`:                  "",
		`| logfmt | pattern "<level> <_>" | level="error" | msg="thing"`: "msg[msg thing]",
	} {
		stages, err := ParseLog(`{app="x"} ` + pipeline)
		require.NoError(t, err)
		var got []string
		for _, r := range requirements(stages.Stages, nil) {
			got = append(got, fmt.Sprint(r.label, r.texts))
		}
		require.Equal(t, want, strings.Join(got, " "), pipeline)
	}
}

func FuzzRequirements(f *testing.F) {
	r := rand.New(rand.NewPCG(5, 9))
	for i := range demandingPipelines {
		f.Add(uint8(i), demandedLine(r))
	}
	f.Fuzz(func(t *testing.T, which uint8, line string) {
		e, err := ParseLog(`{app="x"} ` + demandingPipelines[int(which)%len(demandingPipelines)])
		require.NoError(t, err)
		u := &Unwrap{Label: "status"}
		entry := Entry{Timestamp: 1, Line: line, Stream: Labels{{"app", "x"}}}
		if misses(requirements(e.Stages, u), &entry) {
			require.False(t, kept(e.Stages, u, &entry))
		}
	})
}
