import type { Engine } from '../harness/engines/engine.ts';
import { Lab } from '../harness/lab/lab.ts';
import { type Side, timed } from './sides.ts';

/** What a spec pays for a lab. */
export function ours(engine: Engine): Side {
	return {
		async measure() {
			const [lab, ready] = await timed(() => Lab.create(engine));
			try {
				// Where labs are rehearsed, a host is there only when it is asked for something.
				const [, answered] = await timed(() => lab.client.boot.machine.now());
				const [, removed] = await timed(async () => {
					await lab.end();
					await lab.destroy();
				});
				return { 'lab ready': ready, 'lab usable': ready + answered, 'lab removed': removed };
			} finally {
				await lab.destroy();
			}
		},
	};
}
