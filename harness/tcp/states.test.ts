import { expect, test } from '@jest/globals';
import { canReach, STATES } from './states.ts';

test('the states are the eleven of RFC 9293, 3.3.2, each once', () => {
	expect(new Set(STATES).size).toBe(STATES.length);
	expect(STATES).toHaveLength(11);
});

test('a connection can reach later states of the diagram, but no earlier ones (RFC 9293, figure 5)', () => {
	expect(STATES.filter((state) => canReach('FIN-WAIT-1', state))).toEqual([
		'FIN-WAIT-1',
		'FIN-WAIT-2',
		'CLOSING',
		'TIME-WAIT',
		'CLOSED',
	]);
	expect(STATES.filter((state) => canReach('TIME-WAIT', state))).toEqual(['TIME-WAIT', 'CLOSED']);
	expect(canReach('SYN-SENT', 'LAST-ACK')).toBe(true);
	expect(canReach('ESTAB', 'SYN-SENT')).toBe(false);
	// UNCONN is a bound socket in ss (misc/ss.c, sstate_name).
	expect(canReach('UNCONN', 'SYN-SENT')).toBe(true);
});
