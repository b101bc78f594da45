// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Downloads: the whole result, in the formats that other programs take.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

import { inStory, story, within } from './lib.mjs';

/** download takes the download of a name in the menu, and returns its text. */
async function download(tab, page, name) {
  await page.getByRole('button', { name: 'Download' }).click();
  const [got] = await Promise.all([page.waitForEvent('download'), page.locator('.lines-menu a', { hasText: name }).click()]);
  assert.equal(await got.failure(), null);
  return { file: got.suggestedFilename(), text: await readFile(await got.path(), 'utf8') };
}

/** cells reads CSV as RFC 4180 writes it. */
function cells(csv) {
  const rows = [[]];
  for (const [, quoted, plain, end] of csv.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/g)) {
    rows.at(-1).push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === ',') continue;
    if (end === '') break;
    rows.push([]);
  }
  return rows.filter((r) => r.length > 1 || r[0] !== '');
}

test('NDJSON, CSV and text of the result', () => within(inStory({ q: 'lock timeout' }), {}, async (tab, page) => {
  await tab.lines(story.failed);
  const ndjson = await download(tab, page, 'NDJSON');
  assert.match(ndjson.file, /\.ndjson$/);
  const records = ndjson.text.trim().split('\n').map((l) => JSON.parse(l));
  assert.equal(records.length, story.failed);
  assert.deepEqual(new Set(records.map((r) => r.stream.service_name)), new Set(['stock']));
  assert.ok(records.every((r) => r.metadata.shard === 'shard-9' && r.line.includes('Shelf.java:12')));
  assert.deepEqual(new Set(records.map((r) => r.metadata.trace_id)), new Set(Array.from({ length: story.failed }, (_, i) => story.trace(240 + i))));

  const csv = await download(tab, page, 'CSV');
  assert.match(csv.file, /\.csv$/);
  const [head, ...rows] = cells(csv.text);
  assert.equal(rows.length, story.failed);
  assert.ok(rows.every((r) => r.length === head.length));
  const line = head.indexOf('line');
  assert.ok(line >= 0, `a column is the line: ${head}`);
  assert.ok(rows.every((r) => /^lock timeout while order \d+ was reserved\nstock\.LockTimeout/.test(r[line])), 'lines of many lines stay one cell');

  const text = await download(tab, page, 'Text');
  assert.equal(text.text.match(/^.*lock timeout while order/gm).length, story.failed);
  tab.calm();
}));

test('more than the page has looked at', () => within(inStory(), {}, async (tab, page) => {
  await tab.lines(story.records);
  const { text } = await download(tab, page, 'NDJSON');
  assert.equal(text.trim().split('\n').length, story.records);
  await page.getByRole('button', { name: 'Download' }).click();
  await page.locator('.lines-menu button', { hasText: 'curl' }).click();
  await tab.sees('.news', 'Command copied');
  const url = /'(http[^']*)'/.exec(await page.evaluate(() => navigator.clipboard.readText()))[1];
  assert.equal((await (await fetch(url)).text()).trim().split('\n').length, story.records);
  tab.calm();
}));
