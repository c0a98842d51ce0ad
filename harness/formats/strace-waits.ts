import { bare } from './strace-descriptors.ts';

/** A descriptor that a call found ready. */
export interface ReadyDescriptor {
	readonly fd: number;
	/**
	 * In the notation of strace: `POLLIN|POLLHUP`, `EPOLLIN`; for select the set that contains it: `in`, `out`, `except`.
	 */
	readonly events: string;
}

/** What a call of the poll family waits for, and what it found ready. */
export interface PollCall {
	/** The descriptors, in order. epoll_wait names only the epoll instance. */
	readonly on: readonly number[];
	/** Empty while the call blocks, or if it found none. */
	readonly ready: readonly ReadyDescriptor[];
	/** For epoll, instead of descriptors: the data that the program gave to epoll_ctl(2) (`epoll_data_t`). */
	readonly readyData: readonly { readonly data: string; readonly low: number; readonly events: string }[];
}

/** A call of epoll_ctl: from now on, `data` stands for the descriptor `fd` in the epoll instance `epoll`. */
export interface EpollControl {
	readonly epoll: number;
	readonly fd: number;
	readonly data?: string;
}

type CallParts = { readonly name: string; readonly args: string; readonly resultText?: string | undefined };

/** Parses a call of the poll family; undefined for any other call. */
export function parsePollCall({ name, args, resultText = '' }: CallParts): PollCall | undefined {
	const text = bare(args);
	const result = bare(resultText);
	if (name === 'poll' || name === 'ppoll')
		return { on: numbers(text, /\{fd=(-?\d+)/g), ready: polled(result), readyData: [] };
	if (name === 'select' || name === 'pselect6') return { on: selectedOn(text), ready: selected(result), readyData: [] };
	if (/^epoll_p?wait2?$/.test(name)) return { on: numbers(text, /^(\d+)/g), ready: [], readyData: occurred(text) };
	return undefined;
}

/** Parses a call of epoll_ctl; undefined for any other call. */
export function parseEpollControl({ name, args }: CallParts): EpollControl | undefined {
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

/** Parses the three sets of select, which may be NULL: `5, [0 3], [3], NULL, {tv_sec=1, tv_nsec=0}`. */
function selectedOn(text: string): number[] {
	const sets =
		/^\d+, (\[[\d ]*\]|NULL|0x[\da-f]+), (\[[\d ]*\]|NULL|0x[\da-f]+), (\[[\d ]*\]|NULL|0x[\da-f]+)/
			.exec(text)
			?.slice(1) ?? [];
	return [...new Set(sets.filter((set) => set.startsWith('[')).flatMap((set) => numbers(set, /(\d+)/g)))].sort(
		(a, b) => a - b,
	);
}

/** Parses the result of select: `in [0 3], out [3], left {tv_sec=0, tv_nsec=9}`. */
function selected(result: string): ReadyDescriptor[] {
	return [...result.matchAll(/\b(in|out|except) \[([\d ]+)\]/g)].flatMap(([, events = '', set = '']) =>
		numbers(set, /(\d+)/g).map((fd) => ({ fd, events })),
	);
}

/** Parses the events of epoll_wait: `[{events=EPOLLIN, data={u32=7, u64=7}}]`. */
function occurred(text: string): PollCall['readyData'] {
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
