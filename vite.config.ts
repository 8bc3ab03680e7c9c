/**
 * Builds what runs in a browser. The live page (rig/page) becomes one document, dist/page/index.html, with its script and style
 * in it: the service reads it at its start, names both by their hashes, and asks no other host for anything. With
 * `--mode viewer`: dist/page/viewer.js, the script that every report has in it.
 */
import { join } from 'node:path';
import { type Plugin, defineConfig } from 'vite';
import { lookTokens } from './rig/report/look-tokens.ts';

const root = join(import.meta.dirname, 'rig', 'page');
const viewer = join(import.meta.dirname, 'rig', 'viewer', 'main.ts');

/** Puts what was built into the document, and drops the files. */
function oneDocument(): Plugin {
  return {
    name: 'one-document',
    enforce: 'post',
    generateBundle(_options, bundle) {
      const files = Object.values(bundle);
      const page = files.find(({ fileName }) => fileName.endsWith('.html'));
      if (page?.type !== 'asset') throw new Error('The build made no page');
      let style = lookTokens;
      let script = '';
      for (const file of files) {
        if (file.type === 'chunk') script += file.code;
        else if (file.fileName.endsWith('.css')) style += String(file.source);
        if (file !== page) delete bundle[file.fileName];
      }
      const html = String(page.source)
        .replace(/<script\b[^>]*><\/script>/g, '')
        .replace(/<link\b[^>]*rel="stylesheet"[^>]*>/g, '');
      page.source = html
        .replace('</head>', () => `<style>${style}</style></head>`)
        .replace(
          '</body>',
          () => `<script type="module">${script.replaceAll('</script', '<\\/script')}</script></body>`,
        );
    },
  };
}

export default defineConfig(({ mode }) => ({
  root,
  base: './',
  logLevel: 'warn',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: join(import.meta.dirname, 'dist', 'page'),
    emptyOutDir: mode !== 'viewer',
    modulePreload: false,
    target: 'es2022',
    cssCodeSplit: false,
    ...(mode === 'viewer' && {
      lib: { entry: viewer, formats: ['iife'], name: 'viewer', fileName: () => 'viewer.js' },
    }),
  },
  plugins: mode === 'viewer' ? [] : [oneDocument()],
}));
