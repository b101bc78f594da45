// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package stacktrace

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/internal/cputime"
)

func TestFind(t *testing.T) {
	check := func(text, typ, message, stack string) {
		t.Helper()
		e, ok := Find(text)
		assert.Equal(t, typ != "", ok, text)
		assert.Equal(t, typ, e.Type, text)
		assert.Equal(t, message, e.Message, text)
		if typ != "" {
			assert.True(t, strings.HasPrefix(e.Stacktrace, stack), "%q begins with %q", e.Stacktrace, stack)
			assert.True(t, strings.HasSuffix(strings.TrimRight(text, " \r\n"), e.Stacktrace), text)
		}
	}
	// Java
	check("2026-01-02 03:04:05 ERROR [main] shop.Cart - order failed\norg.shop.StockException: none left\n\tat org.shop.Cart.take(Cart.java:12)\n\tat org.shop.Main.main(Main.java:3)\nCaused by: java.sql.SQLException: gone\n\t... 2 more\n",
		"org.shop.StockException", "none left", "org.shop.StockException: none left\n\tat ")
	check("ERROR x\njava.lang.NullPointerException\n\tat a.B.c(B.java:1)", "java.lang.NullPointerException", "", "java.lang.NullPointerException\n")
	check("ERROR x\r\njava.lang.IllegalStateException: two\r\nlines: of it\r\n\tat a.B.c(B.java:1)\r\n", "java.lang.IllegalStateException", "two\r\nlines: of it", "java.lang.Ill")
	check("ERROR went wrong: java.io.IOException: closed\n\tat a.B.c(B.java:1)", "java.io.IOException", "closed", "java.io.IOException: closed\n\tat")
	check("boot\nException in thread \"main\" java.lang.OutOfMemoryError: heap\n\tat a.B.c(B.java:1)", "java.lang.OutOfMemoryError", "heap", "Exception in thread")
	check("ERROR more\nNote: this is prose\nkotlin.KotlinNullPointerException: x\n    at a.B.c(B.kt:1)", "kotlin.KotlinNullPointerException", "x", "kotlin.")
	check("ERROR wrapped\ncom.a.Outer$InnerException: a\n\tat x.Y.z(Y.java)\n", "com.a.Outer$InnerException", "a", "com.a.")
	// .NET
	check("fail: Shop[0]\n      System.InvalidOperationException: outer\n       ---> System.Exception: inner\n         at Shop.B() in C:\\b.cs:line 2\n         --- End of inner exception stack trace ---\n         at Shop.A()",
		"System.InvalidOperationException", "outer", "System.InvalidOperationException: outer\n")
	check("crash\nUnhandled exception. System.ArgumentException: bad\n   at Shop.A()", "System.ArgumentException", "bad", "Unhandled exception. ")
	// JavaScript
	check("[error] no answer\nTypeError: Cannot read properties of undefined (reading 'id')\n    at get (/app/cart.js:3:9)\n    at async run (node:internal:1:1)", "TypeError", "Cannot read properties of undefined (reading 'id')", "TypeError: ")
	check("x\nError [ERR_CLOSED]: it is closed\n    at f (/a.js:1:1)", "Error", "it is closed", "Error [ERR_CLOSED]")
	check("x\nCustom: odd\n    at f (/a.js:1:1)", "Custom", "odd", "Custom: odd")
	check("Error: boom\n    at foo (/app/x.js:1:7)", "Error", "boom", "Error: boom\n")
	check("Uncaught Error: boom\n    at foo (/app/x.js:1:7)", "Error", "boom", "Uncaught Error: boom\n")
	check("Error [ERR_X]: boom\nof two lines\n    at file:///app/x.mjs:1:7\n    at node:internal:1:1", "Error", "boom\nof two lines", "Error [ERR_X]: boom\n")
	check("Error\n    at <anonymous>", "Error", "", "Error\n")
	check("12:00:00 error: Error: boom\n    at foo (/app/x.js:1:7)", "Error", "boom", "Error: boom\n")
	check("Error: not a type: java.io.IOException: closed\n\tat a.B.c(B.java:1)", "java.io.IOException", "closed", "java.io.IOException: closed\n")
	check("Error: no type at all\n\tat a.B.c(B.java:1)", "", "", "")
	check("org.shop.Cart: failed: java.io.IOException: closed\n\tat a.B.c(B.java:1)", "java.io.IOException", "closed", "java.io.IOException: closed\n")
	// .NET from the first line on
	check("System.Exception: b ---> System.IO.IOException: inner\n   at X.Y()\n   --- End of inner exception stack trace ---\n   at Z()", "System.Exception", "b", "System.Exception: b ---> ")
	check("System.Exception: b\n ---> System.IO.IOException: inner\n   at X.Y()", "System.Exception", "b", "System.Exception: b\n ---> ")
	check("System.Exception: a ---> b\n   at X.Y()", "System.Exception", "a ---> b", "System.Exception: a ---> b\n")
	check("crash\nSystem.Exception: b ---> System.IO.IOException: inner\r\n   at X.Y()", "System.Exception", "b", "System.Exception: b ---> ")
	check("Unhandled exception. System.Exception: b\n   at X.Y()", "System.Exception", "b", "Unhandled exception. System.Exception: b\n")
	// Python
	check("2026 - api - ERROR - failed\nTraceback (most recent call last):\n  File \"/app/a.py\", line 3, in f\n    g()\n  File \"/app/b.py\", line 9, in g\n    raise KeyError('id')\nKeyError: 'id'\n", "KeyError", "'id'", "Traceback (most")
	check("ERROR Traceback (most recent call last):\n  File \"a.py\", line 1, in <module>\n    1/0\n    ~^~\nZeroDivisionError: division by zero", "ZeroDivisionError", "division by zero", "Traceback")
	check("ERROR x\nTraceback (most recent call last):\n  File \"a.py\", line 1, in f\nKeyError: 'a'\n\nDuring handling of the above exception, another exception occurred:\n\nTraceback (most recent call last):\n  File \"a.py\", line 2, in f\nshop.errors.StockError: none\nleft", "shop.errors.StockError", "none\nleft", "Traceback (most recent call last):\n  File \"a.py\", line 1")
	check("ERROR x\nTraceback (most recent call last):\n  File \"a.py\", line 1, in f\nKeyboardInterrupt", "KeyboardInterrupt", "", "Traceback")
	check("ERROR x\nTraceback (most recent call last):\n  File \"a.py\", line 1, in f\n", "", "", "")
	// Go
	check("starting\npanic: runtime error: index out of range [5] with length 3\n\ngoroutine 1 [running]:\nmain.main()\n\t/x.go:8 +0x1d\nexit status 2", "runtime.Error", "runtime error: index out of range [5] with length 3", "panic: ")
	check("starting\npanic: runtime error: invalid memory address or nil pointer dereference\n[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x1]\n\ngoroutine 1 [running]:\nmain.main()", "runtime.Error", "runtime error: invalid memory address or nil pointer dereference", "panic: ")
	check("2026/01/02 03:04:05 http: panic serving 127.0.0.1:4711: no stock\ngoroutine 7 [running]:\nnet/http.(*conn).serve.func1()", "panic", "no stock", "panic serving ")
	check("x\nfatal error: all goroutines are asleep - deadlock!\n\ngoroutine 1 [chan receive]:\nmain.main()", "fatal error", "all goroutines are asleep - deadlock!", "fatal error")
	// Ruby, PHP, Rust
	check("E, [2026-01-02T03:04:05.000000 #7] ERROR -- : none left (StockError)\n/app/cart.rb:3:in `take'\n/app/main.rb:9:in `<main>'", "StockError", "none left", "none left (StockError)\n")
	check("starting\n/app/cart.rb:3:in 'Cart#take': none left (Shop::StockError)\n\tfrom /app/main.rb:9:in '<main>'", "Shop::StockError", "none left", "none left (Shop")
	check("NoMethodError: undefined method 'id' for nil\n/app/a.rb:3:in 'f'\n/app/b.rb:4:in 'g'", "NoMethodError", "undefined method 'id' for nil", "NoMethodError: ")
	check("NameError: undefined x\n\nDid you mean?  y\n/app/a.rb:3:in 'f'", "NameError", "undefined x\n\nDid you mean?  y", "NameError: ")
	check("Shop::Empty: none left\n/app/a.rb:3:in 'f'", "Shop::Empty", "none left", "Shop::Empty: ")
	check("job failed\nShop::Empty: none left\n/app/a.rb:3:in 'f'", "Shop::Empty", "none left", "Shop::Empty: ")
	check("E, [2026-01-02T03:04:05.000000 #7] ERROR -- : StockError: none left\n/app/a.rb:3:in 'f'", "StockError", "none left", "StockError: ")
	check("ActionController::RoutingError (No route matches \"/x\"):\n  \nlib/a.rb:3:in 'call'", "ActionController::RoutingError", "No route matches \"/x\"", "ActionController::")
	check("ERROR: none left\n/app/a.rb:3:in 'f'", "", "", "")
	check("PHP Fatal error:  Uncaught Shop\\StockException: none left in /app/cart.php:3\nStack trace:\n#0 /app/main.php(9): take()\n#1 {main}\n  thrown in /app/cart.php on line 3", "Shop\\StockException", "none left", "Shop\\StockException: ")
	check("x\nthread 'main' panicked at src/main.rs:2:5:\nnone left\nstack backtrace:\n   0: rust_begin_unwind", "panic", "none left", "thread 'main'")
	check("x\nthread 'main' panicked at 'none left', src/main.rs:2:5\nstack backtrace:\n   0: rust_begin_unwind", "panic", "none left", "thread 'main'")
	// none
	for _, text := range []string{
		"", "\n", "one line", "java.lang.Exception: x", "two\nlines", "look\n  at me", "look\n  at 5: you", "x\n#0 y", "x\nStack trace:\n#0 y", "goroutine\ngoroutine 1 [running]:",
		"a\n  File \"x\"", "a\nTraceback (most recent call last):", "see\n\tfoo.rb:1:in `x'", "x\nstack backtrace:",
	} {
		check(text, "", "", "")
	}
}

func TestRead(t *testing.T) {
	check := func(text, typ, message string) {
		t.Helper()
		e, ok := Read(text)
		assert.Equal(t, typ != "", ok, text)
		assert.Equal(t, typ, e.Type)
		assert.Equal(t, message, e.Message)
	}
	check("java.io.IOException: closed\n\tat a.B.c(B.java:1)\n", "java.io.IOException", "closed")
	check("TypeError: no\n    at x.js:1:1", "TypeError", "no")
	check("Traceback (most recent call last):\n  File \"a.py\", line 1, in f\nValueError: x", "ValueError", "x")
	check("java.io.IOException: closed", "java.io.IOException", "closed")
	check("ValueError", "ValueError", "")
	check("it failed: badly", "", "")
	check("System.Exception: b ---> System.IO.IOException: inner", "System.Exception", "b")
	check("none", "", "")
	check("", "", "")
}

// TestReadGo: stacks of Go's that are no panic have no type, maybe a message.
func TestReadGo(t *testing.T) {
	check := func(text, message string, want bool) {
		t.Helper()
		e, ok := Read(text)
		require.Equal(t, want, ok, text)
		if ok {
			assert.Equal(t, Exception{Message: message, Stacktrace: strings.TrimSpace(text)}, e)
		}
	}
	check("main.handler\n\t/app/main.go:42\nnet/http.HandlerFunc.ServeHTTP\n\t/usr/lib/go/server.go:2294\n", "", true)
	check("cannot buy: none left\nshop/cart.(*Cart).Take\n\t/app/cart.go:7\nruntime.goexit\n\t/usr/lib/go/asm.s:1", "cannot buy: none left", true)
	check("goroutine 1 [running]:\nmain.main()\n\t/app/main.go:8 +0x1d", "", true)
	check("goroutine 1 [running]", "", false)
	check("see\n\tmain.go:7", "", false)
	check("two words.\n\tmain.go:7", "", false)
	check("main.f\n\tmain.go:x", "", false)
	e, ok := Read("panic: boom\n\ngoroutine 1 [running]:\nmain.main()\n\t/app/main.go:8")
	require.True(t, ok)
	assert.Equal(t, "panic", e.Type)
}

func TestBounds(t *testing.T) {
	deep := "x\na.BException: ü\n" + strings.Repeat("\tat a.B.ü(B.java:1)\n", 10_000)
	e, ok := Find(deep)
	require.True(t, ok)
	assert.LessOrEqual(t, len(e.Stacktrace), MaxBytes)
	assert.Greater(t, len(e.Stacktrace), MaxBytes-utf8.UTFMax)
	assert.True(t, utf8.ValidString(e.Stacktrace))
	deep = "x\nTraceback (most recent call last):\n" + strings.Repeat("  File \"ü\", line 1, in f\n", 10_000) + "ValueError: the end"
	e, ok = Find(deep)
	require.True(t, ok)
	assert.LessOrEqual(t, len(e.Stacktrace), MaxBytes)
	assert.True(t, strings.HasSuffix(e.Stacktrace, "ValueError: the end"))
	assert.True(t, utf8.ValidString(e.Stacktrace))
}

// TestLinear: texts made to be looked at again and again take no longer than others of their size.
func TestLinear(t *testing.T) {
	for _, unit := range []string{
		"\n", "\n  File \"x\"", "\nStack trace:\n#0 x", "\n#0 x", "\nA:", "\n\ta", "\nError", "\nException in thread \"", " Error", "panic: ", "\nTraceback (most recent call las",
		"\nCaused by: Uncaught ", "\n  ", "x.rb: ", "\nError [", "\nError [:", "\n\tx.go:1", " ---> ", "\nA::", " -- : ", "Error: ",
	} {
		for _, end := range []string{"", "\n\tat x", "\ngoroutine 1 [running]:", "\nx.rb:1:in `y'", "\nstack backtrace:", "\nTraceback (most recent call last):\nX"} {
			text := strings.Repeat(unit, 1<<20/len(unit)) + end
			took := cputime.Of(func() {
				Find(text)
				Read(text)
			})
			require.Less(t, took, 10*time.Second, "%q %q", unit, end) // quadratic: hours
		}
	}
}

// FuzzFind: what is found is part of the text, bounded, and has a type.
func FuzzFind(f *testing.F) {
	f.Add("x\na.BException: m\n\tat a.B.c(B.java:1)")
	f.Add("x\nTraceback (most recent call last):\n  File \"a.py\", line 1, in f\nKeyError: 'a'")
	f.Add("x\npanic: y\n\ngoroutine 1 [running]:")
	f.Add("PHP Uncaught X: none left in /app\nStack trace:\n#0 /app/main.php(9): take()")
	f.Add("x (StockError)\n/app/cart.rb:3:in `take'")
	f.Add("NameError: x\n/app/cart.rb:3:in 'take'")
	f.Add("a: b\nmain.f\n\t/app/main.go:42")
	f.Add("Error: boom\n    at foo (/app/x.js:1:7)")
	f.Add("System.Exception: b ---> System.IO.IOException: c\n   at X.Y()")
	f.Add("x\nthread 'main' panicked at 'y', x:1\nstack backtrace:")
	f.Fuzz(func(t *testing.T, text string) {
		for _, find := range []func(string) (Exception, bool){Find, Read} {
			e, ok := find(text)
			if !ok {
				continue
			}
			if e.Type == "" && !strings.Contains(e.Stacktrace, ".go:") && !strings.HasPrefix(e.Stacktrace, "goroutine ") || len(e.Stacktrace) > MaxBytes || !strings.Contains(text, e.Type) && e.Type != "panic" && e.Type != "runtime.Error" ||
				!strings.Contains(text, e.Message) || !strings.Contains(text, e.Stacktrace) {
				t.Fatalf("%q is %+v", text, e)
			}
		}
	})
}

// benchmarkTexts are what most records have, a text of one line, and texts with and without a stack trace.
var benchmarkTexts = map[string]string{
	"one line": strings.Repeat("word ", 40),
	"no trace": strings.Repeat("some words of a line of text\n", 20),
	"java":     "ERROR [main] shop.Cart - order failed\norg.shop.StockException: none left\n" + strings.Repeat("\tat org.shop.Cart.take(Cart.java:12)\n", 20),
	"python":   "ERROR - failed\nTraceback (most recent call last):\n" + strings.Repeat("  File \"/app/a.py\", line 3, in f\n    g()\n", 10) + "KeyError: 'id'",
}

func BenchmarkFind(b *testing.B) {
	for name, text := range benchmarkTexts {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				Find(text)
			}
		})
	}
}

// TestFindAllocations: all that is found is part of the text.
func TestFindAllocations(t *testing.T) {
	for name, text := range benchmarkTexts {
		assert.Zero(t, testing.AllocsPerRun(20, func() {
			Find(text)
			Read(text)
		}), name)
	}
}
