// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grokprocessor

import "go.opentelemetry.io/collector/pdata/pcommon"

// find is used by the readers' apply methods, which nothing calls any more; it goes when they do.
func (n fieldNames) find(fields pcommon.Map) (name string, v pcommon.Value, ok bool) {
	for _, name := range n {
		if m, ok := lookup(fields, name); ok && m.value.Type() != pcommon.ValueTypeEmpty {
			return name, m.value, true
		}
	}
	return "", pcommon.Value{}, false
}
