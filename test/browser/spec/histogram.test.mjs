// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Volume over time: zooming in by a drag and back, the keyboard, a bad time that leads to what changed; and metric queries.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { inStory, story, within } from './lib.mjs';

/** drag drags over a part of the chart, both ends as parts of its plot's width. */
async function drag(page, from, to) {
  const over = page.locator('.histogram-plot .u-over');
  await over.waitFor();
  const box = await over.boundingBox();
  const y = box.y + box.height / 2;
  await page.mouse.move(box.x + from * box.width, y);
  await page.mouse.down();
  await page.mouse.move(box.x + ((from + to) / 2) * box.width, y, { steps: 4 });
  await page.mouse.move(box.x + to * box.width, y, { steps: 4 });
  await page.mouse.up();
}

test('bars by level, whose sum is the number of lines', () => within(inStory(), {}, async (tab, page) => {
  await tab.lines(story.records);
  const legend = await page.locator('.histogram-head').innerText();
  for (const level of ['error', 'info', 'debug']) assert.match(legend, new RegExp(level));
  assert.match(legend.replaceAll(/\s+/g, ' '), /1,170/);
  const drawn = await page.locator('.histogram-plot canvas').first().evaluate((c) => {
    const { data } = c.getContext('2d').getImageData(0, 0, c.width, c.height);
    const colors = new Set();
    for (let i = 0; i < data.length; i += 4) if (data[i + 3] === 255) colors.add(`${data[i]},${data[i + 1]},${data[i + 2]}`);
    return colors.size;
  });
  assert.ok(drawn > 3, `the chart has ${drawn} colours`);
  await page.getByRole('button', { name: 'Table' }).click();
  await tab.sees('.histogram table', /error/);
  tab.calm();
}));

test('a drag goes in, back comes back out', () => within(inStory(), {}, async (tab, page) => {
  await tab.lines(story.records);
  await drag(page, 40 / 60, 45 / 60);
  await tab.until('the range is shorter', () => Number(tab.param('to')) - Number(tab.param('from')) < 10 * 60_000);
  const [from, to] = [Number(tab.param('from')), Number(tab.param('to'))];
  assert.ok(Math.abs(from - story.bad) <= 120_000 && Math.abs(to - story.good) <= 120_000, `it is about the bad minutes: ${from - story.bad}, ${to - story.good} ms off`);
  await tab.sees('.lines-count', /^1\d\d lines$/);
  await tab.sees('.line', 'lock timeout');
  await page.keyboard.press('-');
  await tab.until('zoomed out', () => Number(tab.param('to')) - Number(tab.param('from')) > to - from);
  await page.goBack();
  await tab.until('back in', () => Number(tab.param('from')) === from);
  await page.goBack();
  await tab.lines(story.records);
  assert.equal(Number(tab.param('from')), story.from);
  tab.calm();
}));

test('by keyboard: arrows, a selection, Enter', () => within(inStory(), {}, async (tab, page) => {
  await tab.lines(story.records);
  await page.keyboard.press('h');
  const slider = page.getByRole('slider', { name: 'Records over time' });
  await tab.until('it has the focus', () => slider.evaluate((e) => e === document.activeElement));
  await page.keyboard.press('End');
  await page.keyboard.press('Home');
  await page.keyboard.press('ArrowRight');
  await tab.until('a bucket is told', async () => /\d records?$/.test(await slider.getAttribute('aria-valuetext')) || slider.getAttribute('aria-valuetext'));
  await page.keyboard.press('Shift+ArrowRight');
  await tab.sees('.histogram-marks', 'What changed here?');
  await page.keyboard.press('Enter');
  await tab.until('the range is shorter', () => Number(tab.param('to')) - Number(tab.param('from')) < 20 * 60_000);
  tab.calm();
}));

test('a bad time that is marked leads to what changed', () => within(inStory(), {}, async (tab, page) => {
  await tab.lines(story.records);
  await page.keyboard.press('b');
  await tab.sees('.histogram-marks', 'Drag over the time');
  await drag(page, 40 / 60, 45 / 60);
  await tab.address('view', 'culprit');
  const [from, to] = tab.param('bad').split('..').map(Number);
  assert.ok(Math.abs(from - story.bad) <= 120_000 && Math.abs(to - story.good) <= 120_000, `${from - story.bad}, ${to - story.good} ms off`);
  await tab.sees('.culprit-cause.first', /stock/);
  tab.calm();
}));

test('a metric query is a chart and a table', () => within(inStory(), {}, async (tab, page) => {
  await tab.search('sum by (service_name) (count_over_time({service_name=~".+"}[5m]))');
  await tab.sees('.metric', /3 series/);
  await page.locator('.metric canvas').first().waitFor();
  for (const service of ['web', 'orders', 'stock']) await tab.sees('.metric table', service);
  await page.getByRole('button', { name: 'Values as a table' }).click();
  await tab.until('values are there', async () => (await page.locator('.metric table').count()) >= 2);
  await page.getByRole('button', { name: 'Copy as CSV' }).click();
  await tab.sees('.news', 'copied');
  const csv = await page.evaluate(() => navigator.clipboard.readText());
  assert.match(csv.split('\n')[0], /time/i);
  assert.match(csv, /orders/);
  await tab.accessible('metric');
  tab.calm();
}));
