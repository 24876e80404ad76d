/// The build of the window's page. The result is static, needs no inline style or script and loads
/// nothing from elsewhere, so that the content policy of the window can forbid all of that.
import { fileURLToPath } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { svelteTesting } from '@testing-library/svelte/vite';
import { defineConfig } from 'vitest/config';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

export default defineConfig(({ mode }) => ({
  base: './',
  plugins: [svelte({ compilerOptions: { runes: true } }), svelteTesting()],
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
