/// The build of the window's page. The result is static, needs no inline style or script and loads
/// nothing from elsewhere, so that the content policy of the window can forbid all of that.
import { fileURLToPath } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { svelteTesting } from '@testing-library/svelte/vite';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

/// A library part carries a style attribute, which the content policy refuses; the same as a class.
const noStyleAttributes: Plugin = {
  name: 'no-style-attributes',
  enforce: 'pre',
  transform(code, id) {
    if (!id.includes('bits-ui') || !id.endsWith('.svelte')) return null;
    return code.replaceAll('style="display: contents;"', 'class="contents"');
  },
};

export default defineConfig(({ mode }) => ({
  base: './',
  plugins: [noStyleAttributes, svelte({ compilerOptions: { runes: true } }), svelteTesting()],
  resolve: {
    alias: {
      $lib: path('./src/lib'),
      $features: path('./src/features'),
      $views: path('./src/views'),
      $paraglide: path('./src/paraglide'),
    },
  },
  build: {
    target: 'safari16.4',
    outDir: mode === 'fake' ? 'dist-fake' : 'dist',
    emptyOutDir: true,
    // Data URLs would need holes in the content policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
    // `--mode fake` builds the page over the deterministic stand-in, for looking at it; never shipped.
    ...(mode === 'fake' ? { rollupOptions: { input: path('./dev.html') } } : {}),
  },
  test: {
    environment: 'happy-dom',
    globals: true,
    include: ['src/**/*.test.ts'],
    setupFiles: ['./src/test/setup.ts'],
    server: { deps: { inline: ['svelte', 'bits-ui', '@lucide/svelte', 'svelte-sonner'] } },
  },
}));
