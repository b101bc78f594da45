// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

const patience = 20 * time.Second

// page is a tab of a real browser that writes down what a user would not see: errors on the console and
// every request.
type page struct {
	t   *testing.T
	ctx context.Context //nolint:containedctx // chromedp's handle of the tab

	mu       sync.Mutex
	errors   []string // console errors and uncaught exceptions
	requests []string
	received int64 // bytes of bodies and headers as sent over the network
}

// open starts Chromium with an empty tab; the test is skipped where there is no Chromium.
func open(t *testing.T) *page {
	t.Helper()
	program := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			program = found
			break
		}
	}
	if program == "" {
		t.Skip("no chromium on this machine: `apt-get install chromium` brings the browser tests to life")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(program), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()))
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancelTimeout := context.WithTimeout(ctx, 3*time.Minute)
	t.Cleanup(cancelTimeout)
	ctx, cancelTab := chromedp.NewContext(ctx)
	// Cancel waits until the browser has ended, so that its profile can be removed.
	t.Cleanup(func() {
		_ = chromedp.Cancel(ctx)
		cancelTab()
	})
	p := &page{t: t, ctx: ctx}
	chromedp.ListenTarget(ctx, p.listen)
	require.NoError(t, chromedp.Run(ctx)) // starts the browser; it lives as long as the context of this call
	p.do(network.Enable(), log.Enable(), runtime.Enable(), chromedp.EmulateViewport(1360, 900))
	return p
}

func (p *page) listen(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		p.errors = append(p.errors, "exception: "+e.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.APITypeError || e.Type == runtime.APITypeWarning {
			text := "console." + string(e.Type) + ":"
			for _, a := range e.Args {
				text += " " + string(a.Value) + a.Description
			}
			p.errors = append(p.errors, text)
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == log.LevelError {
			p.errors = append(p.errors, "log: "+e.Entry.Text+" "+e.Entry.URL)
		}
	case *network.EventRequestWillBeSent:
		p.requests = append(p.requests, e.Request.URL)
	case *network.EventLoadingFinished:
		p.received += int64(e.EncodedDataLength)
	}
}

func (p *page) do(actions ...chromedp.Action) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	require.NoError(p.t, chromedp.Run(ctx, actions...))
}

// goTo opens an address and waits until the first search is answered.
func (p *page) goTo(address string) {
	p.t.Helper()
	p.do(chromedp.Navigate(address))
	p.settled()
}

// settled waits until no search is under way.
func (p *page) settled() {
	p.t.Helper()
	p.until(`document.querySelector('#range option') && !document.body.hasAttribute('aria-busy') &&
		(document.querySelector('#lines li') || !document.querySelector('#notice').hidden || !document.querySelector('#chart').hidden)`)
}

// until waits for an expression to become true.
func (p *page) until(expression string) {
	p.t.Helper()
	deadline := time.Now().Add(patience)
	for !p.is(expression) {
		if time.Now().After(deadline) {
			p.screenshot("failed-" + strings.ReplaceAll(p.t.Name(), "/", "-"))
			p.t.Fatalf("not within %s: %s\nthe page says: %s", patience, expression, p.text("body"))
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func (p *page) is(expression string) bool {
	p.t.Helper()
	var out bool
	p.do(chromedp.Evaluate("Boolean("+expression+")", &out))
	return out
}

// text is the text of the first element of a selector, as it is shown.
func (p *page) text(selector string) string {
	p.t.Helper()
	var out string
	p.do(chromedp.Evaluate(fmt.Sprintf("document.querySelector(%q)?.innerText ?? ''", selector), &out))
	return out
}

func (p *page) texts(selector string) []string {
	p.t.Helper()
	var out []string
	p.do(chromedp.Evaluate(fmt.Sprintf("[...document.querySelectorAll(%q)].map((e) => e.innerText)", selector), &out))
	return out
}

func (p *page) click(selector string) {
	p.t.Helper()
	p.do(chromedp.Click(selector, chromedp.ByQuery))
}

// press is a key that goes to whatever has the focus. It is the key alone: what a key types is the
// browser's answer to it, unless the page prevents that.
func (p *page) press(key string) {
	p.t.Helper()
	down := input.DispatchKeyEvent(input.KeyDown).WithKey(key).WithText(map[string]string{"Enter": "\r"}[key])
	p.do(down, input.DispatchKeyEvent(input.KeyUp).WithKey(key))
}

// search types a query as a user does: / to get there, Enter to run.
func (p *page) search(query string) {
	p.t.Helper()
	p.do(chromedp.Evaluate("document.activeElement?.blur()", nil))
	p.press("/")
	require.True(p.t, p.is("document.activeElement.id === 'query'"), "/ goes to the query")
	p.do(input.InsertText(query)) // the text that was there is selected, and thus replaced
	p.press("Enter")
	p.until(fmt.Sprintf("new URL(location).searchParams.get('q') === %q", strings.TrimSpace(query)))
	p.settled()
}

func (p *page) dark(yes bool) {
	p.t.Helper()
	value := map[bool]string{true: "dark", false: "light"}[yes]
	p.do(emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: value}}))
}

func (p *page) screenshot(name string) {
	p.t.Helper()
	dir := os.Getenv("LOGBOOM_SCREENSHOTS")
	if dir == "" {
		dir = p.t.TempDir()
	}
	require.NoError(p.t, os.MkdirAll(dir, 0o750))
	var png []byte
	p.do(chromedp.CaptureScreenshot(&png))
	path := filepath.Join(dir, name+".png")
	require.NoError(p.t, os.WriteFile(path, png, 0o600))
	p.t.Logf("screenshot: %s (%d bytes)", path, len(png))
}

// takeErrors returns what went wrong since the last call.
func (p *page) takeErrors() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := p.errors
	p.errors = nil
	return out
}

// foreign lists the requests that went to another server than the page's own.
func (p *page) foreign(address string) []string {
	p.t.Helper()
	own, err := url.Parse(address)
	require.NoError(p.t, err)
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []string
	for _, r := range p.requests {
		if u, err := url.Parse(r); err != nil || (u.Host != own.Host && u.Scheme != "about" && u.Scheme != "data") {
			out = append(out, r)
		}
	}
	return out
}

// awaitPromise makes an evaluation wait for the promise that the expression is.
func awaitPromise(params *runtime.EvaluateParams) *runtime.EvaluateParams {
	return params.WithAwaitPromise(true)
}
