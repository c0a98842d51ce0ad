import { HalfopenError } from '../errors.ts';

/** A port that a TCP header can hold and that can be bound: 1 to 65535. */
export function assertPort(port: number): number {
	if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
	throw new HalfopenError('PORT_OUT_OF_RANGE', {
		problem: `${port} is not a TCP port.`,
		remedy: 'Give a whole number from 1 to 65535.',
	});
}
