// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

import { useId, useState } from 'preact/hooks';

import type { Patterns, Template as TemplateInfo } from '../api/types';
import { clockNs, interval } from '../lib/clock';
import { count, percent, plural, short } from '../lib/format';
import { msOf } from '../lib/time';
import { LogText } from '../lines/LogText';
import { opposite } from '../search/parts';
import { addPart, excludePart, openTrail, recordFilter, toggleFilter } from '../state/nav';
import { idOf } from '../trail/ids';
import { Spark } from '../widgets/Spark';
import { Template } from '../widgets/Template';
import { Value } from '../widgets/Value';
import { change, comparable, worst } from './pick';

function Text(props: { template: string; whole: boolean }) {
  const { template, whole } = props;
  return (
    <span class={whole ? 'pattern-text whole' : 'pattern-text'}>
      {template.trim() === '' ? <em class="muted">nothing but blanks</em> : <Template text={template} max={whole ? 8000 : 600} most={whole ? 400 : 60} />}
    </span>
  );
}

function Examples(props: { t: TemplateInfo }) {
  const { t } = props;
  return (
    <div class="pattern-more">
      <p class="hint">
        First {clockNs(t.first)}, last {clockNs(t.last)}
        {t.baseline_records > 0 && `; ${plural(Math.round(t.baseline_records), 'line')} in the time compared with`}
      </p>
      <ul class="plain pattern-examples" aria-label="Examples">
        {t.examples.map((r, i) => {
          const id = idOf(r);
          return (
            <li key={i}>
              <span class="num small muted">{clockNs(r.time)}</span>
              <LogText text={r.line} max={2000} more />
              {id && (
                <button type="button" class="link small" onClick={() => openTrail(id)}>
                  Trail
                </button>
              )}
            </li>
          );
        })}
      </ul>
      {t.filter !== '' && (
        <p class="hint">
          In LogQL:{' '}
          <code class="pattern-filter">
            <LogText text={t.filter} max={2000} />
          </code>
        </p>
      )}
    </div>
  );
}

const shownServices = 4;

/** Pattern is one template: how many lines it has and when, its services and levels; unfolded, examples. */
export function Pattern(props: { t: TemplateInfo; of: Patterns }) {
  const { t, of } = props;
  const id = useId();
  const [open, setOpen] = useState(false);
  const grave = worst(t);
  const differs = comparable(of) ? change(t, of) : null;
  const only = t.filter !== '' ? { filter: t.filter } : null;
  const label = `${plural(Math.round(t.records), 'line')}, ${interval(msOf(t.first), msOf(t.last))}`;
  return (
    <li class="pattern" data-level={grave}>
      <div class="pattern-count">
        <strong class="num" title={plural(Math.round(t.records), 'line')}>
          {short(t.records)}
        </strong>
        <span class="num small muted">{percent(of.records > 0 ? Math.min(1, t.records / of.records) : 0)}</span>
      </div>
      <div class="pattern-when">
        <Spark samples={t.samples} label={label} />
        {t.new ? (
          <span class="badge new" title="There was none in the time compared with">
            new
          </span>
        ) : (
          differs && <span class={differs.more ? 'badge warn' : 'badge'}>{differs.text}</span>
        )}
      </div>
      <div class="pattern-main">
        <button type="button" class="pattern-fold" aria-expanded={open} aria-controls={id} onClick={() => setOpen(!open)}>
          <Text template={open ? t.template : (t.message ?? t.template)} whole={open} />
        </button>
        <div class="pattern-of">
          {t.levels.slice(0, 3).map((l) => (
            <button
              key={l.value}
              type="button"
              class="small quiet"
              data-level={l.value}
              title={`${count(l.records)} lines; show this level only`}
              onClick={() => toggleFilter({ kind: 'field', name: 'detected_level', op: '=', value: l.value })}
            >
              <span class="dot" /> <span class="level">{<Value text={l.value} max={24} />}</span>
            </button>
          ))}
          {t.services.slice(0, shownServices).map((s) => (
            <button
              key={s.value}
              type="button"
              class="small quiet"
              title={`${count(s.records)} lines; show this service only`}
              onClick={() => toggleFilter(recordFilter({ time: '', line: '', stream: { service_name: s.value }, metadata: {} }, 'service_name'))}
            >
              <Value text={s.value} max={40} />
            </button>
          ))}
          {t.services.length > shownServices && <span class="small muted">and {t.services.length - shownServices} more services</span>}
        </div>
        <div id={id}>{open && <Examples t={t} />}</div>
      </div>
      <div class="pattern-do">
        <button type="button" class="small" disabled={!only} onClick={() => only && addPart(only, { view: 'lines' })}>
          Lines
        </button>
        <button
          type="button"
          class="small quiet"
          disabled={!only || opposite(t.filter) === null}
          title="Leave these lines out"
          onClick={() => only && excludePart(only)}
        >
          Leave out
        </button>
      </div>
    </li>
  );
}
