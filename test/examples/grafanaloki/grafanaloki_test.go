// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package grafanaloki runs examples/grafana-loki: what its README asks with curl is asked here, and compared with what it says.
package grafanaloki

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/logboom/logboom/test/harness"
)

const (
	example = "../../../examples/grafana-loki"
	address = "localhost:3100" // of the README
)

// update writes the answers instead of comparing them.
var update = os.Getenv("LOGBOOM_UPDATE") != ""

// request is a curl command of the README.
type request struct {
	file   string // with the answer
	url    string
	header http.Header
}

var (
	fileName = regexp.MustCompile(`^# expected/(\w+\.json)`)
	word     = regexp.MustCompile(`'[^']*'|\S+`)
)

// requests reads the README's commands: a comment with the file, then curl -G with -d, -H and --data-urlencode.
func requests(t *testing.T) (list []request) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(example, "README.md"))
	require.NoError(t, err)
	file := ""
	for _, line := range strings.Split(string(text), "\n") {
		if m := fileName.FindStringSubmatch(line); m != nil {
			file = m[1]
		}
		if !strings.HasPrefix(line, "curl ") {
			continue
		}
		r, params := request{file: file, header: http.Header{}}, url.Values{}
		words := word.FindAllString(line, -1)[1:]
		for i := 0; i < len(words); i++ {
			value := func() string {
				i++
				return strings.Trim(words[i], "'")
			}
			switch words[i] {
			case "-sG":
			case "-d", "--data-urlencode":
				name, v, _ := strings.Cut(value(), "=")
				params.Add(name, v)
			case "-H":
				name, v, _ := strings.Cut(value(), ": ")
				r.header.Add(name, v)
			default:
				require.True(t, strings.HasPrefix(words[i], "http://"+address+"/"), words[i])
				r.url = words[i]
			}
		}
		r.url += "?" + params.Encode()
		list = append(list, r)
	}
	require.NotEmpty(t, list)
	return list
}

// get returns an answer without its statistics, in a form in which answers can be compared.
func (r *request) get(t *testing.T, addr string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, strings.Replace(r.url, address, addr, 1), nil)
	require.NoError(t, err)
	req.Header = r.header
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return normal(t, body)
}

func normal(t *testing.T, text []byte) string {
	t.Helper()
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		v = strings.TrimSpace(string(text))
	}
	if m, ok := v.(map[string]any); ok {
		if data, ok := m["data"].(map[string]any); ok {
			delete(data, "stats")
		}
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	require.NoError(t, enc.Encode(v))
	return out.String()
}

func TestGrafanaLoki(t *testing.T) {
	addr := fmt.Sprintf("localhost:%d", harness.FreePort(t))
	cmd := exec.Command(harness.Binary(t), "--config", "config.yaml")
	cmd.Dir = example
	cmd.Env = append(os.Environ(), "GRAFANA_LOKI_ENDPOINT="+addr, "GRAFANA_LOKI_DATA="+harness.TempDir(t))
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	require.NoError(t, cmd.Start())
	defer func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil || t.Failed() {
			t.Errorf("collector: %v\n%s", err, &log)
		}
	}()
	loki := &harness.Loki{URL: "http://" + addr}
	records := func() int {
		resp, err := http.Get(loki.URL + "/loki/api/v1/query?time=1772618700&query=" + url.QueryEscape(`sum(count_over_time({service_name=~".+"}[5m]))`))
		if err != nil {
			return 0
		}
		defer resp.Body.Close()
		var a struct {
			Data struct {
				Result []struct{ Value []any }
			}
		}
		if json.NewDecoder(resp.Body).Decode(&a) != nil || len(a.Data.Result) == 0 {
			return 0
		}
		n := 0
		_, _ = fmt.Sscan(fmt.Sprint(a.Data.Result[0].Value[1]), &n)
		return n
	}
	require.Eventually(t, func() bool { return records() == 7 }, time.Minute, 50*time.Millisecond)
	for _, r := range requests(t) {
		path := filepath.Join(example, "expected", r.file)
		got := r.get(t, addr)
		if update {
			require.NoError(t, os.WriteFile(path, []byte(got), 0o600))
			continue
		}
		want, err := os.ReadFile(path)
		require.NoError(t, err)
		assert.Equal(t, normal(t, want), got, "%s: %s", r.file, r.url)
	}
}

// TestDataSource looks at the file for Grafana: that it is YAML, and names the address on which the configuration listens.
func TestDataSource(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(example, "grafana", "datasources", "logboom.yml"))
	require.NoError(t, err)
	var file struct {
		APIVersion  int `yaml:"apiVersion"`
		Datasources []struct{ Name, Type, URL string }
	}
	require.NoError(t, yaml.Unmarshal(text, &file))
	require.Equal(t, 1, file.APIVersion)
	require.Len(t, file.Datasources, 1)
	require.Equal(t, "loki", file.Datasources[0].Type)
	require.Equal(t, "http://"+address, file.Datasources[0].URL)
	config, err := os.ReadFile(filepath.Join(example, "config.yaml"))
	require.NoError(t, err)
	require.Contains(t, string(config), ":-"+address+"}")
}
