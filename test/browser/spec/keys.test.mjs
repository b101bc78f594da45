// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Everything by keyboard.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { inStory, story, within, written } from './lib.mjs';

test('a search, the lines, a line, its context, and back out', () => within(inStory(), {}, async (tab, page) => {
  await tab.lines(story.records);
  const key = (...keys) => keys.reduce((before, k) => before.then(() => page.keyboard.press(k)), Promise.resolve());
  await key('/');
  await tab.until('the field has the focus', () => page.evaluate(() => document.activeElement.closest('.search-field') !== null));
  await page.keyboard.type('lock timeout');
  await key('Enter');
  await tab.lines(story.failed);
  await key('Escape');
  await tab.until('the field has lost the focus', () => page.evaluate(() => document.activeElement.closest('.search-field') === null));

  const current = page.locator('.line.current');
  await key('j');
  await tab.sees(current, 'order 269');
  await key('j', 'j');
  await tab.sees(current, 'order 267');
  await key('k');
  await tab.sees(current, 'order 268');
  await key('Enter');
  await page.locator('.line.open .details').waitFor();
  await key('c');
  await tab.sees('.context-list .here', 'order 268');
  await key('y');
  await tab.sees('.news', 'Line copied');
  await key('Escape');
  await tab.gone('.details');
  await key('w');
  await tab.address('wrap', '0');
  await key('v');
  await tab.address('raw', '1');
  tab.calm();
}));

test('the views, time, theme and help', () => within(inStory(), {}, async (tab, page) => {
  await tab.lines(story.records);
  for (const [letter, view] of [['p', 'patterns'], ['c', 'culprit'], ['t', 'trail'], ['o', 'overview'], ['l', null]]) {
    await page.keyboard.press('g');
    await page.keyboard.press(letter);
    await tab.address('view', view);
  }
  await tab.lines(story.records);
  await page.keyboard.press('[');
  await tab.until('earlier', () => Number(tab.param('to')) < story.to);
  await page.keyboard.press(']');
  await tab.until('as it was', () => Number(tab.param('to')) === story.to);
  await page.keyboard.press('+');
  await tab.until('shorter', () => Number(tab.param('to')) - Number(tab.param('from')) < story.to - story.from);
  await page.keyboard.press('-');
  await page.keyboard.press('T');
  const range = page.getByRole('dialog', { name: 'Time range' });
  await range.waitFor();
  await tab.accessible('time range');
  await range.getByRole('button', { name: 'Last 1 hour' }).focus();
  await page.keyboard.press('Enter');
  await tab.lines(written);

  const theme = () => page.evaluate(() => document.documentElement.dataset.theme ?? 'system');
  await page.keyboard.press('u');
  await tab.until('light', async () => (await theme()) === 'light');
  await page.keyboard.press('u');
  await tab.until('dark', async () => (await theme()) === 'dark');
  await page.reload();
  await tab.lines(written);
  assert.equal(await theme(), 'dark', 'it is kept');
  await page.keyboard.press('u');

  await page.keyboard.press('?');
  await tab.sees('dialog.help', /next line/);
  await tab.accessible('help');
  const licences = page.locator('dialog.help a', { hasText: 'Licences' });
  assert.match(await page.evaluate(async (a) => (await fetch(a)).text(), await licences.getAttribute('href')), /MIT License/);
  await page.keyboard.press('Escape');
  await tab.gone('dialog.help');
  tab.calm();
}));

test('Tab goes through everything that can be used, and it is seen where one is', () => within(inStory(), {}, async (tab, page) => {
  await tab.lines(story.records);
  await page.keyboard.press('Tab');
  await tab.sees('.skip', 'To the results');
  const names = new Set();
  for (let i = 0; i < 60; i++) {
    const at = await page.evaluate(() => {
      const e = document.activeElement;
      if (!e || e === document.body) return null;
      const inner = e.shadowRoot?.activeElement ?? e;
      const s = getComputedStyle(inner);
      const own = s.outlineStyle !== 'none' || s.boxShadow !== 'none';
      const around = e.closest('.search-field') !== null; // the frame of the field tells
      return { name: (inner.getAttribute('aria-label') ?? inner.textContent ?? '').slice(0, 40), seen: own || around, html: inner.outerHTML.slice(0, 120) };
    });
    if (at === null) break;
    assert.ok(at.seen, `the focus is seen on ${at.html}`);
    names.add(at.name.trim());
    await page.keyboard.press('Tab');
  }
  for (const name of ['Patterns', 'Culprit', 'Trail', 'What is here', 'Live', 'Help', 'Records over time', 'Download ▾']) assert.ok(names.has(name), `${name} is reached: ${[...names].join(', ')}`);
  tab.calm();
}));
