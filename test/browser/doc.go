// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package browser looks at the web page as a user does: the shipped binary, fed with known lines, in a
// real Chromium. Screenshots go to the directory that LOGBOOM_SCREENSHOTS names, else to the test's own.
package browser
