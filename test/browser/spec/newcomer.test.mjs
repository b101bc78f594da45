// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// From run.sh to "which request failed, where, and why", without a word of documentation.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { within } from './lib.mjs';

test('the page is full of life, and leads to the line that explains', () => within('', {}, async (tab, page) => {
  await tab.until('some hundred lines', async () => Number((await page.locator('.lines-count').innerText()).replaceAll(/\D/g, '')) >= 200);
  for (const service of ['edge', 'auth', 'payment', 'checkout', 'inventory']) await tab.sees('.fields-facet', service);
  await tab.shot('newcomer-first');
  await page.locator('.fields-value .pick', { hasText: 'error' }).first().click();
  await tab.sees('.chip', 'level is error');
  await tab.sees('.line .line-level', /error/i);
  await page.locator('.line .line-head').first().click();
  await page.getByRole('button', { name: /^Trail of this request/ }).click();
  await tab.sees('.trail-head h2', /failed|error/i);
  await tab.sees('.trail-row', /first error/i);
  assert.ok((await page.locator('.lane-name').count()) >= 1);
  await tab.shot('newcomer-trail');
  tab.calm();

  await page.keyboard.press('g');
  await page.keyboard.press('l');
  await page.keyboard.press('x');
  const live = page.getByRole('button', { name: 'Live' });
  await live.click();
  await tab.sees('.lines-live', 'Live');
  await tab.until('lines come', async () => (await page.locator('.line').count()) > 3);
  tab.calm();
}));

test('every view has something to say', () => within('', {}, async (tab, page) => {
  await page.locator('.line').first().waitFor();
  for (const [letter, what] of [['p', '.pattern'], ['c', '.culprit-cause'], ['t', '.recent li'], ['o', '.services tr']]) {
    await page.keyboard.press('g');
    await page.keyboard.press(letter);
    await page.locator(what).first().waitFor();
    await tab.idle();
    await tab.shot(`newcomer-${letter}`);
  }
  tab.calm();
}));
