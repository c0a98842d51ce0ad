import { expect, scenario } from '../index.ts';

/**
 * Prints what comes over its connection, by way of a C library that keeps output back as long as it goes into a pipe.
 */
const PIPELINE = 'nc.openbsd "$0" "$1" | sed "s/^/got /"';

scenario('a program that keeps its output back prints at once to a terminal', {}, async ({ client, server }) => {
	const talker = await server.nc({ listen: 8080 });
	const printer = await client.run(['sh', '-c', PIPELINE, server.address, '8080'], { tty: true });
	await talker.type('one\n');
	await expect(printer).toPrint('got one\n');
	await talker.type('two\n');
	await expect(printer).toPrint('got one\ngot two\n');
	await expect(printer).toHaveReturned('read', 4);
	await printer.interrupt();
});

scenario('what is typed at a terminal does not come back, and ^C ends the program', {}, async ({ client, server }) => {
	const listener = await server.nc({ listen: 8080 });
	const typist = await client.run(['nc.openbsd', server.address, '8080'], { tty: true, until: 'connected' });
	await typist.type('hello\n');
	await expect(listener).toPrint('hello\n');
	await listener.type('and you\n');
	await expect(typist).toPrint('and you\n');
	await typist.type('\x03');
	await expect(typist).toHaveEnded({ signal: 'SIGINT' });
	if (typist.output !== 'and you\n') throw new Error(`it printed: ${JSON.stringify(typist.output)}`);
});
