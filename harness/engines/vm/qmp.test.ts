import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Qmp } from './qmp.ts';

interface Request {
	readonly execute: string;
	readonly id: number;
	readonly arguments?: unknown;
}

let folder = '';
let server: Server;
let path = '';
/** QEMU's end of the monitor, and what it was asked; it answers by itself only that it can be spoken to. */
let qemu: Socket;
let requests: Request[];

beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), 'halfopen-qmp-'));
	path = join(folder, 'monitor');
	requests = [];
	server = createServer((socket) => {
		qemu = socket;
		socket.on('error', () => {});
		socket.write('{"QMP": {"version": {"qemu": {"major": 7}}, "capabilities": ["oob"]}}\r\n');
		createInterface({ input: socket }).on('line', (line) => {
			const request = JSON.parse(line) as Request;
			if (request.execute === 'qmp_capabilities') say({ return: {}, id: request.id });
			else requests.push(request);
		});
	}).listen(path);
	await once(server, 'listening');
});

afterEach(async () => {
	qemu?.destroy();
	server.close();
	await rm(folder, { recursive: true });
});

function say(message: object): void {
	qemu.write(`${JSON.stringify(message)}\r\n`);
}

/** The next request that is not answered yet. */
async function asked(): Promise<Request> {
	for (;;) {
		const request = requests.shift();
		if (request) return request;
		await new Promise(setImmediate);
	}
}

test('a socket that is not there is told at once', async () => {
	await expect(Qmp.connect(join(folder, 'nothing'))).rejects.toMatchObject({ code: 'ENOENT' });
});

describe('a command', () => {
	test('is sent with its arguments, and passes with its answer, whichever comes first', async () => {
		const qmp = await Qmp.connect(path);
		const first = qmp.execute('migrate', { uri: 'exec:true' });
		const second = qmp.execute('cont');
		const [migrate, cont] = [await asked(), await asked()];
		expect(migrate).toEqual({ execute: 'migrate', id: migrate.id, arguments: { uri: 'exec:true' } });
		expect(cont).toEqual({ execute: 'cont', id: cont.id });
		say({ return: { two: 2 }, id: cont.id });
		expect(await second).toEqual({ two: 2 });
		say({ return: {}, id: migrate.id });
		expect(await first).toEqual({});
	});

	test('that is refused rejects with ENGINE_REFUSED and QEMU’s words, and the next one is answered', async () => {
		const qmp = await Qmp.connect(path);
		const refused = qmp.execute('cont');
		say({
			error: { class: 'GenericError', desc: 'Resetting the Virtual Machine is required' },
			id: (await asked()).id,
		});
		await expect(refused).rejects.toMatchObject({
			code: 'ENGINE_REFUSED',
			seen: 'GenericError: Resetting the Virtual Machine is required',
		});
		const next = qmp.execute('stop');
		say({ return: 1, id: (await asked()).id });
		expect(await next).toBe(1);
	});
});

describe('an event', () => {
	test('is heard by all who wait for it, with its data, and once', async () => {
		const qmp = await Qmp.connect(path);
		const both = Promise.all([qmp.event('STOP'), qmp.event('STOP')]);
		say({ event: 'STOP', data: { n: 1 }, timestamp: { seconds: 1, microseconds: 2 } });
		expect(await both).toEqual([{ n: 1 }, { n: 1 }]);
		const next = qmp.event('STOP');
		say({ event: 'STOP' });
		expect(await next).toEqual({});
	});

	test('of another name, or with other data, is passed over', async () => {
		const qmp = await Qmp.connect(path);
		const over = qmp.event('MIGRATION', ({ status }) => status === 'completed' || status === 'failed');
		say({ event: 'STOP', data: { status: 'completed' } });
		for (const status of ['setup', 'active', 'failed', 'completed']) say({ event: 'MIGRATION', data: { status } });
		expect(await over).toEqual({ status: 'failed' });
	});
});

describe('the end of QEMU', () => {
	const gone = expect.objectContaining({ code: 'ENGINE_GONE' });

	test.each([
		['itself', () => qemu.end()],
		['in mid-word', () => qemu.end('{"event": "STO')],
	])('%s rejects all that is waited for, and all that is asked later', async (_how, end) => {
		const qmp = await Qmp.connect(path);
		const waiting = [qmp.execute('cont'), qmp.event('STOP'), qmp.event('MIGRATION', () => false)];
		await asked();
		end();
		for (const one of waiting) await expect(one).rejects.toEqual(gone);
		await expect(qmp.execute('cont')).rejects.toEqual(gone);
		await expect(qmp.event('STOP')).rejects.toEqual(gone);
	});

	test('while it is greeted rejects, too', async () => {
		server.removeAllListeners('connection').on('connection', (socket) => socket.destroy());
		await expect(Qmp.connect(path)).rejects.toEqual(gone);
	});
});

test('whatever else it says, what was asked is answered', async () => {
	const qmp = await Qmp.connect(path);
	await fc.assert(
		fc.asyncProperty(fc.array(fc.oneof(fc.string(), fc.json())), async (lines) => {
			const answer = qmp.execute('query-status');
			const { id } = await asked();
			for (const line of lines)
				qemu.write(`${line.replaceAll(/"(id|event)"/g, '"other"').replaceAll(/[\r\n\u2028\u2029]/g, ' ')}\n`);
			say({ return: id, id });
			expect(await answer).toBe(id);
		}),
		{ numRuns: 50 },
	);
});
