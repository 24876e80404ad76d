// Counts what was checked and prints each check by name as it ends.
// It never swallows an error: whatever a check throws is its failure.

/** The checks of a whole run. */
export class Checks {
  passed = 0;
  failed = 0;

  /** One group of checks, printed under its name. */
  suite(name) {
    return new Suite(this, name);
  }

  record(suite, name, failure) {
    if (failure === undefined) {
      this.passed += 1;
      console.log(`ok      ${suite}: ${name}`);
    } else {
      this.failed += 1;
      console.log(`FAILED  ${suite}: ${name}`);
      console.log(indented(failure));
    }
  }
}

class Suite {
  #checks;
  #name;
  #count = 0;

  constructor(checks, name) {
    this.#checks = checks;
    this.#name = name;
  }

  /** Runs one check; what it throws is its failure, and the others go on. */
  async check(name, work) {
    let failure;
    try {
      await work();
    } catch (error) {
      failure = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    }
    this.report(name, failure);
  }

  /** Takes over a check that another process made. */
  report(name, failure) {
    this.#count += 1;
    this.#checks.record(this.#name, name, failure);
  }

  /** Runs a whole suite; breaking off, and checking nothing, are failures too. */
  async run(work) {
    try {
      await work(this);
    } catch (error) {
      this.report('runs to its end', error?.stack ?? String(error));
    }
    if (this.#count === 0) this.report('checks something', 'not one check was made');
  }
}

function indented(text) {
  const lines = text.length > 2000 ? `${text.slice(0, 2000)}…` : text;
  return lines.split('\n').map((line) => `        ${line}`).join('\n');
}
