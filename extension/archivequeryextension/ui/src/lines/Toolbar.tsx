// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// What stands above the lines: how many there are, how they are shown, the download.

import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

import { exportUrl } from '../api/client';
import { plural } from '../lib/format';
import type { Run } from '../state/run';
import { adjust, state } from '../state/url';
import { copy, say } from '../widgets/say';
import { Value } from '../widgets/Value';
import { curlExport } from './copies';
import { toggleColumn } from './Details';
import { bare } from './tokens';

/** Menu is a button and what opens below it. Escape and a click elsewhere close it. */
function Menu(props: { label: string; children: (close: () => void) => ComponentChildren }) {
  const [open, setOpen] = useState(false);
  const el = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!open) return undefined;
    const away = (e: Event): void => {
      if (!el.current?.contains(e.target as Node)) setOpen(false);
    };
    addEventListener('pointerdown', away);
    addEventListener('focusin', away);
    return () => {
      removeEventListener('pointerdown', away);
      removeEventListener('focusin', away);
    };
  }, [open]);
  return (
    <div
      ref={el} class="anchor"
      onKeyDown={(e) => {
        if (e.key !== 'Escape' || !open) return;
        e.preventDefault();
        e.stopPropagation();
        setOpen(false);
        el.current?.querySelector('button')?.focus();
      }}
    >
      <button type="button" class="small quiet" aria-expanded={open} aria-haspopup="true" onClick={() => setOpen(!open)}>
        {props.label} <span aria-hidden="true">▾</span>
      </button>
      {open && <div class="menu lines-menu">{props.children(() => setOpen(false))}</div>}
    </div>
  );
}

const formats = [
  ['ndjson', 'NDJSON', 'a JSON object a line, with all fields'],
  ['csv', 'CSV', 'for spreadsheets, with the columns that are shown'],
  ['text', 'Text', 'time, level, service and line'],
] as const;

function Download(props: { r: Run }) {
  const { oldest, columns } = state.value;
  const chosen = columns.length > 0 ? `&columns=${encodeURIComponent(['time', 'service_name', 'detected_level', ...columns, 'line'].join(','))}` : '';
  return (
    <Menu label="Download">
      {(close) => (
        <>
          <div class="menu-title">The whole result, not only what was looked at</div>
          {formats.map(([format, title, what]) => (
            <a
              key={format} href={exportUrl(props.r, format, oldest) + (format === 'csv' ? chosen : '')} download
              onClick={() => {
                say('The download begins.');
                close();
              }}
            >
              <strong>{title}</strong> <span class="muted">{what}</span>
            </a>
          ))}
          <button
            type="button"
            onClick={() => {
              void copy(curlExport(location.origin, exportUrl(props.r, 'ndjson', oldest)), 'Command copied');
              close();
            }}
          >
            <strong>curl</strong> <span class="muted">copy the command that downloads it</span>
          </button>
        </>
      )}
    </Menu>
  );
}

function Toggle(props: { on: boolean; label: string; title: string; set: (on: boolean) => void }) {
  return (
    <button type="button" class="small" aria-pressed={props.on} title={props.title} onClick={() => props.set(!props.on)}>
      {props.label}
    </button>
  );
}

/** Toggles is how lines are shown. */
export function Toggles() {
  const { wrap, raw, columns } = state.value;
  return (
    <>
      <span class="group" role="group" aria-label="How lines are shown">
        <Toggle on={wrap} label="Wrap" title="Wrap long lines (w)" set={(on) => adjust({ wrap: on })} />
        <Toggle on={raw} label="As written" title="Lines as they were written, instead of message and fields (v)" set={(on) => adjust({ raw: on })} />
      </span>
      {columns.map((c) => (
        <span key={c} class="chip">
          <Value text={c} max={40} />
          <button type="button" aria-label={`Do not show ${bare(c, 80)} as a column`} onClick={() => toggleColumn(c)}>
            ✕
          </button>
        </span>
      ))}
    </>
  );
}

/** Toolbar: rows is null as long as nobody knows. */
export function Toolbar(props: { r: Run; rows: number | null }) {
  const { oldest } = state.value;
  return (
    <div class="lines-bar row">
      <span class="lines-count">{props.rows === null ? '' : plural(props.rows, 'line')}</span>
      <span class="group" role="group" aria-label="Order">
        <button type="button" class="small" aria-pressed={!oldest} onClick={() => adjust({ oldest: false })}>
          Newest first
        </button>
        <button type="button" class="small" aria-pressed={oldest} onClick={() => adjust({ oldest: true })}>
          Oldest first
        </button>
      </span>
      <Toggles />
      <span class="push" />
      <Download r={props.r} />
    </div>
  );
}
