// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Measures the page at LOGBOOM_PAGE and prints a table. Times of tasks are taken from Chromium's own trace of the page's main thread:
// how long a task took by the clock, and how much of the processor, which other programs on the machine do not change.

import { chromium } from '../../browser/node_modules/playwright-core/index.mjs';

const address = process.env.LOGBOOM_PAGE;
const repetitions = Number(process.env.REPETITIONS);
const patience = 120_000;

const get = async (path, params) => (await fetch(`${address}${path}?${new URLSearchParams(params)}`)).json();
const { data: { archive } } = await get('logboom/api/v1/overview', {});
const range = { from: archive.oldest.slice(0, -6), to: String(Number(archive.newest.slice(0, -6)) + 1) };
const everything = '{service_name=~".+"}';

/** sample is lines spread over the range. */
async function sample() {
  const at = (part) => String(Math.round(Number(range.from) + part * (Number(range.to) - Number(range.from))));
  const answers = await Promise.all([0.1, 0.3, 0.5, 0.7, 0.9].map((p) => get('loki/api/v1/query_range', { query: everything, start: `${at(p - 0.1)}000000`, end: `${at(p)}000000`, limit: 200 })));
  return answers.flatMap((a) => a.data.result.flatMap((s) => s.values.map((v) => v[1])));
}

/** words are some of the sample's, from frequent to rare: only words that lines have, so that a hit can be waited for. */
async function words(n) {
  const counts = new Map();
  for (const line of await sample()) for (const w of new Set(line.match(/(?<![\w.-])[a-z]{5,14}(?![\w.-])/g))) counts.set(w, (counts.get(w) ?? 0) + 1);
  const list = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).map(([w]) => w);
  return Array.from({ length: n }, (_, i) => list[Math.floor((i * (list.length - 1)) / Math.max(1, n - 1))]);
}

const browser = await chromium.launch({ executablePath: process.env.LOGBOOM_CHROMIUM, args: ['--no-sandbox', '--disable-gpu'], timeout: patience });

async function open(path) {
  const context = await browser.newContext({ viewport: { width: 1360, height: 900 } });
  context.setDefaultTimeout(patience);
  context.setDefaultNavigationTimeout(patience);
  const page = await context.newPage();
  await page.goto(address + path);
  return { page, context };
}

const at = (more = {}) => `?${new URLSearchParams({ ...range, ...more })}`;

/**
 * until measures in the page, from the next key that is pressed to the frame that shows what a condition waits for.
 * @param {string} condition is a name among those of the function below
 */
async function until(page, condition, press) {
  await page.evaluate((name) => {
    window.__shown = new Promise((resolve) => {
      addEventListener('keydown', (e) => {
        const look = () => {
          if (window.__conditions[name]()) requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - e.timeStamp)));
          else requestAnimationFrame(look);
        };
        requestAnimationFrame(look);
      }, { capture: true, once: true });
    });
  }, condition);
  await press();
  const took = await Promise.race([page.evaluate(() => window.__shown), new Promise((done) => { setTimeout(done, patience).unref(); })]);
  if (took === undefined) throw new Error(`${condition}: not shown within ${patience / 1000} s`);
  return took;
}

/** conditions are what is waited for, by name; word is the one that was searched for. */
const conditions = () => {
  window.__conditions = {
    lines: () => [...document.querySelectorAll('.line mark')].some((m) => m.textContent.toLowerCase() === window.__word),
    patterns: () => document.querySelector('.pattern') !== null,
    culprit: () => document.querySelector('.culprit-list, .culprit .state-title') !== null, // a small archive has no cause to tell
    trail: () => document.querySelector('.trail-row') !== null,
    overview: () => document.querySelector('.services tbody tr') !== null,
    all: () => document.querySelector('.lines .line') !== null,
    histogram: () => document.querySelector('.histogram:not([aria-busy=true]) canvas') !== null,
  };
};

async function editor(page) {
  await page.locator('.search-field').getByRole('textbox').first().focus();
  await page.locator('.search-editor .cm-content').waitFor();
  await page.locator('.search-editor .cm-content').focus();
}

async function fill(page, text) {
  await editor(page);
  await page.keyboard.press('Control+a');
  await page.keyboard.press('Delete');
  await page.keyboard.insertText(text);
  if (text !== '') await page.waitForFunction((t) => document.querySelector('.search-editor').shadowRoot.querySelector('.cm-line').textContent === t, text, { timeout: patience }).catch(() => {});
  await page.keyboard.press('Escape');
  await editor(page);
}

/** traced runs something and returns the longest task of the page's main thread in it, in ms by the clock and of the processor. */
async function traced(page, run) {
  const cdp = await browser.newBrowserCDPSession();
  const events = [];
  cdp.on('Tracing.dataCollected', (e) => events.push(...e.value));
  const complete = new Promise((done) => { cdp.once('Tracing.tracingComplete', done); });
  await cdp.send('Tracing.start', { transferMode: 'ReportEvents', traceConfig: { includedCategories: ['disabled-by-default-devtools.timeline', 'devtools.timeline', 'toplevel'] } });
  const before = await page.evaluate(() => performance.now());
  await run();
  const after = await page.evaluate(() => performance.now());
  await cdp.send('Tracing.end');
  await complete;
  await cdp.detach();
  // The browser's own surfaces are pages, too: that of the page has called functions of its files.
  const own = new Set(events.filter((e) => e.name === 'FunctionCall' && e.args.data?.url?.startsWith(address)).map((e) => e.pid));
  const main = new Set(events.filter((e) => e.name === 'thread_name' && e.args.name === 'CrRendererMain' && own.has(e.pid)).map((e) => `${e.pid} ${e.tid}`));
  if (main.size === 0) throw new Error('the trace has no thread of the page');
  const tasks = events.filter((e) => e.name === 'RunTask' && e.dur !== undefined && main.has(`${e.pid} ${e.tid}`));
  const most = (of) => Math.max(0, ...tasks.map(of)) / 1000;
  return { wall: most((e) => e.dur), cpu: most((e) => e.tdur ?? 0), tasks: tasks.length, over: tasks.filter((e) => (e.tdur ?? 0) > 50_000).length, took: after - before };
}

const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
const ms = (x) => `${Math.round(x)} ms`;
const rows = [];
const notes = [];
const row = (what, ...values) => {
  rows.push([what, ...values]);
  if (process.env.PROGRESS) console.error(what, ...values);
};
const times = (what, list) => row(what, ms(median(list)), ms(Math.max(...list)), '');

// What a first visit loads.
{
  const paints = [];
  const firsts = [];
  let bytes = 0;
  let requests = 0;
  let all = 0;
  let allRequests = 0;
  for (let i = 0; i < repetitions; i++) {
    const { page, context } = await open('licenses.txt');
    const cdp = await context.newCDPSession(page);
    await cdp.send('Network.enable');
    const seen = { bytes: 0, requests: 0 };
    cdp.on('Network.loadingFinished', (e) => { seen.bytes += e.encodedDataLength; seen.requests++; });
    await page.addInitScript(() => {
      const look = () => {
        if (document.querySelector('.lines .line')) window.__first = performance.now();
        else requestAnimationFrame(look);
      };
      requestAnimationFrame(look);
    });
    await page.goto(address + at());
    await page.waitForFunction(() => window.__first, undefined, { timeout: patience });
    ({ bytes, requests } = seen);
    firsts.push(await page.evaluate(() => window.__first));
    paints.push(await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN));
    await page.locator('.search-editor .cm-content').waitFor();
    await page.waitForLoadState('networkidle');
    all = seen.bytes;
    allRequests = seen.requests;
    await context.close();
  }
  row('a first visit: until the first lines', `${(bytes / 1000).toFixed(0)} kB`, `${requests} requests`, '');
  row('and all that comes by itself, the editor too', `${(all / 1000).toFixed(0)} kB`, `${allRequests} requests`, '');
  times('first paint, nothing cached', paints);
  times('first lines, nothing cached', firsts);
}

const { page } = await open(at());
await page.locator('.line').first().waitFor();
await page.evaluate(conditions);

// From Enter to the first lines: each word once, so that no answer is kept from before.
{
  const list = await words(repetitions);
  const took = [];
  const logql = [];
  for (const word of list) {
    await fill(page, word);
    await page.evaluate((w) => { window.__word = w; }, word);
    took.push(await until(page, 'lines', () => page.keyboard.press('Enter')));
    await page.waitForLoadState('networkidle');
  }
  for (const word of list) {
    await fill(page, `${everything} |= "${word}" | detected_level=~"info|warn|error|debug|unknown"`);
    await page.evaluate((w) => { document.querySelectorAll('.line mark').forEach((m) => m.closest('.line').setAttribute('data-old', '')); window.__word = w; }, word);
    logql.push(await until(page, 'lines', () => page.keyboard.press('Enter')));
    await page.waitForLoadState('networkidle');
  }
  times('first lines after Enter: a word', took);
  times('first lines after Enter: LogQL with a text and a level', logql);
  notes.push(`Words that were searched for: ${list.join(', ')}.`);
}

// The longest task while somebody types, and while somebody scrolls.
{
  const typing = async (text) => {
    await fill(page, '');
    return traced(page, async () => {
      for (const c of text) await page.keyboard.type(c, { delay: 30 });
      await page.waitForTimeout(1500); // completion and the check for mistakes
    });
  };
  const task = (what, t) => row(what, ms(t.cpu), ms(t.wall), `${t.over} of ${t.tasks} tasks above 50 ms of processor`);
  {
    const fresh = await open('licenses.txt');
    task('longest task of a first visit, with somebody who types at once', await traced(fresh.page, async () => {
      await fresh.page.goto(address + at());
      await fresh.page.locator('.search-field').getByRole('textbox').first().focus();
      await fresh.page.keyboard.type('payment timeout', { delay: 30 });
      await fresh.page.locator('.search-editor .cm-content').waitFor();
      await fresh.page.waitForLoadState('networkidle');
    }));
    await fresh.context.close();
  }
  task('longest task while words are typed', await typing('payment timeout level:error -health'));
  task('longest task while LogQL is typed', await typing('{service_name=~"pay.*"} |= "timeout" | json | status >= 500'));
  await fill(page, '');
  await page.keyboard.press('Escape');
  await page.goto(address + at());
  await page.locator('.line').first().waitFor();
  await page.waitForLoadState('networkidle');
  const box = await page.locator('.list').first().boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  task('longest task while lines are scrolled', await traced(page, async () => {
    for (let i = 0; i < 30 * repetitions; i++) {
      await page.mouse.wheel(0, 600);
      await page.waitForTimeout(16);
    }
    await page.waitForTimeout(500);
  }));
  task('longest task while it jumps through all of them', await traced(page, async () => {
    for (let i = 0; i < 2 * repetitions; i++) {
      await page.keyboard.press(i % 2 === 0 ? 'End' : 'Home');
      await page.waitForTimeout(500);
    }
  }));
  task('longest task while a line is opened and closed', await traced(page, async () => {
    for (let i = 0; i < repetitions; i++) {
      await page.keyboard.press('j');
      await page.keyboard.press('Enter');
      await page.waitForTimeout(200);
      await page.keyboard.press('Enter');
      await page.waitForTimeout(100);
    }
  }));
}

// Each view, from the key to what it shows. Every time over another part of the range, so that no answer is kept from before.
{
  const took = { patterns: [], culprit: [], trail: [], overview: [] };
  const found = await get('loki/api/v1/query_range', { query: `${everything} | detected_level="error" | trace_id!=""`, start: `${range.from}000000`, end: `${range.to}000000`, limit: 10 * repetitions });
  const ids = [...new Set(found.data.result.flatMap((s) => s.values.map((v) => v[2]?.structuredMetadata?.trace_id ?? s.stream.trace_id)))].filter(Boolean);
  const id = ids[0] ?? 'none';
  for (let i = 0; i < repetitions; i++) {
    for (const [view, key] of [['patterns', 'p'], ['culprit', 'c'], ['trail', 't'], ['overview', 'o']]) {
      if (view === 'trail' && ids.length === 0) continue;
      await page.goto(address + at({ to: String(Number(range.to) + i + 1), ...(view === 'trail' ? { id: ids[i % ids.length] ?? id } : {}) }));
      await page.locator('.line').first().waitFor();
      await page.waitForLoadState('networkidle');
      await page.evaluate(conditions);
      await page.keyboard.press('g');
      took[view].push(await until(page, view, () => page.keyboard.press(key)));
    }
  }
  const names = { patterns: 'Patterns of the whole range', culprit: 'Culprit: errors of the whole range against the rest', trail: 'Trail of a failing request', overview: 'What is here' };
  for (const [view, list] of Object.entries(took)) if (list.length > 0) times(names[view], list);
}

await browser.close();
console.log(`${archive.records.toLocaleString('en-US')} records; of times the median and the longest of ${repetitions}; of tasks the longest: its processor time, and by the clock.`);
for (const note of notes) console.log(note);
console.log('');
const widths = [0, 1, 2, 3].map((i) => Math.max(...rows.map((r) => r[i].length)));
for (const r of rows) console.log(`| ${r.map((c, i) => c.padEnd(i === 0 ? Math.min(widths[0], 70) : widths[i])).join(' | ')} |`);
