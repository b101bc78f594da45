// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package search

import (
	"fmt"
	"strconv"
	"time"

	"github.com/logboom/logboom/test/bench/internal/rig"
)

// duckdb is DuckDB on the archive's live objects. The time is taken in its process.
type duckdb struct{ *rig.DuckDB }

func (d duckdb) name() string  { return "DuckDB" }
func (d duckdb) dir() string   { return d.Archive }
func (d duckdb) start() error  { return d.Start() }
func (d duckdb) stop()         { d.Stop() }
func (d duckdb) memory() int64 { return d.Memory() }
func (d duckdb) process() int  { return d.PID() }

func (d duckdb) ask(q *query) (a answer, took time.Duration, err error) {
	rows, took, err := d.Run(q.sql())
	if err != nil {
		return a, took, err
	}
	for _, row := range rows {
		n := 1
		if q.kind != lines {
			n, _ = strconv.Atoi(fmt.Sprint(row["n"]))
		} else {
			us, err := strconv.ParseInt(fmt.Sprint(row["t"]), 10, 64)
			if err != nil {
				return a, took, fmt.Errorf("decode time: %w", err)
			}
			if a.oldest == 0 || us < a.oldest {
				a.oldest = us
			}
		}
		a.count += n
		if q.kind == byServiceAndLevel {
			if a.cells == nil {
				a.cells = map[[2]string]int{}
			}
			number, _ := strconv.Atoi(fmt.Sprint(row["severity"]))
			a.cells[[2]string{fmt.Sprint(row["service"]), level(number)}] += n
		}
	}
	return a, took, nil
}
