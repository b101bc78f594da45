// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// What a log holds is text, whatever it is: in lines, in names and values of fields, in names of services, in every view.

import assert from 'node:assert/strict';
import { before, test } from 'node:test';

import { send, until, within, address } from './lib.mjs';

const markup = `<img src=x onerror="window.harm=1"><script>window.harm=1</script><svg onload=window.harm=1><style>*{display:none}</style><a href="javascript:window.harm=1">x</a>{{constructor.constructor('window.harm=1')()}}`;
const bidi = 'report\u202egnp.exe\u2066 and \u200bhidden\u2069';
const controls = Array.from({ length: 32 }, (_, i) => String.fromCharCode(i)).filter((c) => c !== '\n' && c !== '\t').join('') + '\x7f\x9b31m\x9d';
const ansi = '\x1b[31mred\x1b[0m \x1b[1;38;2;0;255;0mgreen\x1b[m \x1b]8;;javascript:alert(1)\x07link\x1b]8;;\x07 \x1b[2J\x1b[1;1Hgone';
const zalgo = `z${'\u0301'.repeat(500)}`;
const half = 'half \ud800 of a pair';
const rlo = '\u202e';
const service = `evil${rlo}<b onmouseover=window.harm=1>"'\`{}\\`;
const long = 10 << 20;

const lines = [
  { body: `markup ${markup}` }, { body: `bidi ${bidi}` }, { body: `controls ${controls} end` }, { body: `ansi ${ansi}` }, { body: `zalgo ${zalgo}` },
  { body: `half ${half}` }, { body: `{"json ${rlo}<b>":"${markup.replaceAll('"', "'")}","__proto__":{"a":1},"constructor":"x"}` },
  { body: `nested ${'['.repeat(20_000)}${']'.repeat(20_000)}` }, { body: `{"deep":${'{"a":'.repeat(3000)}1${'}'.repeat(3000)}}` },
  { body: `many\n${'line\n'.repeat(5000)}` }, { body: '' }, { body: '\n\n\n' }, { body: `blank${'\u00a0\u2003\u3000'.repeat(3000)}wide` },
  { body: 'fields', attributes: { [`<b>${rlo}name`]: markup, __proto: '__proto__', 'constructor': 'toString', ' ': ' ', 'a"b=c`d': `"quoted" \\ \`x\` ${bidi}`, ['n'.repeat(5000)]: 'v'.repeat(50_000) } },
];

before(async () => {
  await send(service, lines.map((l) => ({ severity: 17, ...l })));
  await send(markup, [`of a service that is markup ${markup}`]);
  await send('huge', [{ body: `huge ${'x'.repeat(long)} end`, severity: 17 }]);
  await until('they are found', async () => {
    const q = new URLSearchParams({ query: 'sum(count_over_time({service_name=~".+"} | service_name=~"evil.*|<img.*|huge" [1h]))' });
    const answer = await (await fetch(`${address}loki/api/v1/query?${q}`)).json();
    return Number(answer.data.result[0]?.value[1]) === lines.length + 2 || answer;
  });
});

/** unharmed fails when something of a log did more than to be read. */
async function unharmed(tab) {
  const found = await tab.page.evaluate(() => {
    const all = (root) => [...root.querySelectorAll('*')].flatMap((e) => [e, ...(e.shadowRoot ? all(e.shadowRoot) : [])]);
    const main = all(document.querySelector('main'));
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const raw = [];
    for (let n = texts.nextNode(); n; n = texts.nextNode()) {
      // eslint-disable-next-line no-control-regex
      if (/[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/.test(n.data)) raw.push(n.data.slice(0, 100));
    }
    const attributes = all(document.documentElement).flatMap((e) => [...e.attributes]
      // eslint-disable-next-line no-control-regex
      .filter((a) => ['title', 'aria-label', 'aria-valuetext', 'placeholder'].includes(a.name) && /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/.test(a.value)).map((a) => `${e.tagName} ${a.name}: ${a.value.slice(0, 100)}`));
    return {
      harm: window.harm, images: main.filter((e) => ['IMG', 'SCRIPT', 'STYLE', 'IFRAME', 'OBJECT'].includes(e.tagName)).length,
      handlers: main.filter((e) => [...e.attributes].some((a) => /^on/.test(a.name))).length,
      links: main.filter((e) => e.tagName === 'A' && !/^https?:$/.test(e.protocol)).length,
      raw, attributes, title: /[\p{C}]/u.test(document.title) ? document.title : '',
      wide: document.documentElement.scrollWidth - innerWidth, nodes: main.length,
    };
  });
  assert.ok(found.nodes < 12_000, `${found.nodes} elements`);
  delete found.nodes;
  assert.ok(found.wide <= 0, `sticks out by ${found.wide}`);
  delete found.wide;
  assert.deepEqual(found, { harm: undefined, images: 0, handlers: 0, links: 0, raw: [], attributes: [], title: '' });
  tab.calm();
}

const query = (q) => `?${new URLSearchParams({ from: 'now-30m', q })}`;

for (const [what, q, wanted] of [
  ['markup', 'markup', '<img src=x onerror='], ['what turns the direction of writing', 'bidi', '⟨RLO⟩gnp.exe'], ['control characters', 'controls', '⟨NUL⟩⟨SOH⟩'],
  ['colours of terminals, and what else terminals obey', 'ansi', /red green .*link.*gone/], ['marks that pile up', 'zalgo', 'z'], ['half a pair', 'half', /half . of a pair|half ⟨/],
  ['JSON with names that harm', '"json"', '<b>'], ['deep nesting', 'deep', 'deep'], ['brackets', 'nested', '[[['], ['thousands of lines in one', '"many"', 'many'],
]) {
  test(`${what} in a line`, () => within(query(q), { height: 700 }, async (tab, page) => {
    await tab.sees('.line', wanted);
    await unharmed(tab);
    await page.locator('.line .line-head').last().click();
    await page.locator('.details').waitFor();
    await unharmed(tab);
    await page.keyboard.press('v');
    await page.keyboard.press('w');
    await tab.address('wrap', '0');
    await unharmed(tab);
    await tab.shot(`hostile-${what}`);
  }));
}

test('colours of terminals are colours', () => within(query('ansi'), {}, async (tab, page) => {
  await tab.sees('.line', 'red');
  const color = (text) => page.locator('.line-body span', { hasText: new RegExp(`^${text}$`) }).first().evaluate((e) => getComputedStyle(e).color);
  assert.notEqual(await color('red'), await page.locator('.line-body').first().evaluate((e) => getComputedStyle(e).color));
}));

test('a line of 10 MB', () => within(query('huge'), {}, async (tab, page) => {
  await tab.sees('.line', /huge x{100}/);
  assert.ok((await page.locator('.line').first().innerText()).length < 5000);
  await page.locator('.line .line-head').first().click();
  await tab.sees('.details', /10\.5 MB|10\.49 MB|10 MB/);
  const shown = (await page.locator('.details').innerText()).length;
  assert.ok(shown < 40_000, `${shown} characters at first`);
  await page.locator('.log-more').first().click();
  await tab.until('more is shown', async () => (await page.locator('.details').innerText()).length > shown);
  await page.keyboard.press('c');
  await page.locator('.context-list .here').waitFor();
  await unharmed(tab);
  // All of it comes with a download.
  await page.getByRole('button', { name: 'Download' }).click();
  const [got] = await Promise.all([page.waitForEvent('download'), page.locator('.lines-menu a', { hasText: 'Text' }).click()]);
  const { stat } = await import('node:fs/promises');
  assert.ok((await stat(await got.path())).size > long);
}));

test('names and values of fields', () => within(query('"fields"'), {}, async (tab, page) => {
  await tab.sees('.line', 'fields');
  await page.locator('.line .line-head').first().click();
  await tab.sees('.details-fields', '<img src=x onerror=');
  await tab.sees('.details-fields', /⟨RLO⟩/);
  await unharmed(tab);
  for (const head of await page.locator('.fields-field .head').all()) await head.click();
  await unharmed(tab);
  await page.locator('.details').getByRole('button', { name: /^Column of / }).first().click();
  await unharmed(tab);
  await tab.accessible('hostile fields');
}));

test('names of services, in every view', () => within('?from=now-30m', {}, async (tab, page) => {
  await tab.sees('.fields-facet', 'evil');
  await unharmed(tab);
  await page.locator('.fields-facet .fields-value .pick', { hasText: 'evil' }).click();
  await tab.lines(lines.length);
  await tab.sees('.chip', /service is evil⟨RLO⟩<b/);
  await unharmed(tab);
  for (const view of ['patterns', 'culprit', 'trail', 'overview']) {
    await page.keyboard.press('g');
    await page.keyboard.press(view[0]);
    await tab.address('view', view);
    await tab.idle();
    await page.locator('main section').first().waitFor();
    await unharmed(tab);
    await tab.shot(`hostile-${view}`);
  }
  await tab.sees('.services', '<img src=x');
  for (const fold of await page.locator('.pattern-fold').all()) await fold.click();
  await unharmed(tab);
}));

test('an id that is hostile', () => within(`?${new URLSearchParams({ view: 'trail', id: `${markup}${bidi}` })}`, {}, async (tab) => {
  await tab.sees('.state', 'No record has this id.');
  await unharmed(tab);
}));

test('live', () => within('?live=1&from=now-30m', {}, async (tab, page) => {
  await tab.sees('.lines-live', 'Live');
  await send(service, [`live ${markup} ${ansi} ${bidi} ${controls}`]);
  await tab.sees('.line', 'live <img src=x');
  await unharmed(tab);
  await page.keyboard.press('End');
}));
