// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Lines: what they say, all of their fields, what came before and after, copies of them, columns, wrapping, the order, many of them.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { inStory, story, within } from './lib.mjs';

const clipboard = (page) => page.evaluate(() => navigator.clipboard.readText());

test('hits are marked, stack traces are folded, JSON is message and fields', () => within(inStory(), {}, async (tab, page) => {
  await tab.search('LOCK timeout');
  await tab.sees('.state', 'No line matches'); // capitals are meant
  await tab.search('lock timeout');
  await tab.lines(story.failed);
  await tab.sees('.line mark', /^lock|^timeout/);
  const line = page.locator('.line').first();
  assert.match(await line.innerText(), /stack, 3 more lines/);
  assert.doesNotMatch(await line.innerText(), /Shelf\.java:12/);

  await tab.search('service:web order failed');
  await tab.lines(story.failed);
  const said = (await page.locator('.line .line-body').first().innerText()).replaceAll(/\s+/g, ' ');
  assert.match(said, /^order failed/, 'the message comes first');
  assert.match(said, /user\.plan=basic/);
  assert.doesNotMatch(said, /[{}]/);
  await page.getByRole('button', { name: 'As written' }).first().click();
  await tab.sees('.line .line-body', /^\{"msg":"order failed"/);
  await tab.address('raw', '1');
  tab.calm();
}));

test('a line opens to its fields, with what can be done with each', () => within(inStory(), {}, async (tab, page) => {
  await tab.search('lock timeout');
  await tab.lines(story.failed);
  await page.locator('.line .line-head').first().click();
  const details = page.locator('.details');
  await details.waitFor();
  await tab.sees('.details-text', /Shelf\.java:12/);
  for (const [name, value] of [['service_name', 'stock'], ['detected_level', 'error'], ['shard', 'shard-9'], ['trace_id', story.trace(269)]])
    await tab.sees('.details-fields tr', new RegExp(`^${name} ${value} `));
  await tab.accessible('details');
  await tab.shot('details');

  await details.getByRole('button', { name: 'Copy line' }).click();
  await tab.sees('.news', 'Line copied');
  assert.match(await clipboard(page), /^lock timeout while order 269 was reserved\nstock\.LockTimeout/);
  await details.getByRole('button', { name: 'JSON', exact: true }).click();
  await tab.sees('.news', 'JSON copied');
  const record = JSON.parse(await clipboard(page));
  assert.equal(record.stream.service_name, 'stock');
  assert.equal(record.metadata.shard, 'shard-9');
  assert.equal(record.time, String(BigInt(story.from + 2690_000 + 2) * 1_000_000n));
  await details.getByRole('button', { name: 'curl' }).click();
  await tab.sees('.news', 'Command copied');
  const curl = await clipboard(page);
  assert.match(curl, /^curl -sG '?http/);
  // The command finds the line again.
  const url = new URL(/'?(http[^'\s]*)/.exec(curl)[1]);
  for (const [, word] of curl.matchAll(/--data-urlencode '((?:[^']|'\\'')*)'/g)) url.searchParams.set(...word.replaceAll("'\\''", "'").split(/=(.*)/s).slice(0, 2));
  for (const [, name, value] of curl.matchAll(/-d (\w+)=(\S+)/g)) url.searchParams.set(name, value);
  assert.match(await (await fetch(url)).text(), /lock timeout while order 269/);
  await details.getByRole('button', { name: 'Link' }).click();
  await tab.sees('.news', 'Link copied');
  assert.match(await clipboard(page), /line=/);

  await details.getByRole('button', { name: 'Column of shard' }).click();
  await tab.sees('.line .line-column', 'shard-9');
  await details.getByRole('button', { name: 'Lines without this shard' }).click();
  await tab.sees('.state', 'No line matches');
  await page.goBack();
  await tab.lines(story.failed);
  await details.waitFor(); // as it was
  await page.getByRole('button', { name: 'Only lines with this trace_id' }).click();
  await tab.lines(1);
  tab.calm();
}));

test('who reads the details of a line stays there when a column is chosen, and at the line when they are closed', () => within(inStory(), {}, async (tab, page) => {
  await tab.lines(story.records);
  const line = page.locator('.line.open');
  await page.locator('.line .line-head').nth(6).click({ position: { x: 150, y: 8 } });
  const column = line.getByRole('button', { name: 'Column of' }).last();
  await column.scrollIntoViewIfNeeded();
  // Where it is when the list is at rest: rows are measured in later frames.
  const place = async () => {
    let last = NaN;
    await tab.until('the list is at rest', async () => {
      const before = last;
      last = (await column.boundingBox()).y;
      await page.waitForTimeout(300);
      return last === before;
    });
    return last;
  };
  const before = await place();
  await column.click();
  await page.locator('.lines-bar .chip').waitFor();
  assert.ok(Math.abs((await place()) - before) < 60, 'the details stay where they were, but for what lines above them grow by');
  assert.equal(await column.evaluate((e) => e === document.activeElement), true, 'and the focus');

  await page.keyboard.press('Escape');
  await tab.gone('.details');
  await tab.until('the focus is on the line, in sight', () => page.evaluate(() => {
    const at = document.activeElement;
    const list = at.closest('.list')?.getBoundingClientRect();
    const box = at.getBoundingClientRect();
    return (at.matches('.line') && box.top >= list.top - 2 && box.bottom <= list.bottom + 2) || `${at.tagName} ${at.className} ${box.top}`;
  }));
  tab.calm();
}));

test('JSON opens to a tree', () => within(inStory({ q: 'service:web order failed' }), {}, async (tab, page) => {
  await tab.lines(story.failed);
  await page.locator('.line .line-head').first().click();
  await tab.sees('.json-root', /user: \{ 2 \}.*plan: basic/);
  await page.locator('.json-fold').first().click();
  await tab.until('it folds', async () => !(await page.locator('.json-root').innerText()).includes('basic'));
  await page.locator('.details-line').getByRole('button', { name: 'As written' }).click();
  await tab.sees('.details-text', /"plan":"basic"/);
  await page.getByRole('button', { name: 'Lines without this user_plan' }).click();
  await tab.sees('.state', 'No line matches');
  tab.calm();
}));

test('what came before and after, of the same source', () => within(inStory({ q: '"lock timeout while order 250 was"' }), {}, async (tab, page) => {
  await tab.lines(1);
  await page.locator('.line .line-head').click();
  await page.getByRole('button', { name: /^Before and after/ }).click();
  const rows = page.locator('.context-list > li');
  await tab.sees('.context-list .here', 'order 250');
  const texts = (await rows.allInnerTexts()).join('\n');
  assert.match(texts, /order 249[^]*order 250[^]*order 251/, 'in order');
  assert.doesNotMatch(texts, /handed to stock/, 'of this source alone');
  const before = await rows.count();
  await page.getByRole('button', { name: /Earlier lines/ }).click();
  await tab.until('more are there', async () => (await rows.count()) > before);
  await page.locator('.context').getByRole('link', { name: 'All of them' }).click();
  await tab.sees('.line.open', 'order 250');
  assert.equal(tab.param('q'), '{service_name="stock"}');
  tab.calm();
}));

test('wrapping, the order, and a drawn-out list of which little is in the page', () => within(inStory(), {}, async (tab, page) => {
  await tab.lines(story.records);
  await page.locator('.lines-bar').getByRole('button', { name: 'Wrap', exact: true }).click();
  await page.locator('.unwrapped').waitFor();
  await tab.address('wrap', '0');
  await page.getByRole('button', { name: 'Oldest first' }).click();
  await tab.sees('.line', 'order 0 handed to stock');
  await tab.address('oldest', '1');
  assert.ok((await page.locator('.line').count()) < 150, 'what is not in sight is not in the page');
  await page.keyboard.press('End');
  await tab.sees('.line', 'reserved 1 piece for order 359');
  assert.ok((await page.locator('.line').count()) < 150, 'what is not in sight is not in the page');
  await page.keyboard.press('Home');
  await tab.sees('.line', 'order 0 handed to stock');
  tab.calm();
}));
