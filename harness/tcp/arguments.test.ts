import { expect, test } from '@jest/globals';
import { synSchedule } from './handshake.ts';
import { keepaliveTimeout } from './keepalive.ts';
import { retransmissionTimeout } from './retransmission.ts';
import { spanOf } from './span.ts';

test.each<[string, () => unknown, string]>([
	['another formula’s option', () => retransmissionTimeout({ userTimeoutMs: 3_000 } as never), 'OPTION_UNKNOWN'],
	['no option', () => retransmissionTimeout({} as never), 'OPTION_INVALID'],
	['a sysctl that this kernel lacks', () => synSchedule({ retries: undefined } as never), 'OPTION_INVALID'],
	['a negative time', () => keepaliveTimeout({ time: -1, interval: 1, probes: 1 }), 'OPTION_INVALID'],
	['NaN', () => spanOf(Number.NaN), 'OPTION_INVALID'],
	['half a probe', () => keepaliveTimeout({ time: 1, interval: 1, probes: 0.5 }), 'OPTION_INVALID'],
])('a formula refuses %s, instead of returning a bound that everything fulfils', (_, work, code) => {
	expect(work).toThrow(expect.objectContaining({ code }));
});
