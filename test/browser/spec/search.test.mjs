// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// One field: plain words, whose LogQL is shown and can be edited, or LogQL, with completion and with mistakes where they are.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { inStory, story, within, written } from './lib.mjs';

const all = '{service_name=~".+"}';

test('what was written lately is there at once', () => within('', {}, async (tab, page) => {
  await tab.lines(written);
  await tab.sees('.line', 'charge accepted');
  assert.equal(await page.title(), 'Lines · Logboom');
  tab.calm();
}));

test('plain words become LogQL, which can be taken over and edited', () => within('', {}, async (tab, page) => {
  await tab.search('TIMEOUT');
  await tab.meaning(`${all} |= "TIMEOUT"`);
  await tab.sees('.state', 'No line matches');
  await tab.search('timeout');
  await tab.meaning(`${all} |~ "(?i)timeout"`);
  await tab.lines(3);
  assert.equal(await page.title(), 'timeout · Logboom');
  await tab.search('timeout -"after 3000"');
  await tab.sees('.state', 'No line matches');
  await tab.search('timeout OR "sign-in form"');
  await tab.lines(4);

  await tab.search('"sign-in form"');
  await tab.meaning(`${all} |= "sign-in form"`);
  await page.locator('.meaning').click();
  await tab.until('the LogQL stands in the field', async () => (await tab.text()) === `${all} |= "sign-in form"` || tab.text());
  assert.equal(tab.param('q'), `${all} |= "sign-in form"`);
  await tab.gone('.meaning');
  await page.keyboard.press('/'); // at its end
  await tab.until('the field has the focus', () => page.evaluate(() => document.activeElement.closest('.search-field') !== null));
  await page.keyboard.insertText(' |= "nobody wrote this"');
  await page.keyboard.press('Enter');
  await tab.sees('.state', 'No line matches');
  await page.goBack();
  await tab.lines(1);
  tab.calm();
}));

test('fields, levels and numbers in plain words', () => within('', {}, async (tab) => {
  await tab.search('level:error service:checkout');
  await tab.lines(3);
  await tab.search('service:checkout -level:error');
  await tab.lines(60);
  await tab.search('service:edge took_seconds>3');
  await tab.lines(1);
  await tab.search('amount=12.5'); // only in the text of a JSON line
  await tab.lines(1);
  await tab.sees('.line', 'charge accepted');
  await tab.search('number=12'); // no field of logfmt: text
  await tab.lines(1);
  tab.calm();
}));

test('LogQL is coloured, and what is wrong with it is said where it is', () => within('', {}, async (tab, page) => {
  await tab.search('{service_name="checkout"} |= "timeout"');
  await tab.lines(3);
  await tab.until('the text is coloured', async () => (await page.locator('.search-editor .cm-line span').count()) > 2);
  await tab.gone('.meaning');

  await tab.search('{service_name="checkout"} |= timeout | json');
  await tab.sees('.search-mistake[role=alert]', /./);
  const place = page.locator('.search-editor .cm-lintRange-error');
  await place.first().waitFor();
  assert.equal((await place.allInnerTexts()).join(''), 'timeout', 'the mistake is marked where it is');
  await tab.lines(3); // what was there stays
  assert.equal(tab.param('q'), '{service_name="checkout"} |= "timeout"', 'what cannot be read is not asked');

  // While one types, too, and gone when it is right.
  await tab.type('{service_name=checkout}');
  await tab.sees('.search-mistake', /./);
  await tab.type('{service_name="inventory"}');
  await tab.gone('.search-mistake');
  await page.keyboard.press('Enter');
  await tab.lines(2);
  tab.calm(/400 \(Bad Request\)/);
}));

test('completion of labels, their values, fields and functions', () => within(inStory(), {}, async (tab, page) => {
  const offered = (text) => tab.sees('.search-editor .cm-tooltip-autocomplete li', text);
  // The editor takes no click while it looks for more, which is as short as a blink.
  const pick = async (text) => {
    const before = await tab.text();
    await tab.until(`${text} is picked`, async () => {
      if ((await tab.text()) !== before) return true;
      await page.locator('.search-editor .cm-tooltip-autocomplete li', { hasText: text }).first().click({ timeout: 1000 }).catch(() => {});
      return (await tab.text()) !== before;
    });
  };
  const typed = async (text) => {
    await tab.type('');
    await page.keyboard.type(text, { delay: 5 });
  };
  await tab.editor();
  await typed('{serv');
  await offered('service_name');
  await page.keyboard.press('Control+Space'); // asked for once more
  await offered('service_name');
  await pick('service_name');
  await offered('orders'); // the values follow by themselves
  await pick('orders');
  await tab.until('a matcher stands there', async () => /^\{service_name="orders"?\}?$/.test(await tab.text()) || tab.text());

  await typed('shar');
  await offered('shard');
  await pick('shard');
  await offered('shard-9');
  await pick('shard-9');
  await page.keyboard.press('Enter');
  await tab.lines(story.failed);

  await typed('sum by (service_name) (count_o');
  await offered('count_over_time');
  await page.keyboard.press('Escape');
  await typed('{service_name="web"} | js');
  await offered('json');
  // By keyboard alone: down to the first, Enter takes it.
  await tab.until('one is chosen', async () => {
    if ((await page.locator('.search-editor .cm-tooltip-autocomplete li[aria-selected]').count()) > 0) return true;
    await page.keyboard.press('ArrowDown');
  });
  await page.keyboard.press('Enter');
  await tab.until('json stands there', async () => (await tab.text()).startsWith('{service_name="web"} | json') || tab.text());
  tab.calm(/400 \(Bad Request\)/);
}));

test('what was searched before is offered, and can be forgotten', () => within('', {}, async (tab, page) => {
  await tab.search('timeout');
  await tab.lines(3);
  await tab.type('');
  await page.keyboard.press('Control+Space');
  await tab.sees('.search-editor .cm-tooltip-autocomplete li', /^timeout searched before/);
  await page.keyboard.press('Escape'); // the list
  await page.keyboard.press('Escape'); // the field
  await tab.until('the field has no focus', () => page.evaluate(() => document.activeElement === document.body));
  await page.keyboard.press('?');
  await page.getByRole('button', { name: 'Forget them' }).click();
  await tab.until('nothing is kept', () => page.evaluate(() => !JSON.stringify(localStorage).includes('timeout')));
  tab.calm();
}));
