import { z } from 'zod';
import { HalfopenError } from '../errors.ts';
import { endpointText } from '../formats/address.ts';
import type { Endpoint } from '../formats/types.ts';
import { type IpVersion, versionOf } from '../lab/family.ts';
import { assertPort } from '../tcp/port.ts';
import { checked } from '../util/options.ts';
import type { ProgramOptions } from './program.ts';

/** The options that all programs have. */
export interface PeerOptions {
	/** Its name in the timeline. Default: `nc-1`, … */
	readonly name?: string;
	/**
	 * When the start resolves: when the program listens, is connected, or just runs. Default: `listening` or `connected`,
	 * by what the program does; `started` for `curl` and `run`.
	 */
	readonly until?: ProgramOptions['until'];
}
/** The options of a program that listens on a port. */
export type Listen = PeerOptions & { readonly listen: number };
/** The options of a program that connects to an endpoint: `{ connect: server.port(8080) }`. */
export type Connect = PeerOptions & { readonly connect: Endpoint };

/** Ports are validated by `assertPort`, which has its own error. */
export const endpointSchema = z.strictObject({ address: z.string().min(1), port: z.unknown() });
const peer = { name: z.string().optional(), until: z.enum(['listening', 'connected', 'started']).optional() };
export const peerOptionsSchema = z.strictObject(peer) satisfies z.ZodObject<Record<keyof PeerOptions, z.ZodType>>;

const listenOptions = { ...peer, listen: z.unknown() };
const connecting = { ...peer, connect: endpointSchema };
/** For a program that either listens or connects. */
const either = { ...peer, listen: z.unknown().optional(), connect: endpointSchema.optional() };
const oneOf = <Shape extends z.ZodRawShape>(shape: Shape) =>
	z
		.strictObject(shape)
		.refine(
			(given) => 'listen' in given !== 'connect' in given,
			'one of listen and connect is needed: { listen: 8080 } or { connect: server.port(8080) }',
		);
const milliseconds = z.number().positive().optional();

/**
 * netcat-openbsd. On POLLHUP it closes without reading, so its calls may never return the errno that its socket has.
 * `ncTraditional` and `dnc` read it.
 */
export function nc(
	given: (Listen | Connect) & { readonly shutdownAtEof?: boolean },
	version: IpVersion = 'ipv4',
): ProgramOptions {
	const { shutdownAtEof, ...options } = checked(
		oneOf({ ...either, shutdownAtEof: z.boolean().optional() }),
		given,
		'host.nc',
	) as typeof given;
	return netcat('nc', ['nc.openbsd', ...(shutdownAtEof ? ['-N'] : [])], listening(version), options);
}

/**
 * netcat-traditional. It waits in select(2), then reads, so its read returns the errno. `keepalive` sets SO_KEEPALIVE,
 * with the times of the sysctls. It has no IPv6.
 */
export function ncTraditional(
	given: (Listen | Connect) & { readonly keepalive?: boolean },
	version: IpVersion = 'ipv4',
): ProgramOptions {
	const { keepalive, ...options } = checked(
		oneOf({ ...either, keepalive: z.boolean().optional() }),
		given,
		'host.ncTraditional',
	) as typeof given;
	const used = 'connect' in options ? versionOf(options.connect.address) : version;
	if (used === 'ipv6') {
		throw new HalfopenError('FAMILY_UNAVAILABLE', {
			problem: 'The program netcat-traditional has no IPv6.',
			remedy:
				'Use another program, or give the scenario `needsIpv4: "netcat-traditional has no IPv6"`: it is then skipped.',
		});
	}
	return netcat('nc', ['nc.traditional', ...(keepalive ? ['-k'] : [])], ['-l', '-p'], options);
}

/**
 * The modified nc of the article "TCP Puzzlers". It prints what each poll(2) returned, and keeps its socket open after
 * the end of the stream.
 */
export function dnc(options: Listen | Connect, version: IpVersion = 'ipv4'): ProgramOptions {
	checked(oneOf(either), options, 'host.dnc');
	return netcat('dnc', ['dnc'], listening(version), options);
}

/** The options of netcats that listen, by default with IPv4. They connect with the version of the address. */
const listening = (version: IpVersion) => (version === 'ipv6' ? ['-6', '-l'] : ['-l']);

function netcat(
	kind: string,
	program: readonly string[],
	listen: readonly string[],
	options: Listen | Connect,
): ProgramOptions {
	const { name } = options;
	return 'listen' in options
		? {
				kind,
				name,
				argv: [...program, ...listen, String(assertPort(options.listen))],
				until: options.until ?? 'listening',
			}
		: {
				kind,
				name,
				argv: [...program, options.connect.address, String(assertPort(options.connect.port))],
				until: options.until ?? 'connected',
			};
}

/**
 * Nmap's netcat. It listens with a backlog of 10, on IPv6 and IPv4 if the host has both. After one connection it closes
 * its listening sockets, unless `keepListening` (-k) is set; for netcat-traditional, -k means SO_KEEPALIVE.
 */
export function ncat(given: (Listen | Connect) & { readonly keepListening?: boolean }): ProgramOptions {
	const { keepListening, ...options } = checked(
		oneOf({ ...either, keepListening: z.boolean().optional() }),
		given,
		'host.ncat',
	) as typeof given;
	return netcat('ncat', ['ncat', ...(keepListening ? ['-k'] : [])], ['-l'], options);
}

/** GNU telnet (inetutils). It sends its input line by line and prints what it receives. */
export function telnet(options: Connect): ProgramOptions {
	checked(z.strictObject(connecting), options, 'host.telnet');
	return netcat('telnet', ['telnet'], [], options);
}

/**
 * curl of `http://<address>:<port>/`. It prints no progress, only errors. It does not block in connect(2), and reads
 * the result with SO_ERROR.
 */
export function curl(options: Connect): ProgramOptions {
	checked(z.strictObject(connecting), options, 'host.curl');
	const { name, connect, until = 'started' } = options;
	const { address, port } = connect;
	const server = endpointText({ address, port: assertPort(port) });
	return { kind: 'curl', name, argv: ['curl', '-sS', `http://${server}/`], until };
}

/** An echo server in Node. */
export function echoServer(
	options: Listen & { readonly keepaliveMs?: number; readonly allowHalfOpen?: boolean },
	version: IpVersion = 'ipv4',
): ProgramOptions {
	checked(
		z.strictObject({ ...listenOptions, keepaliveMs: milliseconds, allowHalfOpen: z.boolean().optional() }),
		options,
		'host.echoServer',
	);
	const { name, listen, keepaliveMs, allowHalfOpen } = options;
	const flags = [
		...(keepaliveMs === undefined ? [] : [`--keepalive=${keepaliveMs}`]),
		...(allowHalfOpen ? ['--allow-half-open'] : []),
		...(version === 'ipv6' ? ['--ipv6'] : []),
	];
	return {
		kind: 'echo-server',
		name,
		argv: ['node', '/opt/halfopen/echo-server.mjs', String(assertPort(listen)), ...flags],
		until: options.until ?? 'listening',
	};
}

/**
 * A client of the echo server, in Node. It sends its input. With `heartbeatMs` it also sends heartbeats, and closes the
 * connection if the server does not answer them.
 */
export function echoClient(
	options: Connect & { readonly keepaliveMs?: number; readonly heartbeatMs?: number },
): ProgramOptions {
	checked(
		z.strictObject({ ...connecting, keepaliveMs: milliseconds, heartbeatMs: milliseconds }),
		options,
		'host.echoClient',
	);
	const { name, connect, keepaliveMs, heartbeatMs } = options;
	const flags = [
		...(keepaliveMs === undefined ? [] : [`--keepalive=${keepaliveMs}`]),
		...(heartbeatMs === undefined ? [] : [`--heartbeat=${heartbeatMs}`]),
	];
	return {
		kind: 'echo-client',
		name,
		argv: ['node', '/opt/halfopen/echo-client.mjs', connect.address, String(assertPort(connect.port)), ...flags],
		until: options.until ?? 'connected',
	};
}
