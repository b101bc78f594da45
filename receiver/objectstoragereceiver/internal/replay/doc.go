// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package replay reads a part of an archive in an order that depends on the records alone, cuts it into batches, and says
// behind each batch where to go on. It knows the archive and pdata, but no Collector.
//
// The order is that of time; records of equal time are ordered by a hash of what they hold, not by the objects they lie in,
// which a compaction changes. So a [Position] means the same to every snapshot of the archive.
package replay
