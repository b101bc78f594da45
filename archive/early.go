// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

// earlyLook asks the request's Early for rows of a row group, and makes whole records of those that it keeps. The columns of
// these are read when there is one.
type earlyLook struct {
	g     *groupReader
	keep  func(*Record) bool // nil: all
	first *materializer
	whole *materializer
	pass  bool // records are done with before the next is made
	r     Record
}

// newEarlyLook loads the columns that are needed in any case.
func (g *groupReader) newEarlyLook(pass bool) (*earlyLook, error) {
	e := &earlyLook{g: g, pass: pass}
	if g.q.req.Early == nil {
		return e, e.open()
	}
	var err error
	if e.first, err = g.materializerOf(g.q.req.EarlyColumns, g.q.early); err != nil {
		return nil, err
	}
	e.first.passing()
	e.keep = g.q.req.Early()
	return e, nil
}

func (e *earlyLook) open() (err error) {
	if e.whole, err = e.g.newMaterializer(); err == nil && e.pass {
		e.whole.passing()
	}
	return err
}

// record makes r the record of a row; false: it is not wanted.
func (e *earlyLook) record(row int, r *Record) (bool, error) {
	tenant := e.g.file.meta.Tenant
	if e.keep != nil {
		if err := e.first.record(row, &e.r); err != nil {
			return false, err
		}
		e.r.Tenant = tenant
		if !e.keep(&e.r) {
			return false, nil
		}
		if e.whole == nil {
			if err := e.open(); err != nil {
				return false, err
			}
		}
	}
	if err := e.whole.record(row, r); err != nil {
		return false, err
	}
	r.Tenant = tenant
	return e.g.q.req.Keep == nil || e.g.q.req.Keep(r), nil
}
