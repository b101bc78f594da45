// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// The answers: patterns, what changed, the trail of a request, what is here. From "something is wrong" to the line that explains it.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { inStory, story, within } from './lib.mjs';

test('patterns, new ones first, with their lines', () => within(inStory({ view: 'patterns', from: story.bad, to: story.good }), {}, async (tab, page) => {
  await tab.sees('.patterns', /\d+ patterns in 125 lines, 3 new/);
  const rows = page.locator('.pattern');
  const first = (await rows.allInnerTexts()).slice(0, 3);
  for (const text of first) assert.match(text, /new/);
  assert.match(first.join('\n'), /lock timeout while order/);
  assert.match(first.join('\n'), /stock answered .* for order/);
  assert.match(first.join('\n'), /order failed/);
  assert.doesNotMatch((await rows.allInnerTexts()).slice(3).join('\n'), /\bnew\b/);

  const lock = rows.filter({ hasText: 'lock timeout' });
  await lock.locator('.pattern-fold').click();
  await tab.sees('.pattern-examples', /lock timeout while order \d+ was reserved/);
  assert.ok(await lock.locator('svg.spark').count(), 'it has a small chart');
  await tab.accessible('a pattern');
  await lock.getByRole('button', { name: 'Lines', exact: true }).click();
  await tab.address('view', null);
  await tab.lines(story.failed);
  await page.goBack();
  await rows.first().waitFor();
  await rows.filter({ hasText: 'lock timeout' }).getByRole('button', { name: 'Leave out' }).click();
  await tab.sees('.patterns', /in 95 lines, 2 new/);
  await page.getByRole('searchbox', { name: 'Search patterns' }).fill('stock answered');
  await tab.until('one is left', async () => (await rows.count()) === 1);
  tab.calm();
}));

test('what changed: errors against the rest, and a time against what came before', () => within(inStory({ view: 'culprit' }), {}, async (tab, page) => {
  const first = page.locator('.culprit-cause').first();
  await tab.sees(first, /stock/);
  await tab.sees('.culprit', /Compared: 90 records of level error or fatal, against the 1,080 others/);
  assert.match(await first.innerText(), /lock timeout|shard-9/);
  await tab.sees(first, /only there|\d×/);
  assert.equal(await first.locator('.culprit-example').count(), 2, 'two examples');

  await page.getByRole('button', { name: 'A time interval' }).click();
  await page.getByLabel('from', { exact: true }).waitFor();
  await tab.address('bad', /^\d+\.\.\d+$/);
  const wall = (ms) => page.evaluate((t) => new Date(t).toLocaleString('sv-SE'), ms);
  await page.getByLabel('from', { exact: true }).fill(await wall(story.bad));
  await page.getByLabel('to', { exact: true }).fill(await wall(story.good));
  await page.getByRole('button', { name: 'Compare', exact: true }).click();
  await tab.address('bad', `${story.bad}..${story.good}`);
  await tab.sees('.culprit', /Compared: 125 records of .*, against 380 of the time before/);
  await tab.sees(first, /stock/);
  await tab.accessible('culprit of a time');

  await page.getByRole('button', { name: 'Show only these lines' }).first().click();
  await tab.address('view', null);
  await tab.lines(story.failed);
  assert.equal(tab.param('from'), String(story.bad));
  await page.goBack();
  await first.waitFor();

  await page.getByRole('button', { name: 'What matches …' }).click();
  await page.getByLabel('The bad ones pass').fill('|= "answered 503"');
  await page.getByRole('button', { name: 'Compare', exact: true }).click();
  await tab.sees('.culprit', /30 records that match/);
  await page.getByRole('button', { name: 'Copy as curl' }).click();
  await tab.sees('.news', 'Command copied');
  assert.match(await page.evaluate(() => navigator.clipboard.readText()), /\/logboom\/api\/v1\/culprit/);
  await tab.gone('.problem:not(:empty)');
  tab.calm();
}));

test('the trail of a failing request, with its first error', () => within(inStory({ q: 'order failed' }), {}, async (tab, page) => {
  await tab.lines(story.failed);
  // From the line that complains to the one that explains it, by keyboard.
  await page.keyboard.press('j');
  await page.locator('.line.current').waitFor();
  await page.keyboard.press('t');
  await tab.address('view', 'trail');
  await tab.address('id', story.trace(269));
  await tab.sees('.trail-head', /stock/);
  await tab.sees('.trail-said', 'lock timeout while order 269');
  assert.deepEqual((await page.locator('.lane-name').allInnerTexts()).map((t) => t.split('\n')[0].trim()).sort(), ['orders', 'stock', 'web']);
  const rows = page.locator('.trail-row');
  assert.equal(await rows.count(), 4);
  const texts = await rows.allInnerTexts();
  assert.match(texts[0], /handed to stock/);
  assert.match(texts[1], /first error/i);
  assert.match(texts[1], /lock timeout/);
  assert.match(texts[3], /order failed/);
  await page.keyboard.press('e');
  await tab.sees('.trail-row[aria-current=true]', 'lock timeout');
  await page.keyboard.press('Enter');
  await tab.sees('.trail-details', /Shelf\.java:12[^]*shard-9/);
  await tab.accessible('a trail');
  await page.locator('.lane-name', { hasText: 'orders' }).click();
  await tab.until('the others are left out', async () => (await rows.count()) === 2);
  await page.getByRole('link', { name: 'As lines' }).click();
  await tab.lines(4);
  tab.calm();
}));

test('an id that is typed, one that nothing has, and requests that failed lately', () => within(inStory({ view: 'trail' }), {}, async (tab, page) => {
  await tab.sees('.recent', /web|orders|stock/);
  assert.equal(await page.locator('.recent > li').count(), 10);
  const field = page.locator('.trail').getByRole('textbox').first();
  await field.fill(story.trace(5));
  await page.keyboard.press('Enter');
  await tab.until('three records', async () => (await page.locator('.trail-row').count()) === 3);
  await tab.gone('.first-error');
  await page.locator('.trail').getByRole('textbox').first().fill('req-00000000000b'); // a request id, in other services
  await page.keyboard.press('Enter');
  await tab.until('four records', async () => (await page.locator('.trail-row').count()) === 4);
  assert.deepEqual((await page.locator('.lane-name').allInnerTexts()).map((t) => t.split('\n')[0].trim()).sort(), ['checkout', 'edge']);
  await page.locator('.trail').getByRole('textbox').first().fill('nobody-has-this');
  await page.keyboard.press('Enter');
  await tab.sees('.state', 'No record has this id.');
  await page.getByRole('button', { name: 'Show requests that failed lately' }).click();
  await tab.sees('.recent', /order failed/);
  tab.calm();
}));

test('what is here: services, volume, ages, losses', () => within('?view=overview', {}, async (tab, page) => {
  await tab.sees('.services tr', /^stock.* 360 /);
  await tab.sees('.services tr', /^auth.* 1 /);
  await tab.sees('.facts', /Records 1\.24k/);
  await page.locator('section[aria-label=Retention]').waitFor();
  await tab.sees('.overview', /lost|left out|dropped|refused/i);
  await tab.shot('overview');
  await page.locator('.services').getByRole('link', { name: 'stock', exact: true }).click();
  await tab.address('view', null);
  await tab.lines(360);
  tab.calm();
}));
