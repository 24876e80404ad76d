/// Before each test file: matchers, and a page that starts at the counter.
import '@testing-library/jest-dom/vitest';
import { beforeEach } from 'vitest';

beforeEach(() => {
  location.hash = '#/pay';
});
