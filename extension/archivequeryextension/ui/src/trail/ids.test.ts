// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

import { describe, expect, it } from 'vitest';

import { idOf } from './ids';

const of = (line: string, metadata: Record<string, string> = {}, stream: Record<string, string> = {}) => idOf({ line, metadata, stream });
const trace = '4bf92f3577b34da6a3ce929d0e0e4736';

describe('idOf', () => {
  it('prefers the trace', () => expect(of('', { request_id: 'req-000123', trace_id: trace })).toBe(trace));
  it('takes what a request is called', () => {
    for (const name of ['request_id', 'http_request_id', 'x-request-id', 'X_Request_ID', 'requestId', 'rid', 'correlation_id', 'http.request.header.x-request-id'])
      expect(of('', { [name]: 'req-000123' }), name).toBe('req-000123');
  });
  it('takes the trace out of a header', () => expect(of('', { traceparent: `00-${trace}-00f067aa0ba902b7-01` })).toBe(trace));
  it('does not take what is none', () => {
    for (const value of ['-', '', 'none', '0', '00000000000000000000000000000000', 'a b c d e f g', 'undefined']) expect(of('x', { trace_id: value }), value).toBeNull();
    expect(of('', { grid: 'something', android: 'something' })).toBeNull();
    expect(of('nothing here, valid: something')).toBeNull();
  });
  it('goes on if the best name holds nothing', () => expect(of('', { trace_id: '-', request_id: 'req-000123' })).toBe('req-000123'));
  it('reads lines', () => {
    expect(of('{"msg":"x","request_id":"r-12345678"}')).toBe('r-12345678');
    expect(of('level=info rid=abc12345 msg=done')).toBe('abc12345');
    expect(of('level=info rid="abc12345" trace_id=4bf92f3577b34da6 msg=done')).toBe('4bf92f3577b34da6');
    expect(of('[reqId: 77aa-8812bc] done')).toBe('77aa-8812bc');
    expect(of('failed for 123e4567-e89b-12d3-a456-426614174000 in 3 ms')).toBe('123e4567-e89b-12d3-a456-426614174000');
    expect(of(`span of ${trace} ended`)).toBe(trace);
  });
  it('looks at the beginning of a long line only', () => {
    expect(of(`${'request_id'.repeat(100_000)}`)).toBeNull();
    expect(of(`${'a.'.repeat(1e6)}=abcdefgh`)).toBeNull();
    expect(of(`rid=abc12345 ${'x'.repeat(1e6)}`)).toBe('abc12345');
  });
});
