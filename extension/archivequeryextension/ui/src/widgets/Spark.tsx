// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

/** sparkPaths are the bars of counts in a box of one unit a bar and 20 units height, as two paths: those outside and inside the shade. */
export function sparkPaths(samples: number[], shade: [number, number] | null): { rest: string; shaded: string } {
  const most = Math.max(1, ...samples);
  let rest = '';
  let shaded = '';
  samples.forEach((n, i) => {
    if (!(n > 0)) return;
    const h = Math.max(1, (n / most) * 20); // what is there is seen
    const bar = `M${i} 20v${-Number(h.toFixed(1))}h.8V20z`;
    if (shade && i >= shade[0] && i < shade[1]) shaded += bar;
    else rest += bar;
  });
  return { rest, shaded };
}

/** Spark is a small chart of counts in time; label says in words what it shows. The buckets from shade[0] up to shade[1] are the bad ones. */
export function Spark(props: { samples: number[]; label: string; shade?: [number, number] | null; class?: string }) {
  const { samples, shade = null } = props;
  const n = Math.max(1, samples.length);
  const { rest, shaded } = sparkPaths(samples, shade);
  return (
    <svg class={`spark ${props.class ?? ''}`} viewBox={`0 0 ${n} 20`} preserveAspectRatio="none" role="img" aria-label={props.label}>
      {shade && <rect class="shaded" x={shade[0]} width={Math.max(0, shade[1] - shade[0])} y="0" height="20" />}
      <path d={rest} />
      <path class="bad" d={shaded} />
    </svg>
  );
}
