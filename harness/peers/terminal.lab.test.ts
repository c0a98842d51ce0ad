import { expect, scenario } from '../index.ts';

/** Prints what it receives through `sed`, whose C library buffers its output unless it is a terminal. */
const PIPELINE = 'nc.openbsd "$0" "$1" | sed "s/^/got /"';

scenario('a program that buffers its output prints at once to a terminal', {}, async ({ client, server }) => {
	const writer = await server.nc({ listen: 8080 });
	const printer = await client.run(['sh', '-c', PIPELINE, server.address, '8080'], { tty: true });
	await writer.type('one\n');
	await expect(printer).toPrint('got one\n');
	await writer.type('two\n');
	await expect(printer).toPrint('got one\ngot two\n');
	await expect(printer).toHaveReturned('read', 4);
	await printer.interrupt();
});

scenario('a terminal does not echo its input, and ^C ends the program', {}, async ({ client, server }) => {
	const listener = await server.nc({ listen: 8080 });
	const program = await client.run(['nc.openbsd', server.address, '8080'], { tty: true, until: 'connected' });
	await program.type('hello\n');
	await expect(listener).toPrint('hello\n');
	await listener.type('and you\n');
	await expect(program).toPrint('and you\n');
	await program.type('\x03');
	await expect(program).toHaveEnded({ signal: 'SIGINT' });
	if (program.output !== 'and you\n') throw new Error(`it printed: ${JSON.stringify(program.output)}`);
});
