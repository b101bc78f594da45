// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import (
	"slices"
	"sync"
)

// all holds every detector, family by family. A detector's place is where findings of the same rank and length are decided.
var all = sync.OnceValue(func() []Detector {
	return slices.Concat(
		builtin(),
		cloudDetectors,
		commandDetectors,
		keyMaterialDetectors,
		assignmentDetectors,
		paymentDetectors,
		personalDetectors,
		phoneDetectors,
		cryptoDetectors,
		nationalDetectors,
		networkDetectors,
	)
})

// Ranks: which name a finding bears that several detectors share.
const (
	rankNetwork = iota + 1
	rankPersonal
	rankChecked // a checksum stands behind it
	rankAssigned
	rankToken // a format that nothing else has
	rankKey
	rankUser
	rankBlock // private keys
	rankUnscanned
)
