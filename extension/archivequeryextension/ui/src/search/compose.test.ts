// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

import { describe, expect, test } from 'vitest';

import type { Filter } from '../state/url';
import { compose, everything, searched } from './compose';

const all = everything.slice(1, -1);
const of = (q: string, ...filters: Filter[]): string => compose(q, filters).logql;
const f = (kind: Filter['kind'], name: string, value: string, op: Filter['op'] = '='): Filter => ({ kind, name, value, op });

describe('plain words', () => {
  const check = (q: string, want: string): void => test(q || 'nothing', () => expect(of(q)).toBe(want));
  const line = (q: string, want: string): void => check(q, `{${all}} ${want}`);
  check('', everything);
  check('   ', everything);
  line('timeout', '|~ "(?i)timeout"');
  line('Timeout', '|= "Timeout"');
  line('a1b2c3', '|= "a1b2c3"');
  line('502', '|= "502"');
  line('10.0.0.1', '|= "10.0.0.1"');
  line('größe', '|~ "(?i)größe"');
  line('connection refused', '|~ "(?i)connection" |~ "(?i)refused"');
  line('"connection refused"', '|= "connection refused"');
  line('"say \\"no\\""', '|= `say "no"`');
  line('"no end', '|= "no end"');
  line('a.b(c', '|~ `(?i)a\\.b\\(c`');
  line('-health', '!~ "(?i)health"');
  line('NOT Health', '!= "Health"');
  line('--force', '|~ "(?i)--force"');
  line('- x', '|~ "(?i)-" |~ "(?i)x"'.replace('|~ "(?i)-"', '|= "-"'));
  line('a AND b', '|~ "(?i)a" |~ "(?i)b"');
  line('Timeout OR Refused', '|= "Timeout" or "Refused"');
  line('timeout OR Refused', '|~ "(?i)timeout" or "Refused"');
  line('or', '|~ "(?i)or"');
  line('/5\\d\\d$/', '|~ `5\\d\\d$`');
  line('/user left/i', '|~ "(?i)user left"');
  line('-/x+/', '!~ "x+"');
  line('/api/v1/orders', '|= "/api/v1/orders"');
  line('http://shop.example/x', '|~ `(?i)http://shop\\.example/x`');
  line('error: no', '|~ "(?i)error:" |~ "(?i)no"');
  line('{"level":"Error"}', '|= `{"level":"Error"}`');
  line('level:error', '| detected_level="error"');
  line('level=ERR', '| detected_level="error"');
  line('level>=warn', '| detected_level=~"warn|error|fatal"');
  line('level:error,fatal', '| detected_level=~"error|fatal"');
  line('-level:debug', '| detected_level!="debug"');
  line('level:error OR level:fatal', '| detected_level="error" or detected_level="fatal"');
  line('http.status_code=502', '| http_status_code="502"');
  line('took>250ms timeout', '|~ "(?i)timeout" | took > 250ms');
  line('pod:web-*', '| k8s_pod_name=~"web-.*"');
  line('user:"Ann B"', '| user="Ann B"');
  line('path=~/api/.*', '| path=~"/api/.*"');
  line('trace:abc', '| trace_id="abc"');
  check('service:checkout', '{service_name="checkout"}');
  check('service_name=checkout timeout', '{service_name="checkout"} |~ "(?i)timeout"');
  check('service:check*', '{service_name=~"check.*"}');
  check('service:*', '{service_name=~".+"}');
  check('-service:*', `{${all}, service_name!~".+"}`);
  check('service=~"x|"', `{${all}, service_name=~"x|"}`);
  line('pod:*', '| k8s_pod_name=~".+"');
  line('-status>=500', '| status < 500 or status=""');
  check('service:a OR service:b', '{service_name=~"a|b"}');
  check('-service:noise', `{${all}, service_name!="noise"}`);
  test('what LogQL cannot say is told', () => {
    expect(compose('timeout OR level:error', []).error).toContain('OR');
    expect(compose('-a OR b', []).error).toContain('OR');
    expect(compose('a OR b', []).error).toBe('');
  });
});

describe('filters behind plain words', () => {
  test('stream labels become the selector', () => {
    expect(of('x', f('stream', 'service_name', 'cart'))).toBe('{service_name="cart"} |~ "(?i)x"');
    expect(of('', f('stream', 'service_name', 'cart'), f('stream', 'service_name', 'a.b'))).toBe('{service_name=~`cart|a\\.b`}');
    expect(of('', f('stream', 'service_name', 'cart', '!='))).toBe(`{${all}, service_name!="cart"}`);
    expect(of('', f('stream', 'deployment.environment', 'prod'))).toBe('{deployment_environment="prod"}');
  });
  test('fields stand behind the lines, one name is alternatives', () => {
    expect(of('x', f('field', 'detected_level', 'error'), f('field', 'detected_level', 'fatal'), f('field', 'pod', 'p', '!='), f('line', '', 'y'))).toBe(
      `{${all}} |= "y" |~ "(?i)x" | detected_level="error" or detected_level="fatal" | pod!="p"`.replace('|= "y" |~ "(?i)x"', '|= "y" |~ "(?i)x"'),
    );
  });
  test('what is in a line needs its parser, once', () => {
    expect(of('', f('json', 'status', '500'), f('json', 'path', '/'))).toBe(`{${all}} |= "500" | json | status="500" | path="/"`);
    expect(of('', f('logfmt', 'took', '5ms', '!='))).toBe(`{${all}} | logfmt | took!="5ms"`);
    expect(of('', f('json', 'a', '1'), f('logfmt', 'b', '2'))).toBe(`{${all}} |= "1" |= "2" | json | a="1" | logfmt | b="2"`);
    expect(of('', f('json', 'a', 'x y'), f('json', 'a', 'z'))).toBe(`{${all}} |= "x y" or "z" | json | a="x y" or a="z"`);
    expect(of('', f('json', 'a', 'x'), f('json', 'a', 'say "no"'))).toBe(`{${all}} | json | a="x" or a=\`say "no"\``);
  });
  test('parts of pipelines', () => {
    expect(of('', f('pipe', '', '|> "a <_> b"'))).toBe(`{${all}} |> "a <_> b"`);
    expect(of('', f('pipe', '', '|> "a <_> b"', '!='))).toBe(`{${all}} !> "a <_> b"`);
  });
});

describe('filters in LogQL', () => {
  const check = (q: string, filters: Filter[], want: string): void => test(q, () => expect(of(q, ...filters)).toBe(want));
  const s = f('stream', 'env', 'prod');
  check('{a="b"}', [s], '{a="b", env="prod"}');
  check('{a="}"}', [s], '{a="}", env="prod"}');
  check('{a="b",}', [s], '{a="b", env="prod",}');
  check('{}', [s], '{env="prod"}');
  check('{}', [], everything);
  check('{service_name=~".+"} | json', [f('stream', 'service_name', 'x')], '{service_name="x"} | json');
  check('|= "x"', [], `${everything} |= "x"`);
  check('| json | a="b"', [s], '{env="prod"} | json | a="b"');
  check('{a="b"} |= "x" | json | y="z"', [f('field', 'lvl', 'e'), f('line', '', 'q')], '{a="b"} |= "q" |= "x" | lvl="e" | json | y="z"');
  check('{a="b"} | json | y="z" | line_format "{{.y}}"', [f('json', 'k', 'v')], '{a="b"} | json | k="v" | y="z" | line_format "{{.y}}"');
  check('{a="b"} | json x="a.b" | x="1"', [f('json', 'k', 'v')], '{a="b"} |= "v" | json x="a.b" | json | k="v" | x="1"');
  check('{a="b"} | pattern "<x> <_>" | x="1"', [f('parsed', 'x', 'v', '!=')], '{a="b"} | pattern "<x> <_>" | x!="v" | x="1"');
  check('{a="b"} | logfmt --strict', [f('logfmt', 'x', 'v')], '{a="b"} | logfmt --strict | x="v"');
  check(
    'sum by (x) (rate({a="b"} |= "[5m" | json [5m])) / sum(rate({c="d"}[5m]))', [s, f('json', 'k', 'v'), f('pipe', '', '|> "t"')],
    'sum by (x) (rate({a="b", env="prod"} |= "[5m" | json | k="v" |> "t" [5m])) / sum(rate({c="d", env="prod"} |= "v" | json | k="v" |> "t"[5m]))',
  );
  check('{a="b"} # {c="d"}\n|= "x"', [s], '{a="b", env="prod"} # {c="d"}\n|= "x"');
  check('{a="b"', [], '{a="b"');
});

describe('which it is', () => {
  const plain = (q: string, want: boolean): void => test(q, () => expect(compose(q, []).plain).toBe(want));
  plain('{a="b"}', false);
  plain('{', false);
  plain('{ser', false);
  plain('{"a":1}', true);
  plain('map{x} [5', true);
  plain('rate({a="b"}[5m])', false);
  plain('topk(3, sum by (x) (rate({a="b"} [1h])))', false);
  plain('sum', true);
  plain('| json', false);
  plain('# c\n{a="b"}', false);
  test('metric', () => {
    expect(compose('rate({a="b"}[5m])', []).metric).toBe(true);
    expect(compose('({a="b"})', []).metric).toBe(false);
    expect(compose('# c\n {a="b"} |= "["', []).metric).toBe(false);
    expect(compose('1 + sum(rate({a="b"}[5m]))', []).metric).toBe(true);
  });
});

test('what is marked', () => {
  expect(searched(of('timeout "Conn reset" -no /a+/ a.b'))).toEqual(['timeout', 'Conn reset', 'a.b']);
  expect(searched('{a="|= \\"x\\""} |= "y" or `z` | b != "c" |= "d" | json | e="f" |~ "(?i)g"')).toEqual(['y', 'z', 'd', 'g']);
});

test('no input breaks it', () => {
  const parts = ['{', '}', '"', '`', '|', '=', '!=', 'a', ' ', '\\', '[5m]', '(', ')', '#', '\n', 'or', 'OR', '-', '/', ':', '| json', ',', '\u2028'];
  let seed = 7;
  const next = (n: number): number => (seed = (seed * 48271) % 2147483647) % n;
  for (let i = 0; i < 5000; i++) {
    let q = '';
    for (let n = next(12); n >= 0; n--) q += parts[next(parts.length)] ?? '';
    const c = compose(q, [f('stream', 'a', 'b'), f('field', 'c', 'd'), f('json', 'e', 'f'), f('line', '', 'g')]);
    expect(c.logql.length).toBeGreaterThan(0);
    searched(c.logql);
  }
});
