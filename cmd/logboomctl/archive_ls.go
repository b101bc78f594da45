// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/logboom/logboom/archive"
)

// listOptions are the flags of `logboomctl archive ls`.
type listOptions struct {
	live, orphans, all bool
	filter             objectFilter
	output             outputFlag
}

func newArchiveListCommand() *cobra.Command {
	o := &listOptions{}
	cmd := &cobra.Command{
		Use:   "ls (URL | --config FILE)",
		Short: "List the live objects, or what a crash left over",
		Long: `List the live objects: those that the commit log names. Other objects below logs/ are

  orphan   left over from a crash: no commit names it and none ever will. Its records are in a live object, or were never
           acknowledged. It may be deleted.
  pending  not named yet: an upload under way, or that of a writer that has not come back since.
  foreign  no writer makes such a name.

--output keys prints the keys alone, urls what other programs open, json an object a line.`,
		Example: `  logboomctl archive ls --live file:///var/lib/logboom/archive
  logboomctl archive ls --config /etc/logboom/gateway.yaml --start 2026-11-23T01:00:00Z --service checkout
  logboomctl archive ls s3://logs/prod --orphans --output json`,
	}
	f := cmd.Flags()
	f.BoolVar(&o.live, "live", false, "only the keys of the live objects, one a line, to be read by other programs")
	f.BoolVar(&o.orphans, "orphans", false, "the objects that no commit names, instead of the live ones")
	f.BoolVar(&o.all, "all", false, "all objects, with what they are")
	o.filter.add(f)
	o.output.add(f, "table, keys, urls, or json (one object a line)", "table", "keys", "urls", "json")
	archiveArgs(cmd, func() error {
		if o.live && !f.Changed("output") {
			o.output.value = "keys"
		}
		if err := errors.Join(o.filter.check(), o.output.check()); err != nil {
			return err
		}
		if n := count(o.live, o.orphans, o.all); n > 1 {
			return errors.New("--live, --orphans and --all exclude each other")
		}
		if o.orphans && o.filter.set() {
			return errors.New("--start, --end, --service and --tenant are for live objects: nothing says what an orphan holds")
		}
		return nil
	}, o.run)
	return cmd
}

func count(flags ...bool) (n int) {
	for _, f := range flags {
		if f {
			n++
		}
	}
	return n
}

// listedObject is a line of the listing.
type listedObject struct {
	State     string    `json:"state"`
	Key       string    `json:"key"`
	Tenant    string    `json:"tenant,omitempty"`
	MinTime   time.Time `json:"min_time,omitzero"`
	MaxTime   time.Time `json:"max_time,omitzero"`
	Displaced bool      `json:"displaced,omitempty"`
	Rows      int64     `json:"rows,omitempty"`
	Bytes     int64     `json:"bytes"`
	RawBytes  int64     `json:"raw_bytes,omitempty"`
	SHA256    string    `json:"sha256,omitempty"`
	Writer    string    `json:"writer,omitempty"`
	Epoch     uint64    `json:"epoch,omitempty"`
	Committed time.Time `json:"committed,omitzero"`
	Modified  time.Time `json:"modified,omitzero"` // what is not live
	// Services is how many there are, -1 when unknown.
	Services int `json:"services,omitempty"`
}

func (o *listOptions) run(ctx context.Context, c *archiveCall) error {
	var listed []archive.ObjectInfo
	var err error
	if o.orphans || o.all {
		if listed, err = listData(ctx, c.bucket); err != nil { // before the log: see eachUnnamed
			return err
		}
	}
	states, live := newLogState(), map[string]int64{}
	var objects []listedObject
	damaged := 0
	take := func(r *archive.LogRecord, m *archive.ObjectMeta) {
		if o.orphans || o.all {
			live[m.Key] = m.Bytes
		}
		if !o.orphans && o.filter.keep(m) {
			objects = append(objects, listLive(r, m))
		}
	}
	err = eachLive(ctx, c.bucket, liveVisitor{
		base: states.base,
		object: func(m *archive.ObjectMeta) error {
			states.object(m)
			take(nil, m)
			return nil
		},
		record: func(_ string, r *archive.LogRecord, bad error) error {
			if bad != nil {
				damaged++
				c.warn("%v", bad)
				return nil
			}
			states.add(r)
			for i := range r.Objects {
				take(r, &r.Objects[i])
			}
			return nil
		},
	})
	if err != nil {
		return err
	}
	if states.empty() && damaged == 0 {
		c.warn("%s: %v", c.bucket.Name(), errEmpty)
	}
	slices.SortStableFunc(objects, func(a, b listedObject) int {
		return cmp.Or(a.MinTime.Compare(b.MinTime), strings.Compare(a.Key, b.Key))
	})
	if o.orphans || o.all {
		if damaged > 0 {
			return errors.New("list orphans: a part of the commit log cannot be understood, so nothing can be said of what it does not name")
		}
		states.eachUnnamed(listed, live, func(info archive.ObjectInfo, state string) {
			l := listedObject{State: state, Key: info.Key, Bytes: info.Size, Modified: info.ModTime.UTC()}
			if n, ok := parseObjectKey(info.Key); ok {
				l.Writer, l.Epoch = n.writer, n.epoch
			}
			objects = append(objects, l)
		})
	}
	if err := o.print(c, objects); err != nil {
		return err
	}
	return partial(c, int64(damaged))
}

// partial is the error of a command whose answer lacks what damaged log records say; nil when there are none.
func partial(c *archiveCall, damaged int64) error {
	if damaged == 0 {
		return nil
	}
	return fmt.Errorf("read commit log of %s: %d records cannot be understood, so the answer is partial", c.bucket.Name(), damaged)
}

// listLive lists an object; r is its commit, nil where a checkpoint lists it.
func listLive(r *archive.LogRecord, m *archive.ObjectMeta) listedObject {
	l := listedObject{
		State: stateLive, Key: m.Key, Tenant: m.Tenant, MinTime: time.Unix(0, m.MinTime).UTC(), MaxTime: time.Unix(0, m.MaxTime).UTC(),
		Displaced: m.Displaced, Rows: m.Rows, Bytes: m.Bytes, RawBytes: m.RawBytes, SHA256: m.SHA256,
		Services: -1,
	}
	if r != nil {
		l.Writer, l.Epoch, l.Committed = r.Writer, r.Epoch, time.Unix(0, r.Time).UTC()
	} else if n, ok := parseObjectKey(m.Key); ok {
		l.Writer, l.Epoch = n.writer, n.epoch
	}
	if m.Counts != nil {
		l.Services = len(m.Counts.Services)
	}
	return l
}

func (o *listOptions) print(c *archiveCall, objects []listedObject) error {
	switch o.output.value {
	case "keys":
		for i := range objects {
			fmt.Fprintln(c.out, objects[i].Key)
		}
	case "urls":
		for i := range objects {
			fmt.Fprintln(c.out, objectURL(c.bucket.Name(), objects[i].Key))
		}
	case "json":
		enc := jsonLine(c.out)
		for i := range objects {
			if err := enc.Encode(&objects[i]); err != nil {
				return err
			}
		}
	default:
		return o.printTable(c.out, objects)
	}
	return nil
}

// objectURL is what other programs open: a path where the bucket is a directory.
func objectURL(bucket, key string) string {
	if dir, ok := strings.CutPrefix(bucket, "file://"); ok {
		if len(dir) > 2 && dir[0] == '/' && dir[2] == ':' { // /C:/logs
			dir = dir[1:]
		}
		return strings.TrimSuffix(dir, "/") + "/" + key
	}
	return strings.TrimSuffix(bucket, "/") + "/" + key
}

func (o *listOptions) printTable(out io.Writer, objects []listedObject) error {
	tenants := slices.ContainsFunc(objects, func(l listedObject) bool { return l.Tenant != "" })
	states := o.orphans || o.all
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	var header []string
	if states {
		header = append(header, "STATE")
	}
	if o.orphans {
		header = append(header, "CREATED")
	} else {
		header = append(header, "FROM", "TO", "ROWS")
	}
	header = append(header, "BYTES")
	if !o.orphans {
		header = append(header, "SERVICES")
	}
	if tenants {
		header = append(header, "TENANT")
	}
	fmt.Fprintln(w, strings.Join(append(header, "KEY"), "\t"))
	var rows, bytes int64
	for i := range objects {
		l := &objects[i]
		var cells []string
		if states {
			cells = append(cells, l.State)
		}
		switch {
		case o.orphans:
			cells = append(cells, formatNanos(l.Modified.UnixNano()), strconv.FormatInt(l.Bytes, 10))
		case l.State != stateLive:
			cells = append(cells, "-", "-", "-", strconv.FormatInt(l.Bytes, 10), "-")
		default:
			services := "?"
			if l.Services >= 0 {
				services = strconv.Itoa(l.Services)
			}
			cells = append(cells, formatNanos(l.MinTime.UnixNano()), formatNanos(l.MaxTime.UnixNano()),
				strconv.FormatInt(l.Rows, 10), strconv.FormatInt(l.Bytes, 10), services)
		}
		if tenants {
			cells = append(cells, cmp.Or(oneLine(l.Tenant), "-"))
		}
		fmt.Fprintln(w, strings.Join(append(cells, l.Key), "\t"))
		rows += l.Rows
		bytes += l.Bytes
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if o.orphans {
		fmt.Fprintf(out, "%d objects, %d bytes\n", len(objects), bytes)
		return nil
	}
	fmt.Fprintf(out, "%d objects, %d rows, %d bytes\n", len(objects), rows, bytes)
	return nil
}
