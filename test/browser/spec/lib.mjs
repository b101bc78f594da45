// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// What the specs share: a tab of a real browser that writes down what a user would not see.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after } from 'node:test';

import { chromium } from 'playwright-core';

/** Where the page is. */
export const address = process.env.LOGBOOM_PAGE;
const shots = process.env.LOGBOOM_SCREENSHOTS;

/** The records of the quickstart's own services, all of the last quarter of an hour. */
export const written = Number(process.env.LOGBOOM_WRITTEN);

const minute = 60_000;

/** The story that is told beside them: an hour, of which minutes 40 to 45 are bad. All in ms. */
const begin = Number(process.env.LOGBOOM_STORY);
export const story = {
  from: begin, to: begin + 60 * minute, bad: begin + 40 * minute, good: begin + 45 * minute, requests: 360, failed: 30, records: 360 * 3 + 60 + 30,
  /** The trace id of the request of a number. */
  trace: (i) => `b00b${'0'.repeat(24)}${i.toString(16).padStart(4, '0')}`,
};

/** inStory is the address of a view on the story. */
export const inStory = (more = {}) => `?${new URLSearchParams({ from: story.from, to: story.to, ...more })}`;

// Patience with a busy machine: nothing here is about time.
const patience = Number(process.env.LOGBOOM_PATIENCE ?? 60_000);

const axeSource = readFileSync(new URL('../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');

const browser = await chromium.launch({ executablePath: process.env.LOGBOOM_CHROMIUM, args: ['--no-sandbox', '--disable-gpu'], timeout: 2 * patience });
after(() => browser.close());

export const sleep = (ms) => new Promise((done) => { setTimeout(done, ms); });

/** until waits for a condition that is looked at again and again; what it returned last is in the failure. */
export async function until(what, condition, failed = () => '') {
  const deadline = Date.now() + patience;
  for (;;) {
    const got = await condition();
    if (got === true) return;
    if (Date.now() > deadline) assert.fail(`${what}: not within a minute, last ${JSON.stringify(got)}${await failed()}`);
    await sleep(50);
  }
}

/** attributes are key and value as OTLP writes them. */
const attributes = (of) => Object.entries(of).map(([key, value]) => ({ key, value: { stringValue: value } }));

/**
 * send sends records of a service over OTLP/HTTP. A record is a text, or {body, time (ms), severity (OTLP's number), attributes, traceId}.
 * @param {(string | object)[]} records
 */
export async function send(service, records) {
  const logRecords = records.map((r, i) => {
    const { body, time, severity = 9, attributes: of = {}, traceId } = typeof r === 'string' ? { body: r } : r;
    const ns = BigInt(time ?? Date.now()) * 1_000_000n + BigInt(i);
    return { timeUnixNano: String(ns), severityNumber: severity, body: { stringValue: body }, attributes: attributes(of), traceId };
  });
  const response = await fetch(`${process.env.LOGBOOM_OTLP}/v1/logs`, {
    method: 'POST', headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ resourceLogs: [{ resource: { attributes: attributes({ 'service.name': service }) }, scopeLogs: [{ logRecords }] }] }),
  });
  assert.equal(response.status, 200, await response.text());
}

/** Tab is a tab of a browser with the page in it. */
class Tab {
  #errors = [];

  constructor(context, page) {
    this.context = context;
    this.page = page;
    this.requests = [];
    page.on('console', (m) => {
      if (m.type() === 'error' || m.type() === 'warning') this.#errors.push(`${m.type()}: ${m.text()} ${m.location().url}`);
    });
    page.on('pageerror', (e) => this.#errors.push(`exception: ${e.message}`));
    context.on('request', (r) => this.requests.push(r.url()));
  }

  /** calm fails when the console is not empty, but for what is expected, and when somebody else's server was asked. */
  calm(expected = /^$/) {
    const unexpected = this.#errors.splice(0).filter((e) => !expected.test(e));
    assert.deepEqual(unexpected, [], 'nothing on the console');
    const own = new URL(address).host;
    assert.deepEqual(this.requests.filter((r) => new URL(r).host !== own), [], 'no request leaves the server of the page');
  }

  until(what, condition) {
    return until(what, condition, async () => {
      await this.shot(`failed-${what}`);
      return `; the page says: ${(await this.page.locator('body').innerText()).replaceAll(/\s*\n\s*/g, ' | ').slice(0, 1500)}`;
    });
  }

  /** sees waits until an element's text is as it should be. */
  sees(where, wanted) {
    const at = typeof where === 'string' ? this.page.locator(where) : where;
    return this.until(`${where} says ${wanted}`, async () => {
      const texts = (await at.allInnerTexts()).map((t) => t.replaceAll(/\s+/g, ' ').trim());
      return texts.some((t) => (wanted instanceof RegExp ? wanted.test(t) : t.includes(wanted))) || texts.slice(0, 20);
    });
  }

  /** gone waits until nothing fits a selector. */
  gone(where) {
    return this.until(`${where} is gone`, async () => (await this.page.locator(where).count()) === 0);
  }

  /** lines waits until the page says how many lines there are. */
  lines(n) {
    return this.sees('.lines-count', new RegExp(`^${n.toLocaleString('en-US')} lines?$`));
  }

  /** meaning waits until what is asked for is said to be this LogQL. */
  meaning(logql) {
    return this.until(`means ${logql}`, async () => {
      const said = await this.page.locator('.meaning code').allInnerTexts();
      return said[0] === logql || said;
    });
  }

  /** param is a value of the page's address. */
  param(name) {
    return new URL(this.page.url()).searchParams.get(name);
  }

  params(name) {
    return new URL(this.page.url()).searchParams.getAll(name);
  }

  /** param waits for a value in the address. */
  address(name, wanted) {
    return this.until(`${name} in the address is ${wanted}`, () => {
      const got = this.param(name);
      return (wanted instanceof RegExp ? wanted.test(got ?? '') : got === wanted) || got;
    });
  }

  /** intercept lets a handler answer the page's requests. It returns when requests come by there: a browser lets the first ones pass. */
  async intercept(handler) {
    const probe = 'loki/api/v1/status/buildinfo?probe';
    let seen = false;
    await this.page.route('**/{loki,logboom}/api/**', (route) => {
      if (!route.request().url().endsWith(probe)) return handler(route);
      seen = true;
      return route.fulfill({ body: '' });
    });
    await this.until('requests come by', async () => {
      await this.page.evaluate((path) => fetch(path), probe);
      return seen;
    });
  }

  /** editor waits for the editor, which takes the place of the plain field. */
  async editor() {
    await this.page.locator('.search-field').getByRole('textbox').first().focus();
    const editor = this.page.locator('.search-editor .cm-content');
    await editor.waitFor();
    return editor;
  }

  /** text is what stands in the search field. */
  async text() {
    const editor = this.page.locator('.search-editor .cm-content');
    if ((await editor.count()) === 0) return this.page.locator('.search-field input').inputValue();
    if ((await editor.locator('.cm-placeholder').count()) > 0) return '';
    return (await editor.locator('.cm-line').allInnerTexts()).join('\n');
  }

  /** type puts a text in the place of what stands in the search field, and does not ask yet. */
  async type(text) {
    const editor = await this.editor();
    await editor.focus();
    await this.page.keyboard.press('Control+a');
    await this.page.keyboard.press('Delete');
    await this.page.keyboard.insertText(text);
    await this.until(`${text} stands in the field`, async () => (await this.text()) === text || this.text());
  }

  /** search asks for a text as a user does. */
  async search(text) {
    await this.type(text);
    await this.page.keyboard.press('Enter');
  }

  async shot(name) {
    if (shots) await this.page.screenshot({ path: join(shots, `${name.replaceAll(/[^\w-]+/g, '-').slice(0, 80)}.png`) });
  }

  /** accessible fails when axe finds a violation of WCAG A or AA, or of good practice. */
  async accessible(what) {
    // Not by a script element: the Content-Security-Policy forbids it, and shall.
    await this.page.evaluate(axeSource);
    const found = await this.page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
    const said = found.violations.map((v) => `${v.id} (${v.impact}): ${v.help}: ${v.nodes.slice(0, 5).map((n) => n.html.slice(0, 300)).join(' | ')}`);
    if (said.length > 0) await this.shot(`axe-${what}`);
    assert.deepEqual(said, [], `axe: ${what}`);
  }

  /** idle waits until nothing loads any more. */
  async idle() {
    await this.page.waitForLoadState('networkidle');
    await this.until('nothing loads', async () => (await this.page.locator('[aria-busy=true], .loading').count()) === 0);
  }

  close() {
    return this.context.close();
  }
}

/**
 * open loads the page in a tab of its own.
 * @param {string} [path] behind the address, such as '?view=overview'
 */
export async function open(path = '', { width = 1360, height = 900, dark = false, ...more } = {}) {
  const context = await browser.newContext({
    viewport: { width, height }, colorScheme: dark ? 'dark' : 'light', acceptDownloads: true, timezoneId: 'Europe/Berlin', reducedMotion: 'reduce', ...more,
  });
  context.setDefaultTimeout(patience);
  context.setDefaultNavigationTimeout(patience);
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const page = await context.newPage();
  const tab = new Tab(context, page);
  await page.goto(address + path);
  return tab;
}

/** within opens the page, and closes it after the use whatever happens; a failure leaves a picture. */
export async function within(path, options, use) {
  const tab = await open(path, options);
  try {
    await use(tab, tab.page);
  } catch (e) {
    await tab.shot(`failed-${e.message.split('\n')[0]}`).catch(() => {});
    throw e;
  } finally {
    await tab.close();
  }
}
