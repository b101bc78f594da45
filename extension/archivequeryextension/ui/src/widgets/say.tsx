// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Short news at the edge of the page, which a screen reader speaks: that something was copied, that a download began.

import { signal } from '@preact/signals';

const news = signal('');
let forget = 0;

/** say shows a short text for some seconds. */
export function say(text: string): void {
  news.value = '';
  clearTimeout(forget);
  requestAnimationFrame(() => (news.value = text)); // the same text twice is news twice
  forget = window.setTimeout(() => (news.value = ''), 4000);
}

/** copy puts text into the clipboard, and says so. */
export async function copy(text: string, what = 'Copied'): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    say(`${what}.`);
  } catch {
    const area = document.createElement('textarea'); // where the page does not come by https
    area.value = text;
    area.className = 'off-screen';
    document.body.append(area);
    area.select();
    const done = document.execCommand('copy');
    area.remove();
    say(done ? `${what}.` : 'The browser does not let the page copy.');
  }
}

export function News() {
  return (
    <div class="news" role="status" aria-live="polite">
      {news.value}
    </div>
  );
}
