/** The command line of each program, and its validation. The programs themselves run in lab tests. */
import { describe, expect, test } from '@jest/globals';
import { curl, dnc, echoClient, echoServer, nc, ncat, ncTraditional, telnet } from './programs.ts';

const SERVER = { address: '198.18.0.3', port: 8080 };

test.each([
	[nc({ listen: 8080 }), 'nc', 'listening', 'nc.openbsd -l 8080'],
	[nc({ connect: SERVER, shutdownAtEof: true }), 'nc', 'connected', 'nc.openbsd -N 198.18.0.3 8080'],
	// It has an option for the port (nc.traditional(1)); -k is SO_KEEPALIVE.
	[ncTraditional({ listen: 8080, keepalive: true }), 'nc', 'listening', 'nc.traditional -k -l -p 8080'],
	[ncTraditional({ connect: SERVER }), 'nc', 'connected', 'nc.traditional 198.18.0.3 8080'],
	[dnc({ listen: 8080 }), 'dnc', 'listening', 'dnc -l 8080'],
	[dnc({ connect: SERVER }), 'dnc', 'connected', 'dnc 198.18.0.3 8080'],
	// Here -k means that it keeps listening (ncat(1)).
	[ncat({ listen: 8080, keepListening: true }), 'ncat', 'listening', 'ncat -k -l 8080'],
	[telnet({ connect: SERVER }), 'telnet', 'connected', 'telnet 198.18.0.3 8080'],
	// It ends by itself, and many specs expect it to fail.
	[curl({ connect: SERVER }), 'curl', 'started', 'curl -sS http://198.18.0.3:8080/'],
	[
		echoServer({ listen: 8080, keepaliveMs: 500, allowHalfOpen: true }),
		...['echo-server', 'listening', 'node /opt/halfopen/echo-server.mjs 8080 --keepalive=500 --allow-half-open'],
	],
	[
		echoClient({ connect: SERVER, heartbeatMs: 250 }),
		...['echo-client', 'connected', 'node /opt/halfopen/echo-client.mjs 198.18.0.3 8080 --heartbeat=250'],
	],
] as const)('%j', (program, kind, until, command) => {
	expect(program).toEqual({ kind, until, argv: command.split(' '), name: undefined });
});

test.each([
	[nc({ listen: 8080 }, 'ipv6'), 'nc.openbsd -6 -l 8080'],
	[dnc({ listen: 8080 }, 'ipv6'), 'dnc -6 -l 8080'],
	// It listens with both.
	[ncat({ listen: 8080 }), 'ncat -l 8080'],
	[echoServer({ listen: 8080 }, 'ipv6'), 'node /opt/halfopen/echo-server.mjs 8080 --ipv6'],
	// An address is enough to tell the version.
	[nc({ connect: { address: '2001:2::3', port: 8080 } }), 'nc.openbsd 2001:2::3 8080'],
	// RFC 3986, 3.2.2: an IPv6 address in a URL is in brackets.
	[curl({ connect: { address: '2001:2::3', port: 8080 } }), 'curl -sS http://[2001:2::3]:8080/'],
])('over IPv6: %j', ({ argv }, command) => {
	expect(argv.join(' ')).toBe(command);
});

test('netcat-traditional, which has no IPv6, is FAMILY_UNAVAILABLE over IPv6', () => {
	const refused = expect.objectContaining({ code: 'FAMILY_UNAVAILABLE' });
	expect(() => ncTraditional({ listen: 8080 }, 'ipv6')).toThrow(refused);
	expect(() => ncTraditional({ connect: { address: '2001:2::3', port: 8080 } })).toThrow(refused);
});

test('each has the name and the `until` that the spec gives', () => {
	const wanted = { name: 'chosen', until: 'started' } as const;
	for (const start of [nc, ncTraditional, dnc, ncat, echoServer])
		expect(start({ listen: 8080, ...wanted })).toMatchObject(wanted);
	for (const start of [nc, ncTraditional, dnc, ncat, telnet, curl, echoClient])
		expect(start({ connect: SERVER, ...wanted })).toMatchObject(wanted);
});

describe('invalid options are refused before anything starts', () => {
	// As in a spec in JavaScript, or in one whose types are not checked.
	const given = (options: object) => options as { listen: number };

	test.each([nc, ncTraditional, dnc, ncat])('both listen and connect, or none of them: %p', (start) => {
		const refused = expect.objectContaining({
			code: 'OPTION_INVALID',
			message: expect.stringContaining('one of listen and connect is needed'),
		});
		expect(() => start(given({ listen: 8080, connect: SERVER }))).toThrow(refused);
		expect(() => start(given({}))).toThrow(refused);
	});

	test.each([0, 65_536, 80.5, Number.NaN, '8080'])('port %p', (port) => {
		const refused = expect.objectContaining({ code: 'PORT_OUT_OF_RANGE' });
		for (const start of [nc, ncTraditional, dnc, ncat, echoServer])
			expect(() => start(given({ listen: port }))).toThrow(refused);
		const connect = { ...SERVER, port: port as number };
		for (const start of [nc, ncTraditional, dnc, ncat, telnet, curl, echoClient])
			expect(() => start({ connect })).toThrow(refused);
	});

	test('an option that does not exist, with the nearest name', () => {
		const refused = (seen: string) =>
			expect.objectContaining({ code: 'OPTION_UNKNOWN', seen: expect.stringContaining(seen) });
		expect(() => nc(given({ listen: 8080, shutdownAtEOF: true }))).toThrow(refused('shutdownAtEof'));
		// `keepalive` is an option of another program.
		expect(() => ncat(given({ listen: 8080, keepalive: true }))).toThrow(refused('name'));
		expect(() => echoServer(given({ listen: 8080, keepAliveMs: 1 }))).toThrow(refused('keepaliveMs'));
	});

	test('times that are not positive', () => {
		const refused = expect.objectContaining({ code: 'OPTION_INVALID' });
		for (const ms of [0, -1, Number.NaN]) {
			expect(() => echoServer({ listen: 8080, keepaliveMs: ms })).toThrow(refused);
			expect(() => echoClient({ connect: SERVER, heartbeatMs: ms })).toThrow(refused);
		}
	});
});
