// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

import { describe, expect, it } from 'vitest';

import { errors, intervalOf, readBad, request, writeBad } from './bad';

describe('bad', () => {
  it('comes back as it was written', () => {
    for (const text of ['errors', '1000..2000', '1768435200000..1768435260000,rest', '| status="503"', '!= "ok"']) expect(writeBad(readBad(text))).toBe(text);
  });
  it('is the errors if it says nothing that can be read', () => {
    for (const text of ['', 'x', '2000..1000', '5..5', '1..', '<script>', '1..2,other']) expect(readBad(text), text).toEqual({ by: 'errors' });
  });
  it('tells the interval', () => {
    expect(intervalOf('1000..2000,rest')).toEqual({ start: 1000, end: 2000 });
    expect(intervalOf('errors')).toBeNull();
  });
  it('asks the API', () => {
    const range = { start: 0, end: 10_000 };
    expect(request(readBad('errors'), range)).toEqual({ bad: range, more: { bad: errors } });
    expect(request(readBad('| a="b"'), range)).toEqual({ bad: range, more: { bad: '| a="b"' } });
    expect(request(readBad('4000..5000'), range)).toEqual({ bad: { start: 4000, end: 5000 }, more: {} });
    expect(request(readBad('4000..12000,rest'), range)).toEqual({
      bad: { start: 4000, end: 12_000 }, more: { baseline_start: '0000000', baseline_end: '12000000000' },
    });
  });
});
