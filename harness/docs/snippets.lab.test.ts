/** The TypeScript of the README and of docs/writing-specs.md does what it says. */
import { writeSnippets } from './fixtures/snippets.ts';

for (const path of await writeSnippets()) await import(path);
