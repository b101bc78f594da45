// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/logboom/logboom/logql"
)

const (
	// maxJSONPaths bounds the paths that are taken from one line, and maxJSONDepth their length.
	maxJSONPaths = 1000
	maxJSONDepth = 16
)

// jsonPaths returns where the fields of a line in JSON are in it, by the names that the json parser gives them. Of two with the
// same name it is the one whose keys come first in the alphabet.
func jsonPaths(line string) map[string][]string {
	var root any
	if err := json.NewDecoder(strings.NewReader(line)).Decode(&root); err != nil {
		return nil
	}
	out := map[string][]string{}
	walkJSON(out, nil, root)
	return out
}

func walkJSON(out map[string][]string, path []string, v any) {
	if len(path) > maxJSONDepth || len(out) >= maxJSONPaths {
		return
	}
	if object, ok := v.(map[string]any); ok {
		for _, key := range slices.Sorted(maps.Keys(object)) {
			walkJSON(out, append(path[:len(path):len(path)], key), object[key])
		}
		return
	}
	if len(path) == 0 {
		return
	}
	name := logql.SanitizeLabelName(strings.Join(path, "_"))
	if _, ok := out[name]; !ok {
		out[name] = path
	}
}
