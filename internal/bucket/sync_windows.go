// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package bucket

// syncDirectory does nothing: Windows cannot sync a directory; NTFS journals its names.
func syncDirectory(string) error { return nil }
