// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

// Nested returns captures as an object: [a][b] is {"a":{"b":…}}, a name captured twice a list. Where a pattern captures
// both [a] and [a][b], the text of [a] stands under the empty name in it.
func Nested(captures []Capture) map[string]any {
	out := map[string]any{}
	for _, c := range captures {
		v, _ := c.Field.Convert(c.Text)
		at := out
		for _, part := range c.Field.Path[:len(c.Field.Path)-1] {
			next, ok := at[part].(map[string]any)
			if !ok {
				next = map[string]any{}
				if old, there := at[part]; there {
					next[""] = old
				}
				at[part] = next
			}
			at = next
		}
		last := c.Field.Path[len(c.Field.Path)-1]
		switch old := at[last].(type) {
		case nil:
			at[last] = v
		case []any:
			at[last] = append(old, v)
		case map[string]any:
			old[""] = v
		default:
			at[last] = []any{old, v}
		}
	}
	return out
}
