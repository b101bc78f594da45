// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

import { readFileSync, readdirSync } from 'node:fs';
import type { Plugin } from 'vite';

interface Package {
  version: string;
  license?: string;
  author?: string | { name: string };
}

const nameOf = (author: Package['author']): string => (typeof author === 'string' ? author : (author?.name ?? ''));

/** licenses writes licenses.txt: the licence of every package that has code in the page, which goes with the copies. */
export function licenses(): Plugin {
  return {
    name: 'licenses',
    generateBundle(_, bundle) {
      const folders = new Map<string, string>();
      for (const part of Object.values(bundle)) {
        if (part.type !== 'chunk') continue;
        for (const id of part.moduleIds) {
          const found = /^\0?(.*\/node_modules\/((?:@[^/]+\/)?[^/]+))\//.exec(id);
          if (found) folders.set(found[2]!, found[1]!);
        }
      }
      const texts = ['The page of Logboom contains code of these packages.\n'];
      for (const [name, folder] of [...folders].sort(([a], [b]) => (a < b ? -1 : 1))) {
        const { version, license, author } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8')) as Package;
        const file = readdirSync(folder).find((f) => /^licen[sc]e/i.test(f));
        const apache = `Copyright ${nameOf(author)}\n\nLicensed under the Apache License, Version 2.0: https://www.apache.org/licenses/LICENSE-2.0`;
        const text = file ? readFileSync(`${folder}/${file}`, 'utf8').trim() : license === 'Apache-2.0' ? apache : '';
        if (!text) this.error(`${name} comes without its licence`);
        texts.push(`${'-'.repeat(80)}\n${name} ${version} (${license ?? 'see below'})\n\n${text}\n`);
      }
      this.emitFile({ type: 'asset', fileName: 'licenses.txt', source: texts.join('\n').replace(/\r\n/g, '\n') });
    },
  };
}
