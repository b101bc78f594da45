// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivecompactorextension

import (
	"github.com/logboom/logboom/internal/bucket"
	"github.com/logboom/logboom/internal/compactor"
)

var _ compactor.RetentionTeller = (*archiveCompactor)(nil)

// TellRetention implements [compactor.RetentionTeller].
func (a *archiveCompactor) TellRetention(identity string) (r compactor.Retention, dryRun, ok bool) {
	own, err := bucket.Identity(a.cfg.Bucket)
	if err != nil || own != identity {
		return compactor.Retention{}, false, false
	}
	return a.cfg.Retention.engine(), a.cfg.Retention.DryRun, true
}
