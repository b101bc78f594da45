// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

import { defineConfig } from 'vitest/config';
import { licenses } from './licenses';

// Where `npm run dev` finds a server with an archive.
const server = process.env.LOGBOOM_ADDR ?? 'http://localhost:3100';

export default defineConfig({
  base: './',
  plugins: [licenses()],
  build: {
    outDir: '../web/dist',
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0, // the Content-Security-Policy allows no data: URLs
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: {
    proxy: {
      '/loki': {
        target: server, changeOrigin: true, ws: true,
        configure: (proxy) => proxy.on('proxyReqWs', (r) => r.setHeader('Origin', server)), // a tail is for pages of its own origin
      },
      '/logboom': { target: server, changeOrigin: true },
    },
  },
  test: { environment: 'happy-dom', testTimeout: 60_000, css: { include: [/tokens\.css/] }, include: ['src/**/*.test.ts', 'src/**/*.test.tsx'] },
});
