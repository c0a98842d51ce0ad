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
/** QEMU's end of the monitor. */
let qemu: Socket;
/** The requests that the test has not answered yet. `qmp_capabilities` is answered automatically. */
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
			if (request.execute === 'qmp_capabilities') send({ return: {}, id: request.id });
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

function send(message: object): void {
	qemu.write(`${JSON.stringify(message)}\r\n`);
}

/** Resolves with the next request that is not answered yet. */
async function nextRequest(): Promise<Request> {
	for (;;) {
		const request = requests.shift();
		if (request) return request;
		await new Promise(setImmediate);
	}
}

test('connect rejects at once if the socket does not exist', async () => {
	await expect(Qmp.connect(join(folder, 'nothing'))).rejects.toMatchObject({ code: 'ENOENT' });
});

describe('a command', () => {
	test('is sent with its arguments, and resolves with its answer, in any order', async () => {
		const qmp = await Qmp.connect(path);
		const first = qmp.execute('migrate', { uri: 'exec:true' });
		const second = qmp.execute('cont');
		const [migrate, cont] = [await nextRequest(), await nextRequest()];
		expect(migrate).toEqual({ execute: 'migrate', id: migrate.id, arguments: { uri: 'exec:true' } });
		expect(cont).toEqual({ execute: 'cont', id: cont.id });
		send({ return: { two: 2 }, id: cont.id });
		expect(await second).toEqual({ two: 2 });
		send({ return: {}, id: migrate.id });
		expect(await first).toEqual({});
	});

	test('that QEMU refuses rejects with ENGINE_REFUSED and QEMU’s message, and the next one is answered', async () => {
		const qmp = await Qmp.connect(path);
		const refused = qmp.execute('cont');
		send({
			error: { class: 'GenericError', desc: 'Resetting the Virtual Machine is required' },
			id: (await nextRequest()).id,
		});
		await expect(refused).rejects.toMatchObject({
			code: 'ENGINE_REFUSED',
			seen: 'GenericError: Resetting the Virtual Machine is required',
		});
		const next = qmp.execute('stop');
		send({ return: 1, id: (await nextRequest()).id });
		expect(await next).toBe(1);
	});
});

describe('an event', () => {
	test('resolves all waits for it once, with its data', async () => {
		const qmp = await Qmp.connect(path);
		const both = Promise.all([qmp.event('STOP'), qmp.event('STOP')]);
		send({ event: 'STOP', data: { n: 1 }, timestamp: { seconds: 1, microseconds: 2 } });
		expect(await both).toEqual([{ n: 1 }, { n: 1 }]);
		const next = qmp.event('STOP');
		send({ event: 'STOP' });
		expect(await next).toEqual({});
	});

	test('with another name or other data is ignored', async () => {
		const qmp = await Qmp.connect(path);
		const ended = qmp.event('MIGRATION', ({ status }) => status === 'completed' || status === 'failed');
		send({ event: 'STOP', data: { status: 'completed' } });
		for (const status of ['setup', 'active', 'failed', 'completed']) send({ event: 'MIGRATION', data: { status } });
		expect(await ended).toEqual({ status: 'failed' });
	});
});

describe('the end of QEMU', () => {
	const gone = expect.objectContaining({ code: 'ENGINE_GONE' });

	test.each([
		['after a line', () => qemu.end()],
		['within a line', () => qemu.end('{"event": "STO')],
	])('%s rejects all pending and all later commands and waits', async (_how, end) => {
		const qmp = await Qmp.connect(path);
		const waiting = [qmp.execute('cont'), qmp.event('STOP'), qmp.event('MIGRATION', () => false)];
		await nextRequest();
		end();
		for (const one of waiting) await expect(one).rejects.toEqual(gone);
		await expect(qmp.execute('cont')).rejects.toEqual(gone);
		await expect(qmp.event('STOP')).rejects.toEqual(gone);
	});

	test('before its greeting rejects connect', async () => {
		server.removeAllListeners('connection').on('connection', (socket) => socket.destroy());
		await expect(Qmp.connect(path)).rejects.toEqual(gone);
	});
});

test('a command resolves with its answer, whatever lines come before it', async () => {
	const qmp = await Qmp.connect(path);
	await fc.assert(
		fc.asyncProperty(fc.array(fc.oneof(fc.string(), fc.json())), async (lines) => {
			const answer = qmp.execute('query-status');
			const { id } = await nextRequest();
			for (const line of lines)
				qemu.write(`${line.replaceAll(/"(id|event)"/g, '"other"').replaceAll(/[\r\n\u2028\u2029]/g, ' ')}\n`);
			send({ return: id, id });
			expect(await answer).toBe(id);
		}),
		{ numRuns: 50 },
	);
});
