// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

import { render } from 'preact';
import { act } from 'preact/test-utils';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { draft } from './ask';
import { SearchBar } from './SearchBar';

const made = vi.hoisted(() => ({ with: [] as { text: string }[], focus: vi.fn(), set: vi.fn(), destroy: vi.fn() }));
vi.mock('./editor', () => ({
  makeEditor: (_: HTMLElement, uses: { text: string }) => {
    made.with.push(uses);
    return { focus: made.focus, set: made.set, mark: () => undefined, destroy: made.destroy };
  },
}));

let root: HTMLElement;
beforeEach(() => {
  globalThis.fetch = () => new Promise(() => undefined);
  made.with.length = 0;
  vi.clearAllMocks();
  draft.value = '';
  root = document.createElement('div');
  document.body.append(root);
  void act(() => render(<SearchBar />, root));
});
afterEach(() => {
  render(null, root);
  root.remove();
});

const input = (): HTMLInputElement => root.querySelector('input') as HTMLInputElement;
const type = (text: string, caret = text.length): void => {
  input().value = text;
  input().dispatchEvent(new Event('input', { bubbles: true }));
  input().setSelectionRange(caret, caret);
};

test('what is typed while the editor comes stands in it, with the cursor where it was', async () => {
  input().focus();
  type('pay');
  await vi.dynamicImportSettled(); // the module is there, the editor not yet
  expect(made.with).toEqual([]);
  type('payment', 3);
  await vi.waitFor(() => expect(made.with).toHaveLength(1));
  expect(made.with[0]?.text).toBe('payment');
  expect(made.focus).toHaveBeenCalledWith(3);
  await vi.waitFor(() => expect(root.querySelector('input')).toBeNull());
});

test('the editor does not take the focus from where somebody went meanwhile', async () => {
  input().focus();
  await vi.dynamicImportSettled();
  input().blur();
  await vi.waitFor(() => expect(made.with).toHaveLength(1));
  expect(made.focus).not.toHaveBeenCalled();
});

test('no editor is made for a page that is gone', async () => {
  input().focus();
  render(null, root);
  await new Promise((done) => setTimeout(done, 20));
  expect(made.with).toEqual([]);
});
