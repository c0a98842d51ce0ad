import { orExplain, runJest } from '../report/run-jest.ts';

/** `npm test -- <any argument of Jest>`. */
await orExplain(() => runJest(process.argv.slice(2)));
