// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// What a first visit loads.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { address, open } from './lib.mjs';

/** received counts the bytes that come over the network, heads included. */
async function received(tab) {
  const cdp = await tab.context.newCDPSession(tab.page);
  await cdp.send('Network.enable');
  const seen = { bytes: 0, requests: [] };
  cdp.on('Network.loadingFinished', (e) => { seen.bytes += e.encodedDataLength; });
  cdp.on('Network.responseReceived', (e) => { seen.requests.push(`${new URL(e.response.url).pathname} ${e.response.status}`); });
  return seen;
}

test('no more than 200 kB come before the first lines, and all that comes by itself after them', async () => {
  const tab = await open('licenses.txt'); // anything that is not the page
  const seen = await received(tab);
  await tab.page.goto(address);
  await tab.page.locator('.line').first().waitFor();
  const first = seen.bytes;
  await tab.page.locator('.search-editor .cm-content').waitFor(); // comes by itself
  await tab.idle();
  console.log(`first lines: ${(first / 1000).toFixed(1)} kB; with what comes after them: ${(seen.bytes / 1000).toFixed(1)} kB in ${seen.requests.length} requests`);
  assert.ok(first <= 200_000, `first lines: ${first} bytes: ${seen.requests.join(', ')}`);
  await tab.close();
});

test('the headers of the page', async () => {
  const page = await fetch(address);
  const csp = page.headers.get('content-security-policy') ?? '';
  const directives = new Map(csp.split(';').map((d) => d.trim().split(/\s+/)).map(([name, ...rest]) => [name, rest.join(' ')]));
  assert.equal(directives.get('default-src'), "'none'");
  for (const name of ['script-src', 'style-src', 'img-src', 'connect-src']) assert.equal(directives.get(name), "'self'", `${name} of ${csp}`);
  assert.equal(directives.get('frame-ancestors'), "'none'");
  assert.equal(directives.get('base-uri'), "'none'");
  assert.match(csp, /require-trusted-types-for 'script'/);
  assert.doesNotMatch(csp, /unsafe|data:|blob:|\*/);
  assert.equal(page.headers.get('x-content-type-options'), 'nosniff');
  assert.equal(page.headers.get('referrer-policy'), 'no-referrer');
  assert.match(page.headers.get('cache-control'), /no-cache/);
  const html = await page.text();
  const assets = [...html.matchAll(/(?:src|href)="\.?\/?(assets\/[^"]+)"/g)].map((m) => m[1]);
  assert.ok(assets.length >= 2);
  for (const asset of assets) {
    const got = await fetch(address + asset);
    assert.equal(got.status, 200);
    assert.match(got.headers.get('cache-control'), /immutable/);
  }
  assert.doesNotMatch(html, /<script(?![^>]*src=)|\s(?:style|on\w+)=/, 'nothing inline');
});

test('a script that gets into the page anyhow does not run', async () => {
  const tab = await open();
  const ran = await tab.page.evaluate(async () => {
    const out = [];
    try {
      document.body.innerHTML = '<img src=x onerror="window.harm = 1">';
      out.push('innerHTML');
    } catch { /* Trusted Types */ }
    const s = document.createElement('script');
    try {
      s.textContent = 'window.harm = 2';
      document.head.append(s);
    } catch { /* Trusted Types */ }
    document.body.setAttribute('style', 'opacity: 0.5');
    out.push(getComputedStyle(document.body).opacity);
    await fetch('http://127.0.0.1:1/').then(() => out.push('fetch'), () => {});
    out.push(window.harm);
    return out;
  });
  assert.deepEqual(ran, ['1', undefined]);
  await tab.close();
});
