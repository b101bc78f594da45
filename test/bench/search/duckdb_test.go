// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package search

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/logboom/logboom/test/harness"
)

// duckdb is DuckDB in a Node process, with a view of the archive's live objects. The time is taken in that process.
type duckdb struct {
	t       testing.TB
	archive string
	cmd     *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Scanner
}

func (d *duckdb) name() string { return "DuckDB" }
func (d *duckdb) dir() string  { return d.archive }

func (d *duckdb) start() error {
	r := harness.Run(d.t, harness.CtlBinary(d.t), "archive", "ls", "--live", "file://"+d.archive)
	if r.Code != 0 {
		return fmt.Errorf("list live objects: %s", r.Stderr)
	}
	var files []string
	for key := range strings.Lines(r.Stdout) {
		files = append(files, sqlString(filepath.Join(d.archive, filepath.FromSlash(strings.TrimSpace(key)))))
	}
	d.cmd = exec.Command("node", "bench.mjs") //nolint:noctx // ended by stop
	d.cmd.Dir = filepath.Join(harness.Root(), "test", "duckdb")
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var err error
	if d.in, err = d.cmd.StdinPipe(); err != nil {
		return err
	}
	out, err := d.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	d.out = bufio.NewScanner(out)
	d.out.Buffer(nil, 64<<20)
	if err := d.cmd.Start(); err != nil {
		return err
	}
	_, _, err = d.run("CREATE VIEW logs AS SELECT * FROM read_parquet([" + strings.Join(files, ", ") + "], hive_partitioning = false)")
	return err
}

func (d *duckdb) stop() {
	if d.cmd == nil {
		return
	}
	_ = d.in.Close()
	_ = d.cmd.Wait()
	d.cmd = nil
}

func (d *duckdb) memory() int64 {
	_, peak := harness.Resident(d.t, d.cmd.Process.Pid)
	return peak
}

func (d *duckdb) process() int { return d.cmd.Process.Pid }

func (d *duckdb) run(sql string) (rows []map[string]any, took time.Duration, err error) {
	line, err := json.Marshal(sql)
	if err != nil {
		return nil, 0, err
	}
	if _, err := d.in.Write(append(line, '\n')); err != nil {
		return nil, 0, err
	}
	if !d.out.Scan() {
		return nil, 0, fmt.Errorf("DuckDB ended: %w", d.out.Err())
	}
	var a struct {
		MS    float64          `json:"ms"`
		Rows  []map[string]any `json:"rows"`
		Error string           `json:"error"`
	}
	if err := json.Unmarshal(d.out.Bytes(), &a); err != nil {
		return nil, 0, err
	}
	if a.Error != "" {
		return nil, 0, fmt.Errorf("DuckDB: %s", a.Error)
	}
	return a.Rows, time.Duration(a.MS * float64(time.Millisecond)), nil
}

func (d *duckdb) ask(q *query) (a answer, took time.Duration, err error) {
	rows, took, err := d.run(q.sql())
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
