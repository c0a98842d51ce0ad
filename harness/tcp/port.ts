import { HalfopenError } from '../errors.ts';

/** Returns the port if it is one that a socket can be bound to: 1 to 65535. Throws PORT_OUT_OF_RANGE otherwise. */
export function assertPort(port: number): number {
	if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
	throw new HalfopenError('PORT_OUT_OF_RANGE', {
		problem: `${port} is not a TCP port.`,
		remedy: 'Give a whole number from 1 to 65535.',
	});
}
