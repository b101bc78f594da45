// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

import { expect, test } from 'vitest';

import type { FieldInfo } from '../api/types';
import type { Filter } from '../state/url';
import { settle } from './settle';

const known = new Map<string, Pick<FieldInfo, 'from' | 'records'>[]>([
  ['host', [{ from: 'metadata', records: 1 }]],
  ['status', [{ from: 'json', records: 2 }, { from: 'logfmt', records: 1 }]],
  ['took', [{ from: 'json', records: 1 }, { from: 'logfmt', records: 2 }]],
  ['pod', [{ from: 'metadata', records: 1 }]],
]);
const check = (q: string, want: string, ...filters: Filter[]): void => test(q, () => expect(settle(q, known)).toEqual({ q: want, filters }));

check('timeout level:error service:cart trace:1', 'timeout level:error service:cart trace:1');
check('host:a  x', 'host:a  x');
check('x status:500 y', 'x y', { kind: 'json', name: 'status', op: '=', value: '500' });
check('-status:500', '', { kind: 'json', name: 'status', op: '!=', value: '500' });
check('took>5ms', '', { kind: 'pipe', name: '', op: '=', value: '| logfmt | took > 5ms' });
check('status:5* cart', 'cart', { kind: 'pipe', name: '', op: '=', value: '| json | status=~"5.*"' });
check('pod:web', '', { kind: 'field', name: 'pod', op: '=', value: 'web' });
check('a user=42 -b=c d', 'a "user=42" -"b=c" d');
check('a user:42 -b:c d', 'a "user:42" OR "user=42" -"b:c" -"b=c" d');
check('a OR user:42', 'a OR "user:42"');
check('user:"a b"', 'user:"a b"');
check('namespace:shop', 'namespace:shop');
check('{a="b"} | status="1"', '{a="b"} | status="1"');
check('x status:1 OR -status>5 y', 'x y', { kind: 'pipe', name: '', op: '=', value: '| json | status="1" or status <= 5 or status=""' });
check('status:1 OR status:2', '', { kind: 'json', name: 'status', op: '=', value: '1' }, { kind: 'json', name: 'status', op: '=', value: '2' });
check('status:1 OR host:2', 'status:1 OR host:2');
check('path:C:\\temp\\ x', '"path:C:\\\\temp\\\\" OR "path=C:\\\\temp\\\\" x');
