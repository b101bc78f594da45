// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// The keyboard. A view binds its keys while it is shown; the help lists what is bound at the moment.

import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

export interface Binding {
  /** As of KeyboardEvent.key, with Shift+ (only where the key alone does not say it), Ctrl+, Alt+, Mod+ (Ctrl, ⌘ on a Mac); two keys one
   * after the other with a blank between: `j`, `?`, `Escape`, `Mod+Enter`, `g l`. Several ways with a comma: `j, ArrowDown`. */
  keys: string;
  /** What it does, for the help; without, the help leaves it out. */
  what?: string;
  group?: 'Everywhere' | 'Search' | 'Lines' | 'Views' | 'Time';
  /** It may say false: not now, let others have the key. */
  run: (e: KeyboardEvent) => boolean | void;
  /** It works while somebody types in a field, too. */
  typing?: boolean;
}

/** bindings are all that hold at the moment; the newest come last, and are asked first. */
export const bindings = signal<readonly Binding[]>([]);

/** bind makes keys work until what it returns is called. */
export function bind(...list: Binding[]): () => void {
  bindings.value = [...bindings.peek(), ...list];
  return () => {
    bindings.value = bindings.peek().filter((b) => !list.includes(b));
  };
}

/** useKeys binds keys while a component is shown. The list is read once: what run uses must be signals or refs. */
export function useKeys(list: () => Binding[]): void {
  useEffect(() => bind(...list()), []);
}

const mac = /Mac|iPhone|iPad/.test(navigator.userAgent);

/** ways are the ways to press a binding's keys: each one or two strokes. */
export const ways = (keys: string): string[][] => keys.split(/,\s+/).map((w) => w.trim().split(' '));

/** stroke writes a key event as bindings do. */
export function stroke(e: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey'>): string {
  let out = '';
  if (e.ctrlKey) out += mac ? 'Ctrl+' : 'Mod+';
  if (e.metaKey) out += mac ? 'Mod+' : 'Meta+';
  if (e.altKey) out += 'Alt+';
  if (e.shiftKey && e.key.length > 1) out += 'Shift+'; // a letter or a sign says it by itself
  return out + e.key;
}

const typesText = (e: Element): boolean =>
  e instanceof HTMLTextAreaElement || e instanceof HTMLSelectElement || (e as HTMLElement).isContentEditable ||
  (e instanceof HTMLInputElement && !['checkbox', 'radio', 'button', 'range', 'submit'].includes(e.type));

/** own tells keys that what has the focus needs for itself. */
function own(e: KeyboardEvent, b: Binding): boolean {
  const at = e.composedPath()[0];
  if (!(at instanceof Element)) return false;
  if (typesText(at)) return !b.typing;
  return (e.key === 'Enter' || e.key === ' ') && at.closest('a, button, summary, [role=button], [role=option]') !== null;
}

let first = ''; // of two strokes
let forget = 0;

export function onKey(e: KeyboardEvent): void {
  if (e.defaultPrevented || e.isComposing) return;
  const now = stroke(e);
  if (/^(?:Mod\+|Meta\+|Ctrl\+|Alt\+)*(?:Shift\+)?(?:Shift|Control|Alt|Meta)$/.test(now)) return;
  const before = first;
  first = '';
  clearTimeout(forget);
  const list = bindings.peek().toReversed();
  for (const b of list)
    for (const w of ways(b.keys)) {
      const hit = w.length === 2 ? w[0] === before && w[1] === now : before === '' && w[0] === now;
      if (!hit || own(e, b) || b.run(e) === false) continue;
      e.preventDefault();
      return;
    }
  if (before === '' && list.some((b) => !own(e, b) && ways(b.keys).some((w) => w.length === 2 && w[0] === now))) {
    first = now;
    forget = window.setTimeout(() => (first = ''), 1500);
  }
}

addEventListener('keydown', onKey);

/** shown writes one stroke for people. */
export const shown = (key: string): string =>
  key.replace('Mod+', mac ? '⌘' : 'Ctrl ').replace('Shift+', 'Shift ').replace('Arrow', '').replace('Escape', 'Esc')
    .replace(/\bUp$/, '↑').replace(/\bDown$/, '↓').replace(/\bLeft$/, '←').replace(/\bRight$/, '→');
