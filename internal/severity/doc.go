// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package severity reads the severity of a log record from the words and numbers in which loggers print it.
//
// Words are found in any case, in brackets or with a colon after them, also cut short as loggers on terminals do. What a number means
// depends on the name of the field it stands in ([NumberingOf]). Reading takes time linear in the text, which is bounded, and
// allocates nothing.
//
// The package knows no Collector types.
package severity // import "github.com/logboom/logboom/internal/severity"
