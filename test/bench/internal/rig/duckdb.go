// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package rig

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/logboom/logboom/test/harness"
)

// DuckDB is DuckDB in a Node process, with a view of the archive's live objects. The time is taken in that process.
type DuckDB struct {
	Archive string
	t       testing.TB
	cmd     *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Scanner
}

// NewDuckDB is of the archive in a directory.
func NewDuckDB(t testing.TB, archive string) *DuckDB { return &DuckDB{Archive: archive, t: t} }

// Start starts the process and makes the view "logs".
func (d *DuckDB) Start() error {
	r := harness.Run(d.t, harness.CtlBinary(d.t), "archive", "ls", "--live", "file://"+d.Archive)
	if r.Code != 0 {
		return fmt.Errorf("list live objects: %s", r.Stderr)
	}
	var files []string
	for key := range strings.Lines(r.Stdout) {
		files = append(files, SQLString(filepath.Join(d.Archive, filepath.FromSlash(strings.TrimSpace(key)))))
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
	_, _, err = d.Run("CREATE VIEW logs AS SELECT * FROM read_parquet([" + strings.Join(files, ", ") + "], hive_partitioning = false)")
	return err
}

// Stop ends it.
func (d *DuckDB) Stop() {
	if d.cmd == nil {
		return
	}
	_ = d.in.Close()
	_ = d.cmd.Wait()
	d.cmd = nil
}

// Memory is the resident memory at its peak.
func (d *DuckDB) Memory() int64 {
	_, peak := harness.Resident(d.t, d.cmd.Process.Pid)
	return peak
}

// PID is that of the process.
func (d *DuckDB) PID() int { return d.cmd.Process.Pid }

// Run runs a statement; the time is until all rows are there.
func (d *DuckDB) Run(sql string) (rows []map[string]any, took time.Duration, err error) {
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

// SQLString quotes.
func SQLString(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
