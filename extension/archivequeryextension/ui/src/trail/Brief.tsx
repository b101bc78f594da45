// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

import { useMemo } from 'preact/hooks';

import type { LogRecord } from '../api/types';
import { Message } from '../lines/Row';
import { zone } from '../lib/clock';

const plainLook = { marks: [], raw: false, wrap: true, columns: [], days: false };

/** Brief is a record's line as the list of lines shows it, message first; values that are among `known` are left out, as they stand elsewhere. */
export function Brief(props: { record: LogRecord; known?: readonly string[] }) {
  const { record: r, known = [] } = props;
  const told = useMemo(() => (known.length === 0 ? r : { ...r, metadata: { ...r.metadata, ...Object.fromEntries(known.map((v, i) => [`known ${i}`, v])) } }), [r, known.join('\n')]);
  return <Message r={told} look={{ ...plainLook, tz: zone.value }} />;
}
