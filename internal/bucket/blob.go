// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package bucket

import (
	"context"
	"fmt"

	"github.com/logboom/logboom/archive"
)

func openBlob(context.Context, location, Config) (archive.Bucket, error) {
	return nil, fmt.Errorf("not yet")
}
