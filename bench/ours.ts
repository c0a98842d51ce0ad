import type { Engine } from '../harness/engines/engine.ts';
import { Lab } from '../harness/lab/lab.ts';
import { type BenchSide, timed } from './sides.ts';

/** Measures a lab as a spec uses it. */
export function ours(engine: Engine): BenchSide {
	return {
		async measure() {
			const [lab, ready] = await timed(() => Lab.create(engine));
			try {
				// On vm a lab may be replayed. Its guest runs only when a host gets a request.
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
