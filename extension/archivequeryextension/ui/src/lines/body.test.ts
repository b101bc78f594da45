// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

import { describe, expect, it } from 'vitest';

import { bodyOf, fieldsOf, flatten, fold, levelOf, readJson, readLogfmt, valueOf } from './body';
import { curlOf, jsonOf, selectorOf, sourceOf } from './copies';
import type { Rec } from './cursor';
import { estimator } from './estimate';

const rec = (line: string, metadata: Record<string, string> = {}, stream: Record<string, string> = { service_name: 'cart' }): Rec => ({
  time: '1768435200000000001', line, stream, metadata,
});

const java = `java.lang.IllegalStateException: no stock
\tat shop.Inventory.reserve(Inventory.java:48)
\tat shop.Cart.add(Cart.java:12)
Caused by: java.net.ConnectException: refused
\tat java.net.Socket.connect(Socket.java:1)
\t... 12 more`;
const python = `Traceback (most recent call last):
  File "app.py", line 3, in <module>
    main()
  File "app.py", line 9, in main
    raise ValueError("bad sku")
ValueError: bad sku
`;

describe('body', () => {
  it('shows the message of JSON first, then what is not told elsewhere', () => {
    const line = JSON.stringify({
      level: 'info', ts: 1768436991.15, caller: 'api/handler.go:70', msg: 'done', pod: 'cart-zdf5b', trace_id: '867630cc', http: { status: 200, peer: { ip: '::1' } }, tags: ['a'], user: null,
    });
    const b = bodyOf(rec(line, { k8s_pod_name: 'cart-zdf5b', trace_id: '867630cc', detected_level: 'info' }));
    expect(b.kind).toBe('json');
    expect(b.message).toBe('done');
    expect(b.pairs.map((p) => `${p.key}=${p.value}`)).toEqual(['caller=api/handler.go:70', 'http.status=200', 'http.peer.ip=::1', 'tags=["a"]', 'user=null']);
    expect(bodyOf(rec(line), [], true)).toEqual({ kind: 'text', message: line, pairs: [], more: 0, trace: false });
  });
  it('does not leave out what was searched for', () => {
    const line = JSON.stringify({ level: 'info', msg: 'done', trace_id: '867630cc', a: 1 });
    const r = rec(line, { trace_id: '867630cc' });
    expect(bodyOf(r).pairs.map((p) => p.key)).toEqual(['a']);
    expect(bodyOf(r, ['867630CC']).pairs.map((p) => p.key)).toEqual(['trace_id', 'a']);
    expect(bodyOf(rec(JSON.stringify({ msg: 'call to cart', service: 'cart' })), ['cart']).pairs).toEqual([]); // seen in the message
    expect(bodyOf(r, ['"a":1']).message).toBe(line); // a hit across the structure: as it was written
  });
  it('reads logfmt with a message, and leaves other text alone', () => {
    const b = bodyOf(rec('ts=2026-01-15T00:29:51Z level=warn caller=a.go:95 msg="slow \\"q\\"" took=2197ms empty='));
    expect([b.kind, b.message, b.pairs.map((p) => `${p.key}=${p.value}`)]).toEqual(['logfmt', 'slow "q"', ['caller=a.go:95', 'took=2197ms']]);
    expect(bodyOf(rec('a=1 b=2')).kind).toBe('text');
    expect(readLogfmt('a=1 and then b=2')).toBe(null);
    expect(readLogfmt('GET /x?a=1 HTTP/1.1')).toBe(null);
    expect(readLogfmt(`${'a=1 '.repeat(20_000)}"`)).toBe(null);
  });
  it('reads only objects as JSON', () => {
    for (const line of ['[1,2]', '{broken', '{"a":1} x', '3', '', '{}x']) expect(readJson(line)).toBe(null);
    expect(readJson(' {"a":{"b":[1]}} ')).toEqual({ a: { b: [1] } });
    expect(readJson(`{"a":"${'x'.repeat(300_000)}"}`)).toBe(null);
  });
  it('keeps names of prototypes names', () => {
    const b = bodyOf(rec('{"__proto__":{"polluted":1},"constructor":"c","msg":"m","toString":"t"}'));
    expect(b.pairs.map((p) => p.key)).toContain('constructor');
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    expect(valueOf(rec('{"msg":"m"}'), 'toString')).toBe('');
  });
  it('folds stack traces, to what they say', () => {
    expect(fold(java)).toEqual({ head: 'java.lang.IllegalStateException: no stock … Caused by: java.net.ConnectException: refused', more: 5, trace: true });
    expect(fold(python)).toEqual({ head: 'ValueError: bad sku', more: 5, trace: true });
    expect(fold('one line')).toEqual({ head: 'one line', more: 0, trace: false });
    expect(fold('a\nb\nc')).toEqual({ head: 'a\nb\nc', more: 0, trace: false });
    expect(fold('a\nb\nc\nd')).toEqual({ head: 'a', more: 3, trace: false });
    expect(fold(`x\n${'y\n'.repeat(500_000)}`).more).toBeGreaterThan(400_000);
    expect(bodyOf(rec(java), ['Cart.java']).message).toContain('at shop.Cart.add(Cart.java:12)');
    expect(bodyOf(rec(JSON.stringify({ msg: 'failed', stack: java }))).pairs).toEqual([{ key: 'stack', value: '', more: 6 }]);
    expect(bodyOf(rec(JSON.stringify({ msg: 'failed', exception: java }))).pairs[0]?.value).toContain('no stock');
  });
  it('knows levels', () => {
    expect(levelOf(rec('x', { detected_level: 'ERROR' }))).toBe('error');
    expect(levelOf(rec('x', { detected_level: 'critical' }))).toBe('fatal');
    expect(levelOf(rec('x', { level: 'warning' }))).toBe('warn');
    expect(levelOf(rec('x'))).toBe('unknown');
  });
});

describe('fields', () => {
  it('are of the stream, of the record, of the query, of the line', () => {
    const r: Rec = { ...rec('{"msg":"m","http":{"status-code":200},"a":[1],"service_name":"other","p":"1"}', { trace_id: 't' }), parsed: { p: '1' } };
    expect(fieldsOf(r).map((f) => `${f.from}:${f.name}=${f.value}`)).toEqual([
      'stream:service_name=cart', 'metadata:trace_id=t', 'parsed:p=1', 'json:msg=m', 'json:http_status_code=200', 'json:a=[1]',
    ]);
    expect(valueOf(r, 'http_status_code')).toBe('200');
    expect(valueOf(r, 'none')).toBe('');
    expect(flatten({ '1a': 1, 'b c': { d: true } })).toEqual([{ key: '_1a', value: '1' }, { key: 'b_c_d', value: 'true' }]);
    expect(flatten(Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`k${i}`, i]))).length).toBe(200);
  });
});

describe('copies', () => {
  const r = rec(`it's "quoted"`, { k8s_pod_name: 'cart-1' }, { service_name: 'ca"rt', b: '1' });
  it('select the source', () => {
    expect(selectorOf(r)).toBe('{b="1", service_name=`ca"rt`}');
    expect(sourceOf(r)).toBe('{b="1", service_name=`ca"rt`} | k8s_pod_name="cart-1"');
    expect(selectorOf(rec('x', {}, {}))).toBe('{service_name=~".+"}');
  });
  it('are safe in a shell', () => {
    const evil = rec('x', {}, { service_name: `a'; touch /tmp/x; '` });
    expect(curlOf(evil, 'http://localhost:3100')).toContain(`query={service_name="a'\\''; touch /tmp/x; '\\''"}'`);
    expect(curlOf(r, 'http://localhost:3100')).toContain('-d start=1768435200000000001 -d end=1768435200000000002');
    expect(JSON.parse(jsonOf(r))).toEqual({ time: r.time, line: r.line, stream: r.stream, metadata: r.metadata });
  });
});

describe('estimates', () => {
  const look = { marks: [], raw: false, wrap: true, columns: [], days: false, tz: 'UTC' };
  const m = { width: 800, char: 8, line: 19, extra: 5 };
  it('count characters', () => {
    expect(estimator(m, look)(rec('x'.repeat(50)))).toBe(24);
    expect(estimator(m, look)(rec('x'.repeat(180)))).toBe(2 * 19 + 5);
    expect(estimator(m, { ...look, wrap: false })(rec('x'.repeat(5000)))).toBe(24);
    expect(estimator(m, look)(rec('x'.repeat(10_000_000)))).toBeLessThan(20 * 19);
    expect(estimator(m, look)(rec(java))).toBe(2 * 19 + 5);
  });
});
