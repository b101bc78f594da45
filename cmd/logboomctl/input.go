// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"
)

// maxLine is the longest input line. It bounds memory; a longer line ends the command with an error.
const maxLine = 64 << 20

// readLine returns the next line without its line feed; the last one needs none. The slice is the caller's. io.EOF says
// that there is no more.
func readLine(r *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		if len(line)+len(part) > maxLine {
			return nil, fmt.Errorf("longer than %d MiB", maxLine>>20)
		}
		line = append(line, part...)
		switch {
		case err == nil:
			return line[:len(line)-1], nil
		case errors.Is(err, io.EOF) && len(line) > 0:
			return line, nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, err
		}
	}
}

// parseTimeFlag reads a time that int64 nanoseconds can hold, as all times of an archive are: from 1678 to 2262.
func parseTimeFlag(flag, s string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339Nano, s)
	if n, isNumber := strconv.ParseInt(s, 10, 64); isNumber == nil {
		err = nil
		if t = time.Unix(0, n); len(s) <= 10 {
			t = time.Unix(n, 0)
		}
	}
	if err != nil || !t.Equal(time.Unix(0, t.UnixNano())) {
		return t, fmt.Errorf("%s must be RFC 3339 or a Unix time in s or ns, from 1678 to 2262, got %q", flag, s)
	}
	return t, nil
}
