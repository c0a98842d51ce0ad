import { bare } from './strace-descriptors.ts';

/** A descriptor that a wait found ready, and for what. */
export interface ReadyDescriptor {
	readonly fd: number;
	/**
	 * In the words of the call: `POLLIN|POLLHUP`, `EPOLLIN`; of select the set that holds it, `in`, `out` or `except`.
	 */
	readonly events: string;
}

/** What poll, select and their like wait for. */
export interface Wait {
	/** Descriptors, in order; epoll names its own one only. */
	readonly on: readonly number[];
	/** Empty while it lasts, and where it found none. */
	readonly ready: readonly ReadyDescriptor[];
	/** What epoll tells of in place of a descriptor, as the program gave it (epoll_ctl(2), `epoll_data_t`). */
	readonly readyData: readonly { readonly data: string; readonly low: number; readonly events: string }[];
}

/** What epoll_ctl says: from now on, `data` stands for the descriptor `fd` of the epoll instance `epoll`. */
export interface EpollControl {
	readonly epoll: number;
	readonly fd: number;
	readonly data?: string;
}

type Called = { readonly name: string; readonly args: string; readonly resultText?: string | undefined };

/** Reads a call of the family poll; undefined for any other. */
export function waitOf({ name, args, resultText = '' }: Called): Wait | undefined {
	const text = bare(args);
	const result = bare(resultText);
	if (name === 'poll' || name === 'ppoll')
		return { on: numbers(text, /\{fd=(-?\d+)/g), ready: polled(result), readyData: [] };
	if (name === 'select' || name === 'pselect6') return { on: selectedOn(text), ready: selected(result), readyData: [] };
	if (/^epoll_p?wait2?$/.test(name)) return { on: numbers(text, /^(\d+)/g), ready: [], readyData: occurred(text) };
	return undefined;
}

/** Reads epoll_ctl. */
export function epollControlOf({ name, args }: Called): EpollControl | undefined {
	if (name !== 'epoll_ctl') return undefined;
	const text = bare(args);
	const [, epoll, fd, rest] = /^(\d+), EPOLL_CTL_\w+, (\d+), (.*)$/.exec(text) ?? [];
	if (rest === undefined) return undefined;
	const [data] = dataIn(rest);
	return { epoll: Number(epoll), fd: Number(fd), ...(data && { data: data.data }) };
}

function numbers(text: string, pattern: RegExp): number[] {
	return [...text.matchAll(pattern)].map(([, number]) => Number(number)).filter((number) => number >= 0);
}

function polled(result: string): ReadyDescriptor[] {
	return [...result.matchAll(/\{fd=(\d+), revents=([\w|]+)\}/g)].map(([, fd, events = '']) => ({
		fd: Number(fd),
		events,
	}));
}

/** `5, [0 3], [3], NULL, {tv_sec=1, tv_nsec=0}`: three sets, which may be NULL. */
function selectedOn(text: string): number[] {
	const sets =
		/^\d+, (\[[\d ]*\]|NULL|0x[\da-f]+), (\[[\d ]*\]|NULL|0x[\da-f]+), (\[[\d ]*\]|NULL|0x[\da-f]+)/
			.exec(text)
			?.slice(1) ?? [];
	return [...new Set(sets.filter((set) => set.startsWith('[')).flatMap((set) => numbers(set, /(\d+)/g)))].sort(
		(a, b) => a - b,
	);
}

/** `in [0 3], out [3], left {tv_sec=0, tv_nsec=9}`. */
function selected(result: string): ReadyDescriptor[] {
	return [...result.matchAll(/\b(in|out|except) \[([\d ]+)\]/g)].flatMap(([, events = '', set = '']) =>
		numbers(set, /(\d+)/g).map((fd) => ({ fd, events })),
	);
}

/** `[{events=EPOLLIN, data={u32=7, u64=7}}]`. */
function occurred(text: string): Wait['readyData'] {
	return dataIn(text).flatMap(({ events, ...data }) => (events === undefined ? [] : [{ ...data, events }]));
}

function dataIn(text: string): { data: string; low: number; events?: string }[] {
	const found = text.matchAll(/(?:events=([\w|]+), )?data=(?:\{u32=(\d+), u64=(\d+)\}|(0x[\da-f]+|\d+))/g);
	return [...found].map(([, events, low, both, one = '']) => ({
		data: both ?? one,
		low: Number(low ?? one),
		...(events !== undefined && { events }),
	}));
}
