// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import (
	"strings"
	"unsafe"
)

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
	// speaks is the key with a colon, when it holds what some detector looks for before a value: the name of a vendor, or of an
	// identity number.
	speaks string
	clean  bool // the key itself holds no finding
}

// Sensitive tells whether the value is to be hidden whatever it is.
func (k KeyInfo) Sensitive() bool { return k.class >= keySecret }

// Speaks tells whether the key holds a word that some detector looks for before a value.
func (k KeyInfo) Speaks() bool { return k.speaks != "" }

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
	return KeyInfo{class: sc.e.sensitiveKey(name), id: idBefore(name, len(name)), speaks: sc.speaks(name)}
}

// speaks returns the key with a colon if a detector that looks for a value behind a name has a trigger in it, and "" if not.
func (sc *Scanner) speaks(key string) string {
	if len(key) > maxCachedKey {
		return ""
	}
	a := sc.e.auto
	sc.pre.block(a, key, 0, a.start)
	for _, h := range sc.pre.hits {
		for _, t := range a.ends[(h.state-a.accept)/a.width] {
			d := &sc.e.dets[sc.e.triggers[t].det]
			if d.find != nil || d.rule != nil && d.rule.form == formNames {
				return key + ": "
			}
		}
	}
	return ""
}

// behind is Text for a value behind its key. Only what is found in the value counts.
func (sc *Scanner) behind(speaks, s string) (string, Effect) {
	sc.joined = append(append(sc.joined[:0], speaks...), s...)
	text := unsafe.String(&sc.joined[0], len(sc.joined)) // not written to until the next value
	if !sc.scan(text) {
		return s, 0
	}
	for _, list := range [][]finding{sc.found, sc.tagged} {
		for _, f := range list {
			if f.start < len(speaks) {
				return sc.Text(s)
			}
		}
	}
	out, effect := sc.apply(text)
	if effect&Changed == 0 {
		return s, effect
	}
	return out[len(speaks):], effect
}

// Behind is Text for a value that follows other words, as an argument follows the command and its options. Only what is found
// in the value counts.
func (sc *Scanner) Behind(words, s string) (string, Effect) {
	if words == "" || len(s) > maxLook {
		return sc.Text(s)
	}
	return sc.behind(words, s)
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
	case under.speaks != "" && len(s) <= maxLook:
		return sc.behind(under.speaks, s)
	}
	return sc.Text(s)
}

// SensitiveKey tells whether what stands under that key is to be hidden whatever it is.
func (sc *Scanner) SensitiveKey(key string) bool { return sc.NameInfo(key).Sensitive() }
