// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// What the browser keeps for this person: the theme and recent searches. Without storage (private windows) it lasts as long as the page.

import { signal } from '@preact/signals';

const load = (name: string): string | null => {
  try {
    return localStorage.getItem(`logboom.${name}`);
  } catch {
    return null;
  }
};

const keep = (name: string, value: string): void => {
  try {
    if (value === '') localStorage.removeItem(`logboom.${name}`);
    else localStorage.setItem(`logboom.${name}`, value);
  } catch {
    // full or forbidden: not worth a word
  }
};

export type Theme = 'system' | 'light' | 'dark';
const themes: Theme[] = ['system', 'light', 'dark'];

/** theme is what the person chose. */
export const theme = signal<Theme>(themes.find((t) => t === load('theme')) ?? 'system');

theme.subscribe((t) => {
  if (t === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = t;
  keep('theme', t === 'system' ? '' : t);
});

/** nextTheme goes through the themes. */
export const nextTheme = (): void => {
  theme.value = themes[(themes.indexOf(theme.value) + 1) % themes.length] ?? 'system';
};

const mostRecents = 20;
const longest = 2000; // characters of a search that is kept

function readRecents(): string[] {
  try {
    const list: unknown = JSON.parse(load('recent') ?? '[]');
    return Array.isArray(list) ? list.filter((x): x is string => typeof x === 'string').slice(0, mostRecents) : [];
  } catch {
    return [];
  }
}

/** recents are the last searches, the newest first. */
export const recents = signal<readonly string[]>(readRecents());

export function remember(q: string): void {
  const text = q.trim();
  if (text === '' || text.length > longest) return;
  recents.value = [text, ...recents.value.filter((r) => r !== text)].slice(0, mostRecents);
  keep('recent', JSON.stringify(recents.value));
}

export function forgetRecents(): void {
  recents.value = [];
  keep('recent', '');
}
