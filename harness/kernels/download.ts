import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { HalfopenError } from '../errors.ts';
import { intoCache } from './cache-errors.ts';
import { ask, fromAny } from './mirror.ts';
import type { Promised } from './release-file.ts';

/** Is told how many bytes of a file are there, each time some more have come. */
export type OnBytes = (bytes: number) => void;

/**
 * Fetches a file from the first of the addresses that has it, to `path`, unless it is there. What was broken off stays in `<path>.part`, and the next
 * try goes on from there; where that does not fit, it begins anew. The file has its name only when its checksum is right; what has another one is
 * deleted. DOWNLOAD_FAILED if no address served it, with what was wrong at each; DISK_FULL.
 */
export async function download(urls: readonly string[], path: string, promised: Promised, onBytes: OnBytes = () => {}): Promise<void> {
	if ((await bytesAt(path)) === promised.size && (await checksumOf(path)) === promised.sha256) return;
	await intoCache(async () => {
		await mkdir(dirname(path), { recursive: true });
		const part = `${path}.part`;
		await fromAny(urls, async (url) => {
			const begunBefore = await complete(url, part, promised.size, onBytes);
			// Of another version of the file: that is not this mirror's fault.
			if (begunBefore && (await checksumOf(part)) !== promised.sha256) {
				await rm(part, { force: true });
				await complete(url, part, promised.size, onBytes);
			}
			await verify(url, part, promised);
		});
		await rename(part, path);
	});
}

/** Fetches what is missing of the part. Returns whether some of it was there before. */
async function complete(url: string, part: string, size: number, onBytes: OnBytes): Promise<boolean> {
	const there = await bytesAt(part);
	if (there === size) return true;
	const resumed = there > 0 && there < size;
	const response = await ask(url, resumed ? { range: `bytes=${there}-` } : {});
	const continues = response.status === 206 && response.headers.get('content-range')?.startsWith(`bytes ${there}-`) === true;
	let bytes = continues ? there : 0;
	const counted = async function* (chunks: AsyncIterable<Uint8Array>) {
		for await (const chunk of chunks) {
			bytes += chunk.length;
			if (bytes > size) throw new Error(`it is longer than the ${size} bytes that the index promises`);
			onBytes(bytes);
			yield chunk;
		}
	};
	await pipeline(Readable.fromWeb(response.body), counted, createWriteStream(part, { flags: continues ? 'a' : 'w' }));
	if (bytes < size) throw new Error(`the connection ended after ${bytes} of ${size} bytes, which are kept`);
	return continues;
}

async function verify(url: string, part: string, { sha256, size }: Promised): Promise<void> {
	const seen = await checksumOf(part);
	if (seen === sha256) return;
	await rm(part, { force: true });
	throw new HalfopenError('DOWNLOAD_FAILED', {
		problem: `What was downloaded from ${url} is corrupt, and was deleted.`,
		seen: `SHA256 ${seen}, expected ${sha256}, of ${size} bytes`,
		remedy: 'run it again; if that does not help, the mirror or a proxy on the way serves something else',
	});
}

async function bytesAt(path: string): Promise<number> {
	return stat(path).then(
		({ size }) => size,
		() => 0,
	);
}

async function checksumOf(path: string): Promise<string> {
	const hash = createHash('sha256');
	await pipeline(createReadStream(path), hash);
	return hash.digest('hex');
}
