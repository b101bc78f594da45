// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package crash

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go"

	"github.com/logboom/logboom/test/harness"
)

// ctl runs logboomctl archive on the archive, without the proxy, and gives its output to read.
func (r *rig) ctl(read func(io.Reader) error, args ...string) error {
	args = append([]string{"archive"}, append(args, r.archiveURL())...)
	var env []string
	if r.s3 != nil {
		args = append(args, "--endpoint", r.s3.Endpoint, "--region", r.s3.Region, "--path-style")
		env = []string{"AWS_ACCESS_KEY_ID=" + r.s3.AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + r.s3.SecretAccessKey}
	}
	return run(exec.Command(harness.CtlBinary(r.t), args...), env, read)
}

// run runs a command for at most ten minutes.
func run(cmd *exec.Cmd, env []string, read func(io.Reader) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	var stderr bytes.Buffer
	cmd.Env, cmd.Stderr = append(os.Environ(), env...), &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = cmd.Process.Kill() })
	defer stop()
	err = read(out)
	_, _ = io.Copy(io.Discard, out)
	if end := cmd.Wait(); end != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), end, stderr.String())
	}
	return err
}

func discard(r io.Reader) error {
	_, err := io.Copy(io.Discard, r)
	return err
}

// eachLine calls visit with every line.
func eachLine(visit func(line string) error) func(io.Reader) error {
	return func(r io.Reader) error {
		lines := bufio.NewScanner(r)
		lines.Buffer(nil, 16<<20)
		for lines.Scan() {
			if err := visit(lines.Text()); err != nil {
				return err
			}
		}
		return lines.Err()
	}
}

// live lists the files of the live objects.
func (r *rig) live() (files []string, err error) {
	err = r.ctl(eachLine(func(line string) error {
		files = append(files, filepath.Join(r.archiveDir(), filepath.FromSlash(line)))
		return nil
	}), "ls", "--live")
	return files, err
}

// readCollapsed counts records as the archive's own reader shows them: each uid once.
func (r *rig) readCollapsed() (*tally, error) {
	t := r.producer.ledger.tally()
	err := r.ctl(eachLine(func(line string) error {
		var record struct {
			Body          string
			ServiceName   string
			LogAttributes map[string]any
		}
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			return err
		}
		id, _, _ := strings.Cut(record.Body, " ")
		uid, _ := record.LogAttributes["log.record.uid"].(string)
		t.addRow(id, uid, record.ServiceName, 1)
		return nil
	}), "cat")
	return t, err
}

// addRow counts rows whose text and uid must say the same.
func (t *tally) addRow(id, uid, service string, n int) {
	if uid != id || !strings.HasPrefix(service, "svc-") {
		t.strange(fmt.Sprintf("id %q uid %q service %q", id, uid, service))
		return
	}
	t.add(id, n)
}

// readRaw counts every row of the live objects with a reader of Parquet that knows nothing of archives: DuckDB, or
// parquet-go where that is not installed. It also looks that no object holds records of two tenants.
func (r *rig) readRaw(files []string) (*tally, error) {
	t := r.producer.ledger.tally()
	script := filepath.Join(harness.Root(), "test", "duckdb")
	if _, err := os.Stat(filepath.Join(script, "node_modules")); err != nil {
		r.t.Log("DuckDB is not installed (`make test-deps`): the rows are read with parquet-go")
		for _, f := range files {
			if err := r.readParquet(t, f); err != nil {
				return nil, fmt.Errorf("read %s: %w", f, err)
			}
		}
		return t, nil
	}
	out := filepath.Join(r.dir, "rows.csv")
	cmd := exec.Command("node", "ids.mjs", out)
	cmd.Dir, cmd.Stdin = script, strings.NewReader(strings.Join(files, "\n"))
	err := run(cmd, nil, eachLine(func(line string) error {
		file, services, _ := strings.Cut(line, ",")
		return r.checkTenant(file, strings.Fields(services))
	}))
	if err != nil {
		return nil, err
	}
	f, err := os.Open(out)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	rows := csv.NewReader(bufio.NewReaderSize(f, 1<<20))
	rows.ReuseRecord, rows.FieldsPerRecord = true, 4
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return t, nil
		}
		if err != nil {
			return nil, err
		}
		n, err := strconv.Atoi(row[3])
		if err != nil {
			return nil, err
		}
		t.addRow(row[0], row[1], row[2], n)
	}
}

func (r *rig) readParquet(t *tally, file string) error {
	type row struct {
		Body        string
		RecordUID   string `parquet:"RecordUid"`
		ServiceName string
	}
	rows, err := parquet.ReadFile[row](file)
	if err != nil {
		return err
	}
	services := map[string]bool{}
	for i := range rows {
		id, _, _ := strings.Cut(rows[i].Body, " ")
		t.addRow(id, rows[i].RecordUID, rows[i].ServiceName, 1)
		services[rows[i].ServiceName] = true
	}
	var list []string
	for s := range services {
		list = append(list, s)
	}
	return r.checkTenant(file, list)
}

// checkTenant compares the services in an object, which name their tenant, with the object's place.
func (r *rig) checkTenant(file string, services []string) error {
	_, rest, found := strings.Cut(filepath.ToSlash(file), "/logs/tenant=")
	if found != r.tenancy {
		return fmt.Errorf("object %s: tenancy is %v", file, r.tenancy)
	}
	if !found {
		return nil
	}
	tenant, _, _ := strings.Cut(rest, "/")
	if len(services) != 1 || services[0] != "svc-"+tenant {
		return fmt.Errorf("object %s of tenant %s holds services %v", file, tenant, services)
	}
	return nil
}

// checkLog looks for gaps in the archive's log, and counts the orphans among the data objects.
func (r *rig) checkLog(live []string) (orphans int, err error) {
	entries, err := os.ReadDir(filepath.Join(r.archiveDir(), "_log", writer))
	if err != nil {
		return 0, err
	}
	for i, e := range entries {
		if want := fmt.Sprintf("%020d", i+1); e.Name() != want {
			return 0, fmt.Errorf("log record %s is not there, but %s", want, e.Name())
		}
	}
	objects := 0
	err = filepath.WalkDir(filepath.Join(r.archiveDir(), "logs"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.HasSuffix(path, ".parquet") {
			objects++
		}
		return err
	})
	return objects - len(live), err
}

// verify reads the archive in two independent ways and returns what is wrong with it. No process runs.
func (r *rig) verify() []error {
	var wrong []error
	fail := func(format string, args ...any) { wrong = append(wrong, fmt.Errorf(format, args...)) }
	if err := r.ctl(discard, "verify"); err != nil {
		fail("verify archive: %w", err)
	}
	files, err := r.live()
	if err != nil {
		fail("list live objects: %w", err)
		return wrong
	}
	orphans, err := r.checkLog(files)
	if err != nil {
		fail("check log: %w", err)
	}
	judge := func(name string, once bool, t *tally, err error) verdict {
		if err != nil {
			fail("read %s: %w", name, err)
			return verdict{}
		}
		v := t.judge(once)
		if !v.good() {
			fail("%s: %d lost, %d doubled, %d that nobody sent\n%s", name, v.lost, v.doubled, v.alien, strings.Join(v.examples, "\n"))
		}
		return v
	}
	t, err := r.readRaw(files)
	raw := judge("raw rows", false, t, err)
	t, err = r.readCollapsed()
	collapsed := judge("records", true, t, err)
	r.print(raw, collapsed, len(files), orphans)
	return wrong
}
