// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// A line in other forms, to be taken elsewhere. Pure functions on text.

import { shellWord } from '../lib/shell';
import { quote } from '../search/compose';
import type { Rec } from './cursor';

/** jsonOf is a record as the own API writes it. */
export const jsonOf = (r: Rec): string =>
  JSON.stringify({ time: r.time, line: r.line, stream: r.stream, metadata: r.metadata, ...(r.parsed ? { parsed: r.parsed } : {}) }, null, 2);

/** selectorOf is the selector of a record's stream. */
export function selectorOf(r: Rec): string {
  const labels = Object.entries(r.stream).filter(([name, value]) => /^[a-zA-Z_]\w*$/.test(name) && value !== '');
  return labels.length > 0 ? `{${labels.map(([n, v]) => `${n}=${quote(v)}`).sort().join(', ')}}` : '{service_name=~".+"}';
}

const origins = ['k8s_pod_name', 'service_instance_id', 'container_id', 'k8s_pod_uid', 'host_name'];

/** sourceOf is the query of what wrote a record: its stream and, where the record tells, the very instance. */
export function sourceOf(r: Rec): string {
  const name = origins.find((n) => r.metadata[n]);
  return selectorOf(r) + (name ? ` | ${name}=${quote(r.metadata[name] ?? '')}` : '');
}

/** curlOf is a command that gets the record from the server again. */
export function curlOf(r: Rec, origin: string): string {
  const end = BigInt(r.time) + 1n;
  return [
    `curl -sG ${shellWord(`${origin}/loki/api/v1/query_range`)}`, `--data-urlencode ${shellWord(`query=${sourceOf(r)}`)}`,
    `-d start=${r.time} -d end=${end} -d limit=100`,
  ].join(' \\\n  ');
}

/** curlExport is a command that downloads a whole result. */
export const curlExport = (origin: string, path: string): string => `curl -s ${shellWord(origin + path)}`;
