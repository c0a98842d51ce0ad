/** Runs the TypeScript blocks of README.md and docs/writing-specs.md. */
import { writeSnippets } from './fixtures/snippets.ts';

for (const path of await writeSnippets()) await import(path);
