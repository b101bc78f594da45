// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Every view as somebody sees it who opens it: in both colour schemes, wide and narrow, without a word on the console and without a
// violation that axe knows of.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { open } from './lib.mjs';

const views = ['lines', 'patterns', 'culprit', 'trail', 'overview'];

for (const dark of [false, true]) {
  for (const view of views) {
    test(`${view} ${dark ? 'dark' : 'light'}`, async () => {
      const tab = await open(`?from=now-15m&view=${view}`, { dark });
      await tab.page.waitForLoadState('networkidle');
      await tab.shot(`${view}-${dark ? 'dark' : 'light'}`);
      await tab.accessible(view);
      tab.calm();
      await tab.close();
    });
  }
}

for (const view of views) {
  test(`${view} narrow`, async () => {
    const tab = await open(`?from=now-15m&view=${view}`, { width: 390, height: 844 });
    await tab.page.waitForLoadState('networkidle');
    await tab.shot(`${view}-narrow`);
    assert.ok(await tab.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'nothing sticks out');
    tab.calm();
    await tab.close();
  });
}
