import { join } from 'node:path';
import { compile, sourcesIn } from '../util/compile.ts';
import { PROJECT_ROOT } from '../util/project-root.ts';

const FOLDER = join(PROJECT_ROOT, 'harness/agent');

/** Compiles the agent to the path `target`. */
export async function buildAgent(target: string): Promise<void> {
	await compile(target, [join(FOLDER, 'agent.c'), ...(await sourcesIn(join(FOLDER, 'src')))]);
}
