// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// From what people type to LogQL, and small edits of LogQL. Pure functions on text.

export const everything = '{service_name=~".+"}';

// quote writes text as a LogQL string.
export const quote = (text) => JSON.stringify(text);

// isLogQL tells LogQL from plain words: a query has a selector.
export const isLogQL = (input) => input.includes('{');

// isMetric tells a metric query, which makes series, from a log query, which selects lines.
export const isMetric = (logql) => !logql.trim().startsWith('{');

// toLogQL turns plain words into a search for lines that hold all of them; "words in quotes" belong
// together. LogQL stays as it is.
export function toLogQL(input) {
  const text = input.trim();
  if (text === '') return everything;
  if (isLogQL(text)) return text;
  const words = text.match(/"[^"]+"|\S+/g) ?? [];
  return everything + words.map((word) => ` |= ${quote(/^".+"$/.test(word) ? word.slice(1, -1) : word)}`).join('');
}

// skipString returns the place behind the LogQL string that begins at i.
function skipString(text, i) {
  const mark = text[i++];
  while (i < text.length && text[i] !== mark) i += mark === '"' && text[i] === '\\' ? 2 : 1;
  return i + 1;
}

// selector finds the first {…}: [place of the brace, place behind its end], or null.
function selector(logql) {
  let start = -1;
  for (let i = 0; i < logql.length; i++) {
    const c = logql[i];
    if (c === '"' || c === '`') i = skipString(logql, i) - 1;
    else if (c === '{' && start < 0) start = i;
    else if (c === '}' && start >= 0) return [start, i + 1];
  }
  return null;
}

// matchers splits the inside of a selector at its commas.
function matchers(inside) {
  const out = [];
  let from = 0;
  for (let i = 0; i <= inside.length; i++) {
    const c = inside[i];
    if (c === '"' || c === '`') i = skipString(inside, i) - 1;
    else if (c === ',' || c === undefined) {
      out.push(inside.slice(from, i).trim());
      from = i + 1;
    }
  }
  return out.filter((m) => m !== '');
}

const nameOf = (matcher) => matcher.match(/^[A-Za-z_][A-Za-z0-9_]*/)?.[0];

// withLabel sets name="value" in the first selector, in the place of other matchers of that name; an
// empty value takes them out.
export function withLabel(logql, name, value) {
  const at = selector(logql);
  if (!at) return logql;
  const kept = matchers(logql.slice(at[0] + 1, at[1] - 1)).filter((m) => nameOf(m) !== name);
  if (value !== '') kept.unshift(`${name}=${quote(value)}`);
  if (kept.length === 0) kept.push('service_name=~".+"');
  return `${logql.slice(0, at[0])}{${kept.join(', ')}}${logql.slice(at[1])}`;
}

// labelOf is the value of name="value" in the first selector, or ''.
export function labelOf(logql, name) {
  const at = selector(logql);
  if (!at) return '';
  for (const m of matchers(logql.slice(at[0] + 1, at[1] - 1))) {
    const [, key, value] = m.match(/^(\w+)\s*=\s*("(?:[^"\\]|\\.)*")$/) ?? [];
    if (key === name) return parse(value);
  }
  return '';
}

function parse(quoted) {
  try {
    return JSON.parse(quoted);
  } catch {
    return ''; // an escape that LogQL has and JSON has not
  }
}

const filterOf = (name) => new RegExp(`\\s*\\|\\s*${name}\\s*=\\s*("(?:[^"\\\\]|\\\\.)*")`);

// withField appends | name="value" to a log query, in the place of the one that is there; an empty
// value takes it out.
export function withField(logql, name, value) {
  const without = logql.replace(filterOf(name), '').trimEnd();
  return value === '' ? without : `${without} | ${name}=${quote(value)}`;
}

// fieldOf is the value of | name="value" in a query, or ''.
export const fieldOf = (logql, name) => parse(logql.match(filterOf(name))?.[1] ?? '""');

// canFilter tells whether a field's name can stand in a query.
export const canFilter = (name) => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name);

// volume counts the lines of a log query, by level, in windows of step seconds.
export const volume = (logql, step) => `sum by (detected_level) (count_over_time(${logql} [${step}s]))`;

// searched lists the texts that a log query's |= filters look for.
export const searched = (logql) => [...logql.matchAll(/\|=\s*("(?:[^"\\]|\\.)*")/g)].map((m) => parse(m[1]));
