// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Lines as they come, held and followed again; and a server that goes away and comes back.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { address, send, within } from './lib.mjs';

/** control stops or starts the server. */
async function control(what) {
  const response = await fetch(`${process.env.LOGBOOM_CONTROL}/${what}`, { method: 'POST' });
  assert.equal(response.status, 200, await response.text());
}

/** feed sends a line now and then until it is stopped. */
function feed(service, line) {
  let stop = false;
  let n = 0;
  const done = (async () => {
    while (!stop) {
      await send(service, [`${line} ${n++}`]);
      await new Promise((r) => { setTimeout(r, 200); });
    }
  })();
  return { stop: async () => { stop = true; await done; }, sent: () => n };
}

test('lines come by themselves, wait while they are held, and go on', () => within('?q=service:ticker', {}, async (tab, page) => {
  await tab.sees('.state', /No line matches/);
  await page.getByRole('button', { name: 'Live' }).click();
  await tab.address('live', '1');
  await tab.sees('.lines-live', 'Live');
  await tab.sees('.live-empty', 'Waiting for lines');
  const ticker = feed('ticker', 'tick');
  await tab.sees('.line', 'tick 0');
  await tab.sees('.line', 'tick 3');
  const at = page.locator('.lines-live');

  await page.keyboard.press('p');
  await tab.sees(at, 'Held');
  const shown = async () => (await page.locator('.line').allInnerTexts()).join();
  const held = await shown();
  const sent = ticker.sent();
  await tab.sees('.live-new', /[1-9]\d* new/);
  await tab.until('more were sent', () => ticker.sent() > sent + 3);
  assert.equal(await shown(), held, 'what is held stays as it is');
  await page.keyboard.press('p');
  await tab.sees(at, 'Live');
  await tab.sees('.line', `tick ${sent + 3}`);

  // Another question while it is live.
  await tab.search('service:nobody');
  await tab.sees('.live-empty', 'Waiting for lines');
  await page.goBack();
  await tab.sees('.line', 'tick');
  await tab.accessible('live');
  await page.getByRole('button', { name: 'End live' }).click();
  await ticker.stop();
  await tab.address('live', null);
  await page.keyboard.press('r');
  await tab.lines(ticker.sent());
  tab.calm();
}));

test('what is wrong with the query of a tail is said', () => within('?live=1&q={service_name=}', {}, async (tab) => {
  await tab.sees('.notice.error, .state, .search-mistake', /./);
  tab.calm(/400 \(Bad Request\)|WebSocket|ws:/);
}));

test('the server goes away and comes back', () => within('?live=1&q=service:beat', {}, async (tab, page) => {
  const before = feed('beat', 'first');
  await tab.sees('.line', 'first 2');
  await before.stop();
  await within('?q=service:checkout', {}, async (other) => {
    await other.lines(63);
    await control('stop');
    await other.page.keyboard.press('r');
    await other.sees('.notice.error[role=alert]', /./);
    await other.accessible('server away');
    await tab.sees('.notice.error[role=alert]', 'not connected');
    await tab.sees('.line', 'first 2'); // what was there stays readable
    await control('start');
    await tab.sees('.lines-live', 'Live'); // by itself
    await other.page.getByRole('button', { name: 'Try again' }).first().click();
    await other.lines(63);
    other.calm(/ERR_CONNECTION|WebSocket/);
  });
  const after = feed('beat', 'second');
  await tab.sees('.line', 'second 2');
  await after.stop();
  assert.equal((await page.locator('.line').allInnerTexts()).filter((t) => /\bfirst 2$/m.test(t)).length, 1, 'nothing comes twice');
  tab.calm(/ERR_CONNECTION|WebSocket/);
}));

test('a page whose server is away at first', async () => {
  await within('?q=service:checkout', {}, async (tab, page) => {
    await tab.lines(63);
    await page.route('**/api/**', (route) => route.abort('connectionrefused'));
    await page.goto(`${address}?q=service:checkout&from=now-2h`);
    await tab.sees('.notice.error[role=alert]', /./);
    await page.unroute('**/api/**');
    await page.getByRole('button', { name: 'Try again' }).first().click();
    await tab.lines(63);
    tab.calm(/ERR_CONNECTION|ERR_FAILED/);
  });
});
