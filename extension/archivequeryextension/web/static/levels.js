// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// The levels the page knows, the worst first: the order of the stack, of the legend and of the choice.
export const levels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'unknown'];

const aliases = {
  critical: 'fatal', emergency: 'fatal', alert: 'fatal', panic: 'fatal', err: 'error', warning: 'warn',
  notice: 'info', information: 'info', informational: 'info',
};

// levelOf folds a detected_level into one of levels.
export function levelOf(name) {
  const lower = (name ?? '').toLowerCase();
  if (levels.includes(lower)) return lower;
  return aliases[lower] ?? 'unknown';
}
