// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// What did not arrive, or not as it came, and why.

import type { Loss, Overview } from '../api/types';
import { count, duration } from '../lib/format';
import { Value } from '../widgets/Value';
import { isLost, lossesInOrder, lossesInWords, lossWord } from './model';

function since(o: Overview): string {
  const up = o.pipelines.flatMap((p) => (p.reachable && p.uptime_ms ? [p.uptime_ms] : []));
  return up.length === 0 ? '' : ` in the last ${duration(Math.round(Math.max(...up) / 1e3) * 1e3)}, since the processes started`;
}

function Row(props: { of: Loss }) {
  const { of: l } = props;
  return (
    <tr>
      <th scope="row">
        <span class={`badge ${isLost(l) ? 'error' : l.kind === 'refused' ? 'warn' : ''}`}>{lossWord(l.kind)}</span>
      </th>
      <td class="num strong">{count(l.records)}</td>
      <td>
        <Value text={l.text} max={300} />
        {l.reason !== '' && (
          <span class="muted">
            {' '}
            (<Value text={l.reason} max={80} />)
          </span>
        )}
        {l.services && l.services.length > 0 && (
          <div class="muted small">
            most of{' '}
            {l.services.slice(0, 3).map((s, i) => (
              <>
                {i > 0 && ', '}
                <Value text={s.value} max={60} /> {count(s.records)}
              </>
            ))}
          </div>
        )}
      </td>
      <td class="mono small nowrap">
        <Value text={l.component} max={80} />
      </td>
    </tr>
  );
}

export function Losses(props: { of: Overview }) {
  const { of: o } = props;
  const list = lossesInOrder(o.losses ?? []);
  const told = lossesInWords(list);
  const away = (o.pipelines ?? []).filter((p) => !p.reachable);
  const asked = (o.pipelines ?? []).length - away.length;
  return (
    <section class="panel stack losses" aria-label="What was left out">
      <h2>What was dropped, thinned or redacted</h2>
      {o.losses_text && <p class="muted">{o.losses_text[0]?.toUpperCase() + o.losses_text.slice(1)}.</p>}
      {asked > 0 && (
        <p>
          {told.some(isLost) ? (
            <>What happened{since(o)}:</>
          ) : (
            <>
              <span class="badge ok">Nothing lost</span>
              {since(o)}
              {list.length === 0 ? ', and nothing was left out.' : told.length === 0 ? '; what follows is as the configuration wants it.' : '.'}
            </>
          )}
        </p>
      )}
      {told.length > 0 && (
        <ul class="losses-told">
          {told.map((l) => (
            <li key={l.kind}>
              <span class={`badge ${isLost(l) ? 'error' : 'warn'}`}>{count(l.records)}</span> {l.words}.
            </li>
          ))}
        </ul>
      )}
      {list.length > 0 && (
        <div class="scroll" tabIndex={0} role="region" aria-label="Table of what was left out">
          <table class="data">
            <thead>
              <tr>
                <th scope="col">What</th>
                <th scope="col" class="num">
                  How many
                </th>
                <th scope="col">Why</th>
                <th scope="col">Component</th>
              </tr>
            </thead>
            <tbody>
              {list.slice(0, 200).map((l, i) => (
                <Row key={i} of={l} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {away.map((p) => (
        <div key={p.url} class="notice warn">
          <p>
            <code>
              <Value text={p.url} max={120} />
            </code>{' '}
            does not tell what its pipelines left out{p.error ? `: ${p.error}` : ''}. If Logboom’s metrics are elsewhere, name the address under{' '}
            <code>pipeline_metrics</code> of <code>archive_query</code>.
          </p>
        </div>
      ))}
    </section>
  );
}
