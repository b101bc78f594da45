// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import "strings"

// The keys of records repeat: what was found out about them is remembered, up to maxKeys keys of at most maxCachedKey bytes. When
// there are more, all are forgotten after as many misses as would have filled the table four times.
const (
	maxKeys      = 1024
	maxCachedKey = 64
)

// KeyInfo tells what a key says about the value below it.
type KeyInfo struct {
	class keyClass
	id    bool // of a trace or a span
	// vendors are the rules that have one of their names in the key.
	vendors []vendorName
	clean   bool // the key itself holds no finding
}

// vendorName is where a rule's name ends in a key.
type vendorName struct {
	det  uint16
	tail string // the rest of the key, and a sign of assignment
}

// Sensitive tells whether the value is to be hidden whatever it is.
func (k KeyInfo) Sensitive() bool { return k.class >= keySecret }

// keyCache is a part of a scanner.
type keyCache struct {
	infos  map[string]KeyInfo
	misses int
}

// Key is Text for a key, and tells what the key says about its value. Only the part of the key behind the last mask in it is
// the name of a value: a key that became [REDACTED:github_pat] does not make a token of what stands below it.
func (sc *Scanner) Key(key string) (masked string, effect Effect, info KeyInfo) {
	info, known := sc.keys.infos[key]
	if !known {
		info = sc.keyInfo(key)
	}
	if info.clean {
		return key, 0, info
	}
	masked, effect = sc.Text(key)
	if effect == 0 {
		info.clean = true
		sc.keys.remember(key, info)
	}
	return masked, effect, info
}

// NameInfo is what Key tells about a name that is no key.
func (sc *Scanner) NameInfo(name string) KeyInfo {
	if info, ok := sc.keys.infos[name]; ok {
		return info
	}
	return sc.keyInfo(name)
}

func (sc *Scanner) keyInfo(key string) KeyInfo {
	name := sc.name(key)
	return KeyInfo{class: sc.e.sensitiveKey(name), id: idBefore(name, len(name)), vendors: sc.vendors(name)}
}

// vendors returns the rules of the form names that a key speaks of.
func (sc *Scanner) vendors(key string) (out []vendorName) {
	if len(key) > maxCachedKey {
		return nil
	}
	a := sc.e.auto
	sc.pre.block(a, key, 0, a.start)
	for _, h := range sc.pre.hits {
		for _, t := range a.ends[(h.state-a.accept)/a.width] {
			det := sc.e.triggers[t].det
			if c := sc.e.dets[det].rule; c != nil && c.form == formNames {
				out = append(out, vendorName{det, key[h.end:] + "="})
			}
		}
	}
	return out
}

// vendorSecret tells whether s is what a rule looks for under such a key, and which one.
func (sc *Scanner) vendorSecret(vendors []vendorName, s string) (det uint16, ok bool) {
	if len(s) > maxLook {
		return 0, false
	}
	for _, v := range vendors {
		text := v.tail + s
		c := sc.e.dets[v.det].rule
		captures, found, used, err := c.re.MatchAt(text, 0, sc.captures[:0])
		sc.captures = captures[:0]
		sc.steps -= used
		if err != nil || !found {
			continue
		}
		if secret := captures[len(captures)-1].Text; offset(text, secret) >= len(v.tail) && !sc.e.allow[s] && !isPlaceholder(s) &&
			!sc.e.isOwnMask(s) && c.means(text, text, secret, offset(text, secret), false) {
			return v.det, true
		}
	}
	return 0, false
}

func (c *keyCache) remember(key string, info KeyInfo) {
	if len(key) > maxCachedKey {
		return
	}
	if len(c.infos) >= maxKeys {
		if c.misses++; c.misses < 4*maxKeys {
			return
		}
		clear(c.infos)
		c.misses = 0
	}
	if c.infos == nil {
		c.infos = map[string]KeyInfo{}
	}
	c.infos[strings.Clone(key)] = info
}

// Value is Text for a value that stands under a key that is not sensitive by itself. A key such as "key" or "sig" makes a
// value that looks random a secret; trace and span ids are left alone, although they may happen to hold digits only.
func (sc *Scanner) Value(under KeyInfo, s string) (string, Effect) {
	switch {
	case under.class == keyWeak && plausibleSecret(keyWeak, s, true, false):
		return sc.Hide(s)
	case under.class == keyPlain && under.id && (len(s) == 16 || len(s) == 32) && allIn(s, isHex):
		return s, 0
	case len(under.vendors) > 0:
		if det, ok := sc.vendorSecret(under.vendors, s); ok {
			return sc.hideAs(det, s)
		}
	}
	return sc.Text(s)
}

// SensitiveKey tells whether what stands under that key is to be hidden whatever it is.
func (sc *Scanner) SensitiveKey(key string) bool { return sc.NameInfo(key).Sensitive() }
