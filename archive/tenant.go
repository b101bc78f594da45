// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode/utf8"
)

// maxTenantName bounds the part of an object key that names a tenant, in bytes.
const maxTenantName = 128

// maxTenant bounds the name of a tenant, in bytes, since commit records repeat it.
const maxTenant = 256

// boundTenant returns the name of a tenant as it is, or, where that is too long or no text, a shorter one that no other
// tenant has.
func boundTenant(name string) string {
	if len(name) <= maxTenant && utf8.ValidString(name) {
		return strings.Clone(name)
	}
	sum := sha256.Sum256([]byte(name))
	return strings.ToValidUTF8(name[:min(len(name), maxTenant/2)], "\uFFFD") + "~" + hex.EncodeToString(sum[:16])
}

// tenantPrefix is the level of object keys that names a tenant, with its slash; "" for no tenant. Bytes other
// than letters, digits, '-' and a '_' that follows no other are written as ~XX, because some clouds, file systems or
// their libraries give the rest a meaning ('%', "..", "__0x", a dot at the end). A name that would be longer than
// maxTenantName is the first half of its SHA-256 behind "~~". So no two tenants share a prefix.
func tenantPrefix(tenant string) string {
	if tenant == "" {
		return ""
	}
	const hexDigits = "0123456789ABCDEF"
	var b strings.Builder
	b.WriteString("tenant=")
	for i := range len(tenant) {
		c := tenant[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' && (i == 0 || tenant[i-1] != '_') {
			b.WriteByte(c)
		} else {
			b.WriteByte('~')
			b.WriteByte(hexDigits[c>>4])
			b.WriteByte(hexDigits[c&15])
		}
	}
	if b.Len() > len("tenant=")+maxTenantName {
		sum := sha256.Sum256([]byte(tenant))
		return "tenant=~~" + hex.EncodeToString(sum[:16]) + "/"
	}
	return b.String() + "/"
}
