import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { builtAgent, until } from './fixture.ts';

jest.setTimeout(60_000);

let agent: ChildProcessWithoutNullStreams;
let output = '';

beforeAll(async () => {
	agent = spawn(await builtAgent());
	agent.stdout.setEncoding('latin1').on('data', (text: string) => {
		output += text;
	});
	await until(() => output.includes('hello'));
});

afterAll(async () => {
	agent.stdin.end();
	await until(() => agent.exitCode !== null);
	expect(agent.exitCode).toBe(0);
});

let lastProbe = 1_000_000_000;

/** Sends a text and then a request for the time. Returns the answers before that of the request, without timestamps. */
async function answersTo(...words: (string | Uint8Array)[]): Promise<string> {
	const probe = ++lastProbe;
	output = '';
	for (const word of words) agent.stdin.write(word);
	agent.stdin.write(`\n${probe} now\n`);
	await until(() => output.includes(` ${probe} ok\n`));
	return output
		.slice(0, output.lastIndexOf('\n', output.indexOf(` ${probe} ok\n`)) + 1)
		.replaceAll(/^\d+\.\d{6} /gm, '');
}

/** `answersTo` appends a newline to each text, so a text that ends with one has an empty line after it. */
test.each([
	['', '0 error EPROTO'],
	['hello', '0 error EPROTO'],
	['-1 now', '0 error EPROTO'],
	['0 now', '0 error EPROTO'],
	['01 now', '0 error EPROTO'],
	['99999999999999999999 now', '0 error EPROTO'],
	['7', '7 error EPROTO'],
	['7 ', '7 error EPROTO'],
	['7 dance', '7 error EPROTO'],
	['7 now now', '7 error EPROTO'],
	['7  now', '7 error EPROTO'],
	['7 now ', '7 error EPROTO'],
	['7 n%6Fw', '7 ok'],
	['7 n%6fw', '7 error EPROTO'],
	['7 no%', '7 error EPROTO'],
	['7 no%7', '7 error EPROTO'],
	['7 %', '7 error EPROTO'],
	['7 now\r', '7 error EPROTO'],
	['7 n\0w', '7 error EPROTO'],
	['7 sleep', '7 error EPROTO'],
	['7 sleep -1', '7 error EPROTO'],
	['7 sleep 1e3', '7 error EPROTO'],
	['7 sleep 99999999999999999', '7 error EPROTO'],
	['7 cancel x', '7 error EPROTO'],
	['7 cancel 8', '7 error ESRCH'],
	['7 spawn', '7 error EPROTO'],
	['7 spawn -', '7 error EPROTO'],
	['7 spawn loud true', '7 error EPROTO'],
	['7 spawn - a%00b', '7 error EPROTO'],
	['7 spawn - %', '7 error ENOENT'],
	['7 spawn - /', '7 error EACCES'],
	['7 spawn - a/b', '7 error ENOENT'],
	['7 write 8', '7 error EPROTO'],
	['7 write 8 x', '7 error EPROTO'],
	['7 write x 3\nabc', '7 error EPROTO'],
	['7 write 8 3\nabc', '7 error EPIPE'],
	['7 close 8', '7 error ESRCH'],
	['7 signal 8 SIGINT', '7 error ESRCH'],
	['7 signal 8 SIGNOTHING', '7 error EPROTO'],
	['7 signal 8 SIG0', '7 error EPROTO'],
	['7 signal 8 2', '7 error EPROTO'],
	['7 controlled 1', '7 error EPROTO'],
	['7 call 8', '7 error EPROTO'],
	['7 call 8 socket', '7 error ESRCH'],
])('%j is answered with %s', async (text, answer) => {
	const answers = await answersTo(text);
	expect(answers.split('\n')[0]).toMatch(new RegExp(`^${answer}( |$)`));
});

test('an id that is in use is rejected', async () => {
	expect(await answersTo('20 sleep 50000000\n20 spawn - true\n20 controlled\n20 sleep 1\n21 cancel 20')).toBe(
		`${'20 error EPROTO this%20id%20is%20in%20use\n'.repeat(3)}20 error ECANCELED ` +
			'the%20sleep%20was%20cancelled\n21 ok\n',
	);
});

test('a line longer than 1 MiB is one error, and the next line is handled', async () => {
	expect(await answersTo(`9 spawn - ${'a'.repeat(3 << 20)}`)).toBe(
		'9 error EPROTO a%20line%20longer%20than%201048576%20bytes\n',
	);
	expect(await answersTo('x'.repeat(3 << 20))).toMatch(/^0 error EPROTO [^\n]*\n$/);
});

test('a body that is too large is skipped', async () => {
	expect(await answersTo(`9 write 8 ${17 << 20}\n`, Buffer.alloc(17 << 20, '9 now\n'))).toMatch(
		/^9 error EPROTO \S+\n0 error EPROTO \S+\n$/,
	);
});

test('an argument list that is too long is an E2BIG error', async () => {
	expect(await answersTo(`9 spawn - true ${'a'.repeat(200_000)}`)).toMatch(/^9 error E2BIG \S+\n/);
});

test.each([
	'nothing',
	'socket 1',
	'bind 3 127.0.0.1',
	'bind x 127.0.0.1 1',
	'bind 3 localhost 1',
	'bind 3 127.0.0.1 65536',
	'connect 3 127.0.0.1 -1',
	'listen 3 x',
	'send 3 MSG_NOTHING a',
	'send 3 - ',
	'recv 3 -1 -',
	'recv 3 1048577 -',
	'recv 3 1 MSG_OOB,',
	'shutdown 3 BOTH',
	'poll 3 POLLIN',
	'poll 3 IN 0',
	'poll 3 - x',
	'setsockopt 3 SO_LINGER 1',
	'setsockopt 3 TCP_NODELAY 1 1',
	'setsockopt 3 TCP_NOTHING 1',
	'setsockopt 3 TCP_NODELAY on',
	'getsockopt 3 SO_TYPE',
	'nonblock 3 2',
	'close 99999999999',
	'close %',
	'tcpinfo',
	'send 3 - %0',
	'n%00',
])('a controlled process rejects the call %j', async (call) => {
	agent.stdin.write('10 controlled\n');
	await until(() => output.includes(' 10 '));
	agent.stdin.write(`11 call 10 ${call}\n`);
	await until(() => output.includes(' 11 '));
	expect(output).toMatch(/ 11 error EPROTO /);
	agent.stdin.write('12 write 10 1\nx13 close 10\n');
	await until(() => / 12 error EPROTO (.*\n)*.* 10 exited 0\n/.test(output));
	output = '';
});

test('the agent survives any input, and leaks no descriptor', async () => {
	const word = fc.oneof(
		fc.constantFrom(
			'now',
			'sleep',
			'cancel',
			'spawn',
			'write',
			'close',
			'signal',
			'controlled',
			'call',
			'-',
			'log',
			'true',
			'SIGTERM',
			'SIGSTOP',
			'@log',
			'socket',
			'listen',
			'%',
			'%%',
			' ',
			'\n',
		),
		fc.nat({ max: 30 }).map(String),
		fc.uint8Array({ maxLength: 8 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
	);
	const id = fc.nat({ max: 30 }).map(String);
	const lines = fc.tuple(id, fc.array(word, { maxLength: 5 })).map(([first, rest]) => [first, ...rest].join(' '));
	const descriptors = () => readdirSync(`/proc/${agent.pid}/fd`).length;
	const before = descriptors();
	await fc.assert(
		fc.asyncProperty(fc.array(lines, { maxLength: 20 }), async (requests) => {
			output = '';
			agent.stdin.write(Buffer.from(`${requests.join('\n')}\n`, 'latin1'));
			/* The last `write` may still expect up to 30 bytes of its body. These are not newlines. */
			agent.stdin.write(`${'x'.repeat(64)}\n`);
			const probe = ++lastProbe;
			agent.stdin.write(`${probe} now\n`);
			await until(() => output.includes(` ${probe} ok\n`));
		}),
		{ numRuns: 200 },
	);
	for (let id = 1; id <= 30; id++)
		agent.stdin.write(`${lastProbe++} signal ${id} SIGKILL\n${lastProbe++} close ${id}\n${lastProbe++} cancel ${id}\n`);
	await until(() => descriptors() <= before);
	expect(agent.exitCode).toBeNull();
});
