import type { Engine } from '../../engines/engine.ts';
import { Lab } from '../../lab/lab.ts';
import { type Side, timed } from './sides.ts';

/** What a spec pays for a lab. */
export function ours(engine: Engine): Side {
	return {
		async measure() {
			const [lab, ready] = await timed(() => Lab.create(engine));
			try {
				const { client, server } = lab;
				// Where labs are rehearsed, a host is there only when it is asked for something.
				const [, answered] = await timed(() => client.boot.machine.now());
				const refuse = { destinationPort: 9, with: 'tcp-reset' } as const;
				// The first fault of a boot also starts the reading of the firewall's log.
				for (const name of ['first', 'second']) {
					const [fault, inserted] = await timed(() => server.reject({ name, ...refuse }));
					// A fault that met nothing is an error.
					await client.boot.machine.run(['bash', '-c', `exec 2>&-; </dev/tcp/${server.address}/9`]);
					const [, healed] = await timed(() => fault.heal());
					if (name === 'first') continue;
					const [, started] = await timed(() => server.nc({ listen: 8080 }));
					const [, ended] = await timed(async () => {
						await lab.end();
						await lab.destroy();
					});
					return {
						'lab ready': ready,
						'lab usable': ready + answered,
						'packet fault, in and out': inserted + healed,
						'nc, listening': started,
						'lab removed': ended,
					};
				}
				throw new Error('unreachable');
			} finally {
				await lab.destroy();
			}
		},
	};
}
