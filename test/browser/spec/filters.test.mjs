// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Levels, services and fields beside the lines: counts, a click to have only these or none of these, chips that turn around.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { inStory, story, within, written } from './lib.mjs';

const good = story.requests - story.failed;

test('levels and services with their counts', () => within(inStory(), {}, async (tab, page) => {
  await tab.lines(story.records);
  const level = page.getByRole('region', { name: 'Levels' }).or(page.locator('.fields-facet').first());
  await tab.sees(level, new RegExp(`error ${3 * story.failed}\\b.*`));
  await tab.sees('.fields-facet', /orders 390/);

  await page.locator('.fields-value .pick', { hasText: 'error' }).first().click();
  await tab.lines(3 * story.failed);
  await tab.meaning('{service_name=~".+"} | detected_level="error"');
  await tab.sees('.chip', 'level is error');
  // The others stay in sight, to have them, too.
  await page.locator('.fields-value .pick', { hasText: 'debug' }).first().click();
  await tab.lines(3 * story.failed + 60);
  await page.locator('.fields-value .pick', { hasText: 'stock' }).first().click();
  await tab.lines(story.failed);
  await page.goBack();
  await tab.lines(3 * story.failed + 60);

  await page.keyboard.press('x');
  await tab.lines(story.records);
  await tab.gone('.chip');

  await page.getByRole('button', { name: 'Leave out debug' }).click();
  await tab.lines(story.records - 60);
  await page.locator('.chip-text').click(); // turns it around
  await tab.lines(60);
  await page.getByRole('button', { name: /^Take away: / }).click();
  await tab.lines(story.records);
  tab.calm();
}));

test('fields of the result, their values, a column of one', () => within(inStory(), {}, async (tab, page) => {
  await tab.lines(story.records);
  const field = (name) => page.locator('.fields-field .head', { hasText: name });
  await page.getByRole('searchbox', { name: 'Search fields and values' }).fill('shard');
  await field('shard').first().waitFor();
  const value = page.locator('.fields-field .fields-value', { hasText: 'shard-9' });
  if ((await value.count()) === 0) await field('shard').first().click();
  await value.locator('.pick').click();
  await tab.lines(story.failed);
  await tab.meaning('{service_name=~".+"} | shard="shard-9"');
  await page.keyboard.press('x');
  await tab.lines(story.records);
  await page.getByRole('button', { name: 'Leave out shard-9' }).click();
  await tab.lines(story.records - story.failed);
  await page.keyboard.press('x');

  await page.getByRole('button', { name: 'Add as a column: shard' }).click();
  await tab.until('it is a column', async () => tab.params('col').join() === 'shard' || tab.params('col'));
  await tab.search('service:stock level:info');
  await tab.lines(good);
  await tab.sees('.line .line-column', /^shard-\d$/);
  await page.getByRole('button', { name: 'Do not show shard as a column' }).click();
  await tab.gone('.line-column');

  // Numbers that stand in the lines alone.
  await tab.search('service:web');
  await page.getByRole('searchbox', { name: 'Search fields and values' }).fill('took_ms');
  await tab.sees('.fields-numbers', /min 20 .* max 3/);
  await page.getByRole('searchbox', { name: 'Search fields and values' }).fill('user_plan');
  await tab.sees('.fields-field', /^user_plan json /);
  await page.locator('.fields-field .fields-value .pick', { hasText: 'basic' }).click();
  await tab.meaning('{service_name="web"} |= "basic" | json | user_plan="basic"');
  await tab.lines(story.requests);
  tab.calm();
}));

test('the panel folds away, and is a drawer where there is no room', () => within('', {}, async (tab, page) => {
  await tab.lines(written);
  await page.locator('aside.fields').waitFor();
  await page.keyboard.press('F');
  await tab.gone('aside.fields');
  await page.keyboard.press('F');
  await page.locator('aside.fields').waitFor();
  await page.setViewportSize({ width: 390, height: 844 });
  await tab.gone('aside.fields');
  if ((await page.locator('dialog.fields[open]').count()) === 0) await page.getByRole('button', { name: 'Fields and levels' }).click();
  await page.locator('dialog.fields[open] .fields-value .pick', { hasText: 'warn' }).first().click();
  await page.keyboard.press('Escape');
  await tab.lines(1);
  tab.calm();
}));
