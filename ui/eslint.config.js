// Lint rules of the page: what the type checker cannot hold.
import svelte from 'eslint-plugin-svelte';
import ts from 'typescript-eslint';

const tauriOnlyInClient = {
  group: ['@tauri-apps/*'],
  message: 'Only lib/api/client.ts knows the window; call it through lib/api/client.',
};
const noParents = {
  group: ['../*'],
  message: 'Use $lib, $features or $views instead of a relative parent.',
};

export default ts.config(
  { ignores: ['dist/**', 'dist-fake/**', 'src/paraglide/**', 'src/lib/api/contract.ts'] },
  ...ts.configs.recommended,
  ...svelte.configs['flat/recommended'],
  {
    languageOptions: {
      parserOptions: { projectService: true, extraFileExtensions: ['.svelte'] },
    },
  },
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: { parserOptions: { parser: ts.parser } },
  },
  {
    files: ['src/**/*.ts', 'src/**/*.svelte'],
    rules: {
      'no-console': 'error',
      'no-undef': 'off',
      eqeqeq: 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/no-restricted-imports': [
        'error',
        { patterns: [tauriOnlyInClient, noParents] },
      ],
      'svelte/no-at-html-tags': 'error',
      // Style directives are set by property, which the content policy allows; the page tests run
      // under that policy and name a style attribute that is not.
      'svelte/no-inline-styles': 'off',
      // Private maps that no markup reads need not be reactive.
      'svelte/prefer-svelte-reactivity': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { varsIgnorePattern: '^_' }],
      'svelte/no-navigation-without-resolve': 'off',
      'max-lines': ['error', 600],
    },
  },
  {
    files: ['src/lib/api/client.ts'],
    rules: {
      '@typescript-eslint/no-restricted-imports': ['error', { patterns: [noParents] }],
    },
  },
  {
    files: ['src/test/**', 'src/**/*.test.ts'],
    rules: { '@typescript-eslint/no-restricted-imports': 'off' },
  },
  {
    files: ['*.js', '*.ts'],
    ...ts.configs.disableTypeChecked,
  },
);
