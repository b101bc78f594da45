// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strings"
)

// Nothing here belongs to anybody: names and mail addresses are of reserved example domains, card
// numbers are random behind a prefix that payment providers hand out for tests, tokens are random.

type person struct{ name, email string }

var people = []person{
	{"amara", "amara.okafor@example.org"},
	{"bjorn", "bjorn.lindqvist@example.net"},
	{"chiara", "chiara.romano@example.com"},
	{"deepak", "deepak.iyer@example.org"},
	{"elif", "elif.demir@example.net"},
	{"freya", "freya.hansen@example.com"},
	{"goran", "goran.petrovic@example.org"},
	{"hana", "hana.novakova@example.net"},
}

var passwords = []string{"tulip-43-harbour", "Nordwind!2291", "s3gelboot#blau", "kite.lantern.77"}

var products = []string{"kettle-12", "lamp-oak", "mug-blue", "rug-230", "teapot-3", "vase-tall"}

var agents = []string{
	"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
	"Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15",
	"ShopApp/4.2 (Android 14)",
}

// javaTrace is the stack of a payment call that waited too long.
func javaTrace(rng *rand.Rand) string {
	lines := []string{
		"shop.checkout.PaymentTimeoutException: no answer from payment within 3000 ms",
		fmt.Sprintf("\tat shop.checkout.PaymentClient.charge(PaymentClient.java:%d)", 80+rng.IntN(3)),
		"\tat shop.checkout.OrderService.pay(OrderService.java:141)",
		"\tat shop.checkout.OrderController.create(OrderController.java:57)",
		"\tat java.base/java.lang.Thread.run(Thread.java:1583)",
		"Caused by: java.net.SocketTimeoutException: Read timed out",
		"\tat java.base/sun.nio.ch.NioSocketImpl.timedRead(NioSocketImpl.java:278)",
		"\tat java.base/java.net.Socket$SocketInputStream.read(Socket.java:1099)",
		"\t... 12 more",
	}
	return strings.Join(lines, "\n")
}

// traceback is what a bug in the stock keeping leaves behind.
func traceback(rng *rand.Rand, sku string) string {
	lines := []string{
		"Traceback (most recent call last):",
		`  File "/srv/inventory/stock.py", line 88, in reserve`,
		"    shelf = self.shelves[sku]",
		"            ~~~~~~~~~~~~^^^^^",
		fmt.Sprintf("KeyError: '%s/%d'", sku, rng.IntN(9)),
	}
	return strings.Join(lines, "\n")
}

// fakeCard is a card number with a right check digit (Luhn) and a test prefix.
func fakeCard(rng *rand.Rand) string {
	digits := []byte("400000")
	for len(digits) < 15 {
		digits = append(digits, byte('0'+rng.IntN(10)))
	}
	sum := 0
	for i, d := range digits {
		n := int(d - '0')
		if i%2 == 0 { // counted from the right, the check digit included, this is every second digit
			if n *= 2; n > 9 {
				n -= 9
			}
		}
		sum += n
	}
	return string(append(digits, byte('0'+(10-sum%10)%10)))
}

// fakeJWT has the three parts of a token; its signature signs nothing.
func (s *shop) fakeJWT() string {
	part := base64.RawURLEncoding.EncodeToString
	return part([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." +
		part([]byte(`{"sub":"`+s.hex(8)+`","iss":"shop.example"}`)) + "." + part([]byte(s.hex(32)))
}

// fakeAccessKey has the shape of a cloud access key.
func (s *shop) fakeAccessKey() string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	b := []byte("AKIA")
	for len(b) < 20 {
		b = append(b, letters[s.rng.IntN(len(letters))])
	}
	return string(b)
}
