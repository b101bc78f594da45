// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// The answers of the HTTP API, as the README of archive_query documents them.

/** LogRecord is one record. Its time is in ns since the epoch. */
export interface LogRecord {
  time: string;
  line: string;
  /** Bytes of the whole line, if it was cut. */
  line_truncated?: number;
  stream: Record<string, string>;
  metadata: Record<string, string>;
  /** Names of labels whose values were cut. */
  values_truncated?: string[];
  /** How many labels there are more. */
  labels_left_out?: number;
}

export interface ValueCount {
  value: string;
  records: number;
}

export interface Histogram {
  start_ms: number;
  end_ms: number;
  step_ms: number;
  levels: string[];
  /** Records that are stored, by level and bucket. */
  records: Record<string, number[]>;
  /** Records that they stand for. */
  represents: Record<string, number[]>;
  sampled: boolean;
  total: number;
  total_represents: number;
  spikes: { start_ms: number; end_ms: number; records: number; usual: number }[];
  notices: { time: string; service: string; event: string; line: string; records: number }[];
}

export interface Template {
  template: string;
  /** Of a structured line: its message alone. */
  message?: string;
  /** '' where nothing of it can be asked for. */
  filter: string;
  records: number;
  services: ValueCount[];
  levels: ValueCount[];
  first: string;
  last: string;
  new: boolean;
  baseline_records: number;
  samples: number[];
  examples: LogRecord[];
}

export interface Patterns {
  looked_at: number;
  records: number;
  fraction: number;
  complete: boolean;
  start_ms: number;
  end_ms: number;
  step_ms: number;
  /** null: none was wanted. Nothing is new where it has next to no records. */
  baseline: { start_ms: number; end_ms: number; records: number; looked_at: number } | null;
  /** How many there are, of which the answer may have fewer. */
  templates_total: number;
  /** Records without a template, because there are too many. */
  rest: number;
  templates: Template[];
}

export interface CauseKey {
  kind: 'template' | 'value' | 'number' | 'silence';
  service: string;
  field?: string;
  value?: string;
  template?: string;
}

export interface Cause extends CauseKey {
  matcher?: string;
  filter?: string;
  score: number;
  lift: number;
  bad_records: number;
  bad_share: number;
  baseline_records: number;
  baseline_share: number;
  new: boolean;
  first: string;
  summary: string;
  samples: number[];
  examples: LogRecord[];
  also: CauseKey[];
}

export interface Side {
  start_ms: number;
  end_ms: number;
  records: number;
  looked_at: number;
}

export interface Culprit {
  bad: Side;
  baseline: Side;
  by: 'interval' | 'filter';
  complete: boolean;
  /** Where the samples begin, and their step. */
  start_ms?: number;
  step_ms?: number;
  causes: Cause[];
}

export interface TrailRecord extends LogRecord {
  service: string;
  level: string;
  offset_ns: number;
  lane: number;
}

export interface Trail {
  ids: { name: string; value: string }[];
  records: TrailRecord[];
  lanes: { service: string; pod?: string; first: string; last: string; duration_ns: number; records: number; errors: number }[];
  gaps: { after: number; ns: number }[];
  first_error: number | null;
  /** What the first error says. */
  error_text?: string;
  truncated: boolean;
  /** What was taken off the times of each service: its clock is ahead by that. */
  clock?: { corrected: boolean; offsets_ns: Record<string, number> };
}

export interface FieldInfo {
  name: string;
  /** 'query': the query itself makes it, so that `| name="x"` can be appended as it is; json and logfmt need their parser first. */
  from: 'stream' | 'metadata' | 'json' | 'logfmt' | 'query';
  type: string;
  records: number;
  distinct: number;
  exact?: boolean;
  matcher_only?: boolean;
  values: ValueCount[];
  number?: { min: number; max: number; p50: number; p95: number; p99: number };
}

export interface Fields {
  looked_at: number;
  /** All records of the query; `complete` says that all were looked at. */
  total: number;
  complete: boolean;
  fields: FieldInfo[];
}

/** Records used to come, and do not any more. since: of the last one, ns. */
export interface Silence {
  since: string;
  usual_gap_ms: number;
}

export interface ServiceOverview {
  name: string;
  records: number;
  /** How many the stored records stand for. */
  represents: number;
  bytes: number;
  first: string;
  last: string;
  levels: Record<string, number>;
  samples: number[];
  silent: null | Silence;
}

/** Sums since the process started that tells them (Pipeline.uptime_ms). Kinds may be added. */
export interface Loss {
  component: string;
  kind: 'dropped' | 'refused' | 'failed' | 'thinned' | 'sampled' | 'diverted' | 'truncated' | 'redacted' | 'unparsed' | 'deleted' | (string & {});
  reason: string;
  records: number;
  services?: ValueCount[];
  /** What that means, for people. */
  text: string;
  url: string;
}

export interface Pipeline {
  url: string;
  reachable: boolean;
  error?: string;
  uptime_ms?: number;
}

export interface RetentionRule {
  tenant?: string;
  service?: string;
  max_severity?: number;
  max_age_ms: number;
  text: string;
}

export interface Retention {
  known: boolean;
  text: string;
  dry_run: boolean;
  /** Of records that no rule matches; 0: they stay. */
  max_age_ms: number;
  rules: RetentionRule[];
  sizes: { tenant?: string; max_bytes: number; text: string }[];
  holds: { tenant?: string; service?: string; from?: string; to?: string; reason: string; text: string }[];
}

export interface Overview {
  archive: {
    /** Its URL; not for tenants. */
    bucket?: string;
    records: number;
    bytes: number;
    raw_bytes?: number;
    objects: number;
    /** Records that wait for a flush, beside the others. */
    uncommitted: number;
    oldest: string;
    newest: string;
    /** When the compactor summed up the archive last, ns. */
    checkpoint?: string;
    /** The whole archive, against now. */
    silent: null | Silence;
  };
  services: ServiceOverview[];
  /** With those that are not listed. */
  services_total: number;
  start_ms: number;
  end_ms: number;
  step_ms: number;
  retention: Retention;
  losses: Loss[];
  /** Why there are none. */
  losses_text?: string;
  pipelines: Pipeline[];
  notices: Histogram['notices'];
}
