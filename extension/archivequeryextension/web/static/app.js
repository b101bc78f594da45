// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// The page: reads its state from the address, asks the API, shows what comes back.

import * as api from './api.js';
import * as chart from './chart.js';
import { $, el } from './dom.js';
import { levels } from './levels.js';
import * as list from './lines.js';
import * as notice from './notice.js';
import { everything, fieldOf, isMetric, labelOf, quote, searched, toLogQL, volume, withField, withLabel } from './query.js';
import { quick, quickOf, read, write } from './state.js';
import { count, plural, visible } from './text.js';
import { aligned, forInput, isRelative, resolve, stepFor, words } from './time.js';

const page = 200; // lines a request
const pause = 2000; // ms between two refreshes, at least

let state = read();
let running = null; // AbortController of the search under way
let timer = 0; // of the next refresh

// search asks for what the state says. fresh: somebody asked, so the page says what it does; otherwise it
// is a refresh, which must not disturb whoever is reading.
async function search({ fresh = true } = {}) {
  running?.abort();
  clearTimeout(timer);
  const controller = new AbortController();
  running = controller;
  const started = performance.now();
  const logql = toLogQL(state.query);
  const range = resolve(state.range);
  const slow = fresh ? setTimeout(notice.loading, 300) : 0;
  let again = true;
  document.body.setAttribute('aria-busy', 'true');
  try {
    const answer = isMetric(logql)
      ? await metricSearch(logql, range, controller.signal)
      : await logSearch(logql, range, fresh, controller.signal);
    if (running !== controller) return;
    clearTimeout(slow);
    await describe(answer, fresh, Math.round(performance.now() - started), controller.signal);
    if (fresh || $('service').options.length < 2) fillServices();
  } catch (err) {
    if (err.name === 'AbortError' || running !== controller) return;
    clearTimeout(slow);
    again = err.status === 0 || err.status >= 500; // a query that cannot be read does not get better by itself
    fail(err, logql, fresh);
  } finally {
    clearTimeout(slow);
    if (running === controller) {
      running = null;
      document.body.removeAttribute('aria-busy');
      if (again) schedule(performance.now() - started);
    }
  }
}

async function logSearch(logql, range, fresh, signal) {
  const step = stepFor(range);
  const wide = aligned(range, step);
  // A point counts what lies before it, so the first one asked for is a step behind the start.
  const first = { start: wide.start + step * 1000, end: wide.end };
  const [found, counted] = await Promise.all([
    api.lines(logql, range, page, signal),
    api.series(volume(logql, step), first, step, signal),
  ]);
  list.mark(searched(logql));
  list.show(found.lines, { keep: !fresh });
  const total = chart.dragging() ? undefined : chart.bars(counted.series, wide, step, zoom);
  $('older').hidden = found.lines.length < page && list.size() <= found.lines.length;
  // Bars stand for whole steps, and so count a little more than the range: say it only where lines are left out.
  const more = found.lines.length < page ? undefined : total;
  return { lines: list.size(), total: more, warnings: [...new Set([...found.warnings, ...counted.warnings])] };
}

async function metricSearch(logql, range, signal) {
  const step = stepFor(range);
  const { series, warnings } = await api.series(logql, aligned(range, step), step, signal);
  list.show([]);
  $('older').hidden = true;
  if (series.length > 0) chart.graph(series, range, zoom);
  return { series: series.length, warnings };
}

// describe says what was found, or that there is nothing and what to do then.
async function describe({ lines = 0, series = 0, total, warnings }, fresh, took, signal) {
  const what = series ? plural(series, 'series', 'series') : total > lines ? `the newest ${plural(lines, 'line')} of ${count(total)}` : plural(lines, 'line');
  const text = lines + series > 0 ? `${what}, ${words(state.range)}, in ${count(took)} ms` : '';
  $('summary').textContent = text;
  if (fresh) $('announce').textContent = text || 'No lines found.';
  if (warnings.length > 0) return notice.partial(warnings);
  if (lines + series > 0) return notice.clear();
  chart.clear();
  const week = resolve({ from: 'now-7d', to: 'now' });
  const services = await api.values('service_name', week, signal);
  if (services.length === 0) return notice.nothingYet();
  const wider = ['1h', '24h', '7d'].filter((r) => resolve(quick(r)).start < resolve(state.range).start);
  const choices = wider.map((r) => [`Last ${{ '1h': 'hour', '24h': '24 hours', '7d': '7 days' }[r]}`, () => change({ range: quick(r) })]);
  if (toLogQL(state.query) !== everything) choices.push(['All lines', () => change({ query: '' })]);
  notice.empty(words(state.range), choices);
}

function fail(err, logql, fresh) {
  if (fresh || err.status !== 0) { // when the server is only away for a moment, what was there stays readable
    list.show([]);
    chart.clear();
    $('older').hidden = true;
    $('summary').textContent = '';
  }
  const choices = [['Try again', () => search()]];
  if (state.query !== '') choices.push(['All lines', () => change({ query: '' })]);
  notice.error(err, logql, choices);
}

// schedule plans the next refresh. A slow query is asked less often: at most a fifth of the time.
function schedule(took) {
  clearTimeout(timer);
  if (!state.live || !isRelative(state.range)) return;
  timer = setTimeout(() => {
    if (document.hidden) schedule(0);
    else search({ fresh: false });
  }, Math.max(pause, took * 4));
}

// change takes a new part of the state, writes it into the address and searches.
function change(part) {
  state = { ...state, ...part };
  write(state, { push: true });
  reflect();
  search();
}

const zoom = ({ start, end }) => change({ range: { from: String(Math.floor(start)), to: String(Math.ceil(end)) } });

// reflect shows the state in the controls.
function reflect() {
  const logql = toLogQL(state.query);
  $('query').value = state.query;
  $('logql').textContent = visible(logql);
  const choice = quickOf(state.range);
  const known = [...$('range').options].some((o) => o.value === choice);
  if (!known) $('range').prepend(el('option', { value: choice }, words(state.range).replace('the ', '')));
  $('range').value = choice;
  $('absolute').hidden = choice !== 'absolute';
  if (choice === 'absolute') {
    const { start, end } = resolve(state.range);
    $('from').value = forInput(start);
    $('to').value = forInput(end);
  }
  const live = state.live && isRelative(state.range);
  $('live').setAttribute('aria-pressed', String(live));
  $('live').disabled = !isRelative(state.range);
  const metric = isMetric(logql);
  choose($('service'), labelOf(logql, 'service_name'), metric);
  choose($('level'), fieldOf(logql, 'detected_level'), metric);
  document.title = state.query ? `${state.query.slice(0, 60)} · Logboom` : 'Logboom';
}

function choose(select, value, disabled) {
  if (value && ![...select.options].some((o) => o.value === value)) select.append(el('option', { value }, visible(value)));
  select.value = value;
  select.disabled = disabled;
}

// fillServices lists what is there to choose from; without it the page works as well.
async function fillServices() {
  const select = $('service');
  if (document.activeElement === select) return; // somebody is choosing
  try {
    const names = await api.values('service_name', resolve({ from: 'now-7d', to: 'now' }));
    const chosen = select.value;
    select.replaceChildren(el('option', { value: '' }, 'all'), ...names.slice(0, 1000).sort().map((n) => el('option', { value: n }, visible(n))));
    choose(select, chosen, select.disabled);
  } catch {
    // The search reports that the server is away.
  }
}

function filter(name, value) {
  const logql = toLogQL(state.query);
  change({ query: name === 'service_name' ? withLabel(logql, name, value) : withField(logql, name, value) });
}

async function older() {
  const last = list.oldest();
  if (!last) return;
  const range = resolve(state.range);
  $('older').disabled = true;
  try {
    // The end of a range is not part of it; lines that share the last timestamp come again and are known by their key.
    const end = String(BigInt(last.ns) + 1n);
    const { lines } = await api.lines(toLogQL(state.query), { start: range.start, end }, page);
    const before = list.size();
    list.show(lines, { keep: true });
    $('older').hidden = list.size() === before;
    $('announce').textContent = `${plural(list.size() - before, 'older line')} added.`;
  } catch (err) {
    fail(err, toLogQL(state.query), false);
  } finally {
    $('older').disabled = false;
  }
}

function listen() {
  $('search').addEventListener('submit', (event) => {
    event.preventDefault();
    change({ query: $('query').value.trim() });
  });
  $('query').addEventListener('input', () => { $('logql').textContent = visible(toLogQL($('query').value)); });
  $('range').addEventListener('change', (event) => {
    if (event.target.value !== 'absolute') return change({ range: quick(event.target.value) });
    const { start, end } = resolve(state.range);
    zoom({ start, end });
    $('from').focus();
  });
  $('absolute').addEventListener('submit', (event) => {
    event.preventDefault();
    const start = new Date($('from').value).getTime();
    const end = new Date($('to').value).getTime();
    $('to').setCustomValidity(start < end ? '' : 'The end must lie behind the start.');
    if ($('to').reportValidity()) zoom({ start, end });
  });
  $('to').addEventListener('input', () => $('to').setCustomValidity(''));
  $('live').addEventListener('click', () => {
    state.live = !state.live;
    write(state);
    reflect();
    if (state.live) search({ fresh: false });
    else clearTimeout(timer);
  });
  $('service').addEventListener('change', (e) => change({ query: withLabel(toLogQL(state.query), 'service_name', e.target.value) }));
  $('level').addEventListener('change', (e) => change({ query: withField(toLogQL(state.query), 'detected_level', e.target.value) }));
  $('older').addEventListener('click', older);
  $('copy').addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(toLogQL(state.query));
      $('announce').textContent = 'Copied.';
    } catch {
      getSelection().selectAllChildren($('logql')); // without the permission: marked, ready to be copied by hand
    }
  });
  window.addEventListener('popstate', () => {
    state = read();
    reflect();
    search();
  });
  document.addEventListener('keydown', (event) => {
    const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement?.tagName ?? '');
    if (event.key === '/' && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      $('query').focus();
      $('query').select();
    } else if (event.key === 'Escape' && !list.closeAll()) {
      document.activeElement?.blur();
    }
  });
}

list.start({ filter, trail: (name, value) => change({ query: `${everything} | ${name}=${quote(value)}` }) });
$('level').append(...levels.map((level) => el('option', { value: level }, level)));
listen();
reflect();
search();
