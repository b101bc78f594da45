// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grokprocessor

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

func TestSeverity(t *testing.T) {
	read := func(name string, v any, mapping map[string]string) (string, plog.SeverityNumber) {
		t.Helper()
		r, err := newSeverityReader(&SeverityConfig{Mapping: mapping})
		require.NoError(t, err)
		val := pcommon.NewValueEmpty()
		require.NoError(t, val.FromRaw(v))
		text, n, ok := r.read(name, val)
		if !ok {
			return "", -1
		}
		return text, n
	}
	check := func(name string, v any, wantText string, want plog.SeverityNumber) {
		t.Helper()
		text, n := read(name, v, map[string]string{"Hot": "error2", "5": "debug"})
		assert.Equal(t, want, n, "%s %v", name, v)
		assert.Equal(t, wantText, text, "%s %v", name, v)
	}
	check("level", "INFO", "INFO", plog.SeverityNumberInfo)
	check("level", "warning", "warning", plog.SeverityNumberWarn)
	check("level", " Error ", "Error", plog.SeverityNumberError)
	check("level", "FATAL", "FATAL", plog.SeverityNumberFatal)
	check("level", "notice", "notice", plog.SeverityNumberInfo2)
	check("level", "W", "W", plog.SeverityNumberWarn)
	check("level", int64(30), "INFO", plog.SeverityNumberInfo)
	check("level", "50", "ERROR", plog.SeverityNumberError)
	check("level", int64(3), "err", plog.SeverityNumberError)
	check("level", int64(5), "5", plog.SeverityNumberDebug)
	check("level", "hot", "hot", plog.SeverityNumberError2)
	check("syslog.priority", int64(134), "info", plog.SeverityNumberInfo)
	check("syslog5424_pri", "165", "notice", plog.SeverityNumberInfo2)
	check("PRIORITY", "3", "err", plog.SeverityNumberError)
	check("priority", int64(192), "", -1)
	check("level", "loud", "", -1)
	check("level", int64(99), "", -1)
	check("level", "", "", -1)
	check("level", strings.Repeat("x", 100), "", -1)
}
