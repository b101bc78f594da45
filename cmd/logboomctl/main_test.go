// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestUnknownCommands(t *testing.T) {
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"bogus"}, `unknown command "bogus" for "logboomctl"` + "\n"},
		{[]string{"qurey"}, `unknown command "qurey" for "logboomctl", did you mean query?` + "\n"},
		{[]string{"archive", "list"}, `unknown command "list" for "logboomctl archive"`},
		{[]string{"--bogus"}, "unknown flag: --bogus"},
		{[]string{"archive", "--bogus"}, "unknown flag: --bogus"},
	} {
		cmd := newRootCommand()
		var out, errOut bytes.Buffer
		cmd.SetOut(&out)
		cmd.SetErr(&errOut)
		cmd.SetArgs(tt.args)
		assert.Equal(t, 2, run(context.Background(), cmd), "%q", tt.args)
		assert.Empty(t, out.String())
		assert.Contains(t, errOut.String(), "logboomctl: "+tt.want)
	}
}
