// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"text/template"
	"time"
)

// readyLine is what the Collector's service logs once every component runs.
const readyLine = "Everything is ready. Begin running and processing data."

// signalLine is what it logs when it ends because of a signal.
const signalLine = "Received signal from OS"

// Waits of the harness. They are bounds for a loaded machine, not expectations.
const (
	readyWithin = 2 * time.Minute
	stopWithin  = 2 * time.Minute
)

// Config says how to run one Logboom.
type Config struct {
	// Name tells several processes of a test apart in its output; default "logboom".
	Name string
	// Files are configuration files as shipped, given before YAML. Relative names are relative to the repository.
	Files []string
	// YAML is a configuration of the test's own: a template (see the package comment). It is merged over Files as the
	// Collector merges: maps key by key, lists as a whole.
	YAML string
	// Env are further environment variables, NAME=value; values are templates too.
	Env []string
	// Args are further arguments, e.g. --feature-gates=….
	Args []string
	// Dir is the working directory and holds all that [Logboom.Dir] names; default: a new one of the test's.
	Dir string
	// FailsAtStart says that the process is expected to end by itself; Start then waits for that.
	FailsAtStart bool
}

// Logboom is one running process of the shipped binary, restartable. Its methods are for one goroutine, the test's, except
// where they say otherwise.
type Logboom struct {
	t    testing.TB
	cfg  Config
	dir  string
	args []string
	env  []string

	mu    sync.Mutex
	ports map[string]int

	cmd    *exec.Cmd
	logs   *logBuffer
	exited chan struct{} // closed when cmd has ended
	err    error         // of cmd.Wait, valid after exited
}

// Start starts the binary and waits until it is ready.
func Start(t testing.TB, cfg Config) *Logboom {
	t.Helper()
	lb := Prepare(t, cfg)
	lb.Restart()
	return lb
}

// Prepare is Start without the start, which Restart or Launch does.
func Prepare(t testing.TB, cfg Config) *Logboom {
	t.Helper()
	if cfg.Name == "" {
		cfg.Name = "logboom"
	}
	lb := &Logboom{t: t, cfg: cfg, dir: cfg.Dir, ports: map[string]int{}}
	if lb.dir == "" {
		lb.dir = TempDir(t)
	}
	lb.configure()
	t.Cleanup(lb.cleanup)
	return lb
}

// Name is the process's, as configured.
func (lb *Logboom) Name() string { return lb.cfg.Name }

// TempDir makes a directory that is removed when the test passes and kept, and named, when it fails.
func TempDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "logboom-"+strings.NewReplacer("/", "-", " ", "-").Replace(t.Name())+"-")
	if err != nil {
		t.Fatalf("make directory: %v", err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("kept: %s", dir)
			return
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Errorf("remove directory: %v", err)
		}
	})
	return dir
}

// configure renders the templates and writes the configuration file.
func (lb *Logboom) configure() {
	lb.t.Helper()
	lb.args = nil
	for _, f := range lb.cfg.Files {
		if !filepath.IsAbs(f) {
			f = filepath.Join(Root(), f)
		}
		lb.args = append(lb.args, "--config", f)
	}
	if lb.cfg.YAML != "" {
		path := filepath.Join(lb.dir, lb.cfg.Name+".yaml")
		if err := os.WriteFile(path, []byte(lb.render(lb.cfg.YAML)), 0o600); err != nil {
			lb.t.Fatalf("write configuration: %v", err)
		}
		lb.args = append(lb.args, "--config", path)
	}
	// Its own metrics on a port of its own: the Collector's default is the same for every process.
	lb.args = append(lb.args, "--config", fmt.Sprintf(
		"yaml:service::telemetry::metrics::readers: [{pull: {exporter: {prometheus: {host: 127.0.0.1, port: %d}}}}]", lb.Port("metrics")))
	lb.args = append(lb.args, lb.cfg.Args...)
	lb.env = os.Environ()
	for _, e := range lb.cfg.Env {
		lb.env = append(lb.env, lb.render(e))
	}
}

// Configure replaces the test's own YAML; it takes effect at the next Restart or Reload.
func (lb *Logboom) Configure(yaml string) {
	lb.t.Helper()
	lb.cfg.YAML = yaml
	lb.configure()
}

func (lb *Logboom) render(text string) string {
	lb.t.Helper()
	tmpl, err := template.New(lb.cfg.Name).Option("missingkey=error").Funcs(template.FuncMap{
		"port": lb.Port, "addr": lb.Addr, "dir": lb.Dir, "root": Root,
	}).Parse(text)
	if err != nil {
		lb.t.Fatalf("parse template: %v", err)
	}
	var b strings.Builder
	if err := tmpl.Execute(&b, nil); err != nil {
		lb.t.Fatalf("render template: %v", err)
	}
	return b.String()
}

// Port returns the port of that name: a free one when first asked, the same one ever after.
func (lb *Logboom) Port(name string) int {
	lb.mu.Lock()
	defer lb.mu.Unlock()
	if p, ok := lb.ports[name]; ok {
		return p
	}
	p := FreePort(lb.t)
	lb.ports[name] = p
	return p
}

// Addr returns 127.0.0.1 with the port of that name.
func (lb *Logboom) Addr(name string) string { return fmt.Sprintf("127.0.0.1:%d", lb.Port(name)) }

// Dir returns the directory of that name below the process's directory, made when missing.
func (lb *Logboom) Dir(name ...string) string {
	path := filepath.Join(append([]string{lb.dir}, name...)...)
	if err := os.MkdirAll(path, 0o750); err != nil {
		lb.t.Fatalf("make directory: %v", err)
	}
	return path
}

// Loki returns a client of the Loki API at the port of that name.
func (lb *Logboom) Loki(port string) *Loki { return &Loki{URL: "http://" + lb.Addr(port)} }

// Restart starts the process and waits until it is ready; it must not be running.
func (lb *Logboom) Restart() {
	lb.t.Helper()
	lb.Launch()
	if lb.cfg.FailsAtStart {
		_ = lb.Wait()
		return
	}
	lb.WaitLog(readyLine, readyWithin)
}

// Ready reports whether the process has said since its last start or reload that it is ready.
func (lb *Logboom) Ready() bool { return strings.Contains(lb.Log(), readyLine) }

// Launch starts the process and waits for nothing; it must not be running.
func (lb *Logboom) Launch() {
	lb.t.Helper()
	if lb.Running() {
		lb.t.Fatalf("%s: restart while running", lb.cfg.Name)
	}
	cmd := exec.Command(Binary(lb.t), lb.args...) //nolint:noctx // ended by cleanup
	cmd.Dir, cmd.Env = lb.dir, lb.env
	// Not the test's own process group, so that an interrupt of the test does not look like a clean stop.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if lb.logs == nil {
		lb.logs = &logBuffer{}
	}
	lb.logs.mark()
	cmd.Stdout, cmd.Stderr = lb.logs, lb.logs
	if err := cmd.Start(); err != nil {
		lb.t.Fatalf("start %s: %v", lb.cfg.Name, err)
	}
	exited := make(chan struct{})
	lb.cmd, lb.exited = cmd, exited
	go func() {
		lb.err = cmd.Wait()
		close(exited)
	}()
}

// Running reports whether the process is alive.
func (lb *Logboom) Running() bool {
	if lb.cmd == nil {
		return false
	}
	select {
	case <-lb.exited:
		return false
	default:
		return true
	}
}

// WaitLog waits until text has been printed since the last start or reload; it fails the test when the process ends first.
func (lb *Logboom) WaitLog(text string, within time.Duration) {
	lb.t.Helper()
	deadline := time.Now().Add(within)
	for !strings.Contains(lb.Log(), text) {
		if !lb.Running() && !strings.Contains(lb.Log(), text) {
			lb.t.Fatalf("%s: ended (%v) before it said %q", lb.cfg.Name, lb.err, text)
		}
		if time.Now().After(deadline) {
			lb.t.Fatalf("%s: did not say %q within %s", lb.cfg.Name, text, within)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// Log returns what the process has printed since the last start or reload. Safe for concurrent use.
func (lb *Logboom) Log() string { return lb.logs.since() }

// Signal sends a signal.
func (lb *Logboom) Signal(sig syscall.Signal) {
	lb.t.Helper()
	if err := lb.cmd.Process.Signal(sig); err != nil {
		lb.t.Fatalf("%s: signal %s: %v", lb.cfg.Name, sig, err)
	}
}

// Wait waits for the process to end and returns its error; nil is exit code 0.
func (lb *Logboom) Wait() error {
	lb.t.Helper()
	select {
	case <-lb.exited:
		return lb.err
	case <-time.After(stopWithin):
		// The stacks are what one wants to see of a process that hangs.
		_ = lb.cmd.Process.Signal(syscall.SIGQUIT)
		time.Sleep(time.Second)
		lb.t.Fatalf("%s: did not end within %s", lb.cfg.Name, stopWithin)
		return nil
	}
}

// Terminate sends SIGTERM and waits; a clean end is expected. The Collector says that it is ready a moment before it asks for signals: one
// that comes in between ends it like a kill, and then it is started and asked again.
func (lb *Logboom) Terminate() {
	lb.t.Helper()
	for unheard := 0; ; unheard++ {
		lb.Signal(syscall.SIGTERM)
		err := lb.Wait()
		if err == nil {
			return
		}
		if !lb.unheard(syscall.SIGTERM) || unheard == 10 {
			lb.t.Fatalf("%s: end after SIGTERM: %v", lb.cfg.Name, err)
		}
		lb.Restart()
	}
}

// unheard reports whether a signal has ended the process before that asked for signals.
func (lb *Logboom) unheard(sig syscall.Signal) bool {
	var exit *exec.ExitError
	if !errors.As(lb.err, &exit) || strings.Contains(lb.Log(), signalLine) {
		return false
	}
	status, ok := exit.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == sig
}

// PID returns the id of the process that was started last.
func (lb *Logboom) PID() int { return lb.cmd.Process.Pid }

// CPU returns the processor time that the process has used; it must have ended.
func (lb *Logboom) CPU() time.Duration {
	return lb.cmd.ProcessState.UserTime() + lb.cmd.ProcessState.SystemTime()
}

// Kill sends SIGKILL and waits.
func (lb *Logboom) Kill() {
	lb.t.Helper()
	lb.Signal(syscall.SIGKILL)
	_ = lb.Wait()
}

// Reload sends SIGHUP and waits until the process is ready again.
func (lb *Logboom) Reload() {
	lb.t.Helper()
	lb.logs.mark()
	lb.Signal(syscall.SIGHUP)
	Eventually(lb.t, readyWithin, func() error {
		if lb.Ready() || !lb.Running() {
			return nil
		}
		return fmt.Errorf("%s is not ready again", lb.cfg.Name)
	})
	switch {
	case lb.Ready():
	case lb.unheard(syscall.SIGHUP): // see Terminate
		lb.Restart()
	default:
		lb.t.Fatalf("%s: ended (%v) after SIGHUP", lb.cfg.Name, lb.err)
	}
}

func (lb *Logboom) cleanup() {
	if lb.Running() {
		_ = lb.cmd.Process.Kill()
		<-lb.exited
	}
	if lb.t.Failed() && lb.logs != nil {
		path := filepath.Join(lb.dir, lb.cfg.Name+".log")
		all := lb.logs.all()
		_ = os.WriteFile(path, []byte(all), 0o600)
		const tail = 12_000
		if len(all) > tail {
			all = fmt.Sprintf("… (all of it: %s)\n%s", path, all[len(all)-tail:])
		}
		lb.t.Logf("%s printed:\n%s", lb.cfg.Name, all)
	}
}

// logBuffer collects the output of a process; a mark divides what is old.
type logBuffer struct {
	mu   sync.Mutex
	b    strings.Builder
	from int
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) mark() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.from = l.b.Len()
}

func (l *logBuffer) since() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()[l.from:]
}

func (l *logBuffer) all() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// taken holds the ports this process has given out, so that two names never share one.
var taken sync.Map

// FreePort returns a TCP port that is free now on the loopback interface, and is not one of those that the system gives to connections, so
// that it still is when a process wants it.
func FreePort(t testing.TB) int {
	t.Helper()
	for range 1000 {
		port := 25_000 + rand.IntN(7_000) //nolint:gosec // no secret
		if _, used := taken.LoadOrStore(port, true); used {
			continue
		}
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)) //nolint:noctx // closed at once
		if err != nil {
			continue
		}
		_ = l.Close()
		return port
	}
	t.Fatal(errors.New("find free port: a thousand tries"))
	return 0
}

// Eventually polls until check returns nil, and fails the test with its last error after the time given.
func Eventually(t testing.TB, within time.Duration, check func() error) {
	t.Helper()
	deadline := time.Now().Add(within)
	pause := 10 * time.Millisecond
	for {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after %s: %v", within, err)
		}
		time.Sleep(pause)
		pause = min(2*pause, 500*time.Millisecond)
	}
}
