// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// What the page says when there is nothing, when something is wrong, and while it waits: always what to do next.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { inStory, story, within, written } from './lib.mjs';

test('nothing matches: the ways out', () => within('?q=nobody-wrote-this&f=stream:service_name%3Dcheckout', {}, async (tab, page) => {
  await tab.sees('.state', 'No line matches in this time range.');
  await tab.accessible('empty');
  await page.getByRole('button', { name: 'Take the filters away' }).click();
  await tab.gone('.chip');
  await page.getByRole('button', { name: 'Empty the search field' }).click();
  await tab.lines(written);
  tab.calm();
}));

test('nothing is in the time range: where something is', () => within('?from=now-30d&to=now-29d', {}, async (tab, page) => {
  await tab.sees('.state', 'There is nothing in this time range.');
  await tab.sees('.state', 'The newest record is of');
  await page.keyboard.press('n');
  await tab.sees('.line', 'charge accepted');
  await page.goBack();
  await page.getByRole('button', { name: 'Search all there is' }).click();
  await tab.lines(written + story.records);
  for (const view of ['patterns', 'culprit']) {
    await page.goto(`${page.url().split('?')[0]}?from=now-30d&to=now-29d&view=${view}`);
    await tab.sees('.state', 'There is nothing in this time range.');
  }
  tab.calm();
}));

test('no errors, nothing that stands out, nothing before', () => within(`?from=${story.from}&to=${story.bad}&view=culprit`, {}, async (tab, page) => {
  await tab.sees('.state', 'There are no errors here.');
  await page.goto(page.url().replace('view=culprit', `view=culprit&bad=${story.from}..${story.from + 600_000}`));
  await tab.sees('.culprit', /against 790 of the time after/);
  await tab.gone('.notice.partial');
  tab.calm();
}));

test('the server refuses: its reason, and once more', () => within(inStory(), {}, async (tab, page) => {
  await tab.lines(story.records);
  let refusing = true;
  await tab.intercept((route) => (refusing ? route.fulfill({ status: 503, contentType: 'application/json', body: '{"status":"error","errorType":"unavailable","error":"too many queries at a time; try again"}' }) : route.continue()));
  await page.keyboard.press('r');
  await tab.sees('.notice.error[role=alert]', 'too many queries at a time');
  await tab.accessible('error');
  for (const view of ['patterns', 'culprit', 'overview']) {
    await page.keyboard.press('g');
    await page.keyboard.press(view[0]);
    await tab.address('view', view);
    await tab.sees('.notice.error[role=alert]', 'too many queries at a time');
  }
  refusing = false;
  await page.getByRole('button', { name: 'Try again' }).first().click();
  await tab.sees('.services tr', /stock/);
  await page.keyboard.press('g');
  await page.keyboard.press('l');
  await tab.lines(story.records);
  tab.calm(/503 \(Service Unavailable\)/);
}));

test('what is no answer at all is told, too', () => within(inStory(), {}, async (tab, page) => {
  await tab.lines(story.records);
  let body = null; // as the server answers
  await tab.intercept((route) => (body === null ? route.continue() : route.fulfill({ status: body.startsWith('<') ? 502 : 200, contentType: 'application/json', body })));
  for (const wrong of ['', '<html>a proxy</html>', '{"status":"success"}', '[]', 'null']) {
    body = wrong;
    await page.keyboard.press('r');
    await tab.sees('.notice.error', /./);
    body = null;
    await page.keyboard.press('r');
    await tab.lines(story.records);
    await tab.gone('.notice.error');
  }
  tab.calm(/502 \(Bad Gateway\)/);
}));

test('a partial answer says so', () => within(inStory(), {}, async (tab, page) => {
  await tab.lines(story.records);
  await tab.intercept(async (route) => {
    const response = await route.fetch();
    const answer = await response.json().catch(() => null);
    if (answer?.status !== 'success') return route.fulfill({ response });
    return route.fulfill({ response, json: { ...answer, warnings: ['object x of the archive could not be read: access denied'] } });
  });
  await page.keyboard.press('r');
  await tab.sees('.notice.partial', 'a part of the archive could not be read');
  await page.locator('.notice.partial summary').first().click();
  await tab.sees('.notice.partial li', 'access denied');
  await tab.accessible('partial');
  for (const view of ['patterns', 'culprit', 'overview']) {
    await page.keyboard.press('g');
    await page.keyboard.press(view[0]);
    await tab.sees('.notice.partial', 'a part of the archive could not be read');
  }
  tab.calm();
}));

test('while it waits, it says so and stays usable', () => within(inStory(), {}, async (tab, page) => {
  await tab.lines(story.records);
  let release;
  let held = new Promise((done) => { release = done; });
  await tab.intercept(async (route) => {
    await held;
    await route.continue().catch(() => {}); // the page may have aborted it
  });
  await tab.search('lock timeout');
  await tab.until('it is busy', async () => (await page.locator('main [aria-busy=true]').count()) > 0);
  await tab.sees('main', /Loading|Counting/);
  await tab.until('the list says so, and not cut off', () => page.locator('.list-gap .loading').evaluate((e) => e.getBoundingClientRect().bottom <= e.closest('.list-gap').getBoundingClientRect().bottom));
  // Another question takes the place of the one that waits.
  const first = release;
  held = new Promise((done) => { release = done; });
  await tab.search('heartbeat');
  await tab.sees('.meaning', 'heartbeat');
  release();
  await tab.lines(60);
  first(); // too late
  await tab.idle();
  await tab.lines(60);
  assert.match(await page.locator('.line').first().innerText(), /heartbeat/);
  tab.calm();
}));
