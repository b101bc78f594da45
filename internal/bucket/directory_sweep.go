// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package bucket

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"time"
)

// tempDirectory is where files are written before they get their names, below the bucket's directory.
const tempDirectory = tempPrefix + "unfinished"

const (
	// leftAge is when a temporary file is taken for one of a process that was killed. To write one takes seconds; whose
	// file is removed all the same gets an error and tries again.
	leftAge = 24 * time.Hour
	// sweepInterval is how often a process looks for such files, and maxSweep how many it removes then at most.
	sweepInterval = time.Hour
	maxSweep      = 1000
)

// temporaries returns the directory of temporary files, which is there. Now and then it sweeps it.
func (d *directory) temporaries() (string, error) {
	temps := filepath.Join(d.root, tempDirectory)
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Now()
	if since := now.Sub(d.swept); since >= 0 && since < sweepInterval {
		return temps, nil
	}
	// Its name need not last: nothing in it is missed after a power cut.
	if err := d.fs.Mkdir(temps, directoryPerm); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	d.sweep(temps, now)
	d.swept = now
	return temps, nil
}

// sweep removes temporary files that processes left which were killed while they wrote them. What cannot be removed
// stays: it is in nobody's way.
func (d *directory) sweep(temps string, now time.Time) {
	entries, err := d.fs.ReadDir(temps)
	if err != nil {
		return
	}
	removed := 0
	for _, e := range entries {
		if removed == maxSweep {
			return
		}
		if !strings.HasPrefix(e.Name(), tempPrefix) {
			continue
		}
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() || now.Sub(info.ModTime()) < leftAge {
			continue
		}
		if d.fs.Remove(filepath.Join(temps, e.Name())) == nil {
			removed++
		}
	}
}
