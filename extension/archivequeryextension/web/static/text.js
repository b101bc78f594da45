// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// What log lines hold was written by anybody. textContent keeps it from becoming markup; this file
// keeps it from deceiving the eye or drowning the page.

const ansi = /\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)/g;
const control = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/g;
const direction = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

// visible takes terminal colours out and shows what else has no shape of its own: control characters
// as their pictures, characters that reverse the direction of writing by their code.
export function visible(text) {
  return text
    .replace(ansi, '')
    .replace(/\r\n/g, '\n')
    .replace(control, (c) => (c < ' ' ? String.fromCharCode(0x2400 + c.charCodeAt(0)) : c === '\x7f' ? '\u2421' : '\ufffd'))
    .replace(direction, (c) => `\u27e8U+${c.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}\u27e9`);
}

// cut shortens text to at most max characters without tearing a character in two.
export function cut(text, max) {
  if (text.length <= max) return text;
  const code = text.charCodeAt(max - 1);
  return text.slice(0, code >= 0xd800 && code <= 0xdbff ? max - 1 : max);
}

// headOf is the first line of text with something in it, and how many lines follow.
export function headOf(text, max) {
  const trimmed = text.replace(/^\s*\n/, '');
  const end = trimmed.indexOf('\n');
  if (end < 0) return { head: visible(cut(trimmed, max)), more: 0 };
  let more = 0;
  for (let at = end; at >= 0 && at < trimmed.length - 1; at = trimmed.indexOf('\n', at + 1)) more++;
  return { head: visible(cut(trimmed.slice(0, end), max)), more };
}

const number = new Intl.NumberFormat('en');
export const count = (n) => number.format(n);
export const plural = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;
