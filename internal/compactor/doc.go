// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package compactor looks after an archive: it merges small objects, sums up the commit log in checkpoints, applies
// retention, erases, repairs, and deletes what is not live any more. It knows no Collector types.
//
// Everything that changes the live set is one checkpoint, created under a lease. Objects are created before the checkpoint
// that names them and deleted, after a grace, behind the one that does not name them any more, so a crash at any moment
// leaves the live set of before or of after, and at worst objects that no checkpoint names. Two leaders, one of them without
// knowing that its time is over, cannot both commit: a checkpoint is made from the one before and created only if absent.
package compactor // import "github.com/logboom/logboom/internal/compactor"
