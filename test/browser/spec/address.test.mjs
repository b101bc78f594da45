// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// The address is the state: a reload, a link and the back button give what was seen.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { address, inStory, story, within, written } from './lib.mjs';

test('a reload and a link in another browser show the same', () => within(inStory(), {}, async (tab, page) => {
  await tab.lines(story.records);
  await page.locator('.fields-value .pick', { hasText: 'stock' }).first().click();
  await tab.search('"order 2"');
  await tab.lines(111); // 2, 20…29 and 200…299
  await page.getByRole('button', { name: 'Oldest first' }).click();
  await page.keyboard.press('w');
  await tab.sees('.line', 'order 2');
  await page.locator('.line .line-head').nth(2).click();
  await page.locator('.details').waitFor();
  await page.getByRole('button', { name: 'Column of shard' }).click();
  await page.locator('.line-column').first().waitFor();
  const seen = async (t) => {
    await t.until('the line is open', async () => (await t.page.locator('.line.open').count()) === 1);
    return {
      count: await t.page.locator('.lines-count').innerText(), text: await t.text(), chips: await t.page.locator('.chip').allInnerTexts(),
      open: await t.page.locator('.line.open .line-head').innerText(), details: await t.page.locator('.details-fields').innerText(),
      meaning: await t.page.locator('.meaning').innerText(),
    };
  };
  const before = await seen(tab);
  await page.reload();
  await tab.lines(111);
  assert.deepEqual(await seen(tab), before);
  const link = page.url().slice(address.length);
  await within(link, {}, async (other) => {
    await other.lines(111);
    assert.deepEqual(await seen(other), before);
  });
  tab.calm();
}));

test('back goes through what was asked, forward again', () => within('', {}, async (tab, page) => {
  await tab.lines(written);
  await tab.search('timeout');
  await tab.lines(3);
  await page.keyboard.press('Escape');
  await page.keyboard.press('g');
  await page.keyboard.press('c');
  await tab.address('view', 'culprit');
  await page.goBack();
  await tab.lines(3);
  await tab.until('the field has it', async () => (await tab.text()) === 'timeout' || tab.text());
  await page.goBack();
  await tab.lines(written);
  await tab.until('the field is empty', async () => (await tab.text()) === '' || tab.text());
  await page.goForward();
  await tab.lines(3);
  tab.calm();
}));

test('times, zones, and addresses that somebody made up', () => within(inStory({ tz: 'utc' }), {}, async (tab, page) => {
  await tab.lines(story.records);
  const clock = (ms, timeZone) => new Date(ms).toLocaleTimeString('sv-SE', { timeZone });
  await tab.sees('.line .line-time', clock(story.to - 10_000, 'UTC'));
  await page.goto(address + inStory({ tz: 'Asia/Tokyo' }));
  await tab.sees('.line .line-time', clock(story.to - 10_000, 'Asia/Tokyo'));
  await page.goto(`${address}?from=garbage&to=now`);
  await tab.sees('.state', /time range/);
  await page.goto(`${address}?from=now&to=now-1h`);
  await tab.sees('.state', /time range/);
  for (const bad of ['view=nothing', 'f=stream', 'f=x:y=z', 'line=1.2.3', 'bad=..&view=culprit', 'bad=9..1&view=culprit', `id=${'x'.repeat(3000)}&view=trail`, 'tz=Mars/Base', 'col=%00&col=__proto__', 'baseline=x&view=patterns']) {
    await page.goto(`${address}?from=now-1h&${bad}`);
    await tab.idle();
    await page.locator('main section, main .state').first().waitFor();
  }
  tab.calm(/400 \(Bad Request\)/);
}));

test('filters and values of any kind come back from the address as they were', () => within('', {}, async (tab, page) => {
  const value = 'a=b&c:d "quoted" \\ %25 +plus é 漢 `tick`';
  const search = new URLSearchParams({ from: 'now-1h' });
  search.append('f', `field:some_name=${value}`);
  search.append('f', 'line:!=not this');
  await page.goto(`${address}?${search}`);
  await tab.sees('.state', 'No line matches');
  await tab.sees('.chip', value.replace(/\s+/g, ' '));
  assert.deepEqual(tab.params('f'), [`field:some_name=${value}`, 'line:!=not this']);
  await page.locator('.chip-text').first().click();
  await tab.until('it turned around', () => tab.params('f')[0] === `field:some_name!=${value}` || tab.params('f'));
  tab.calm();
}));
