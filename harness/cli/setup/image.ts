import { stripVTControlCharacters } from 'node:util';
import type Dockerode from 'dockerode';
import { hostDockerfile, hostImage, hostImageFiles, imageContext } from '../../engines/docker/image.ts';
import { HalfopenError } from '../../errors.ts';
import { ensureBase } from './base.ts';
import { follow, hasImage, ReportedError, reasonOf } from './engine-answers.ts';
import { say, step } from './steps.ts';

/** The name under which docker-compose.yml finds the image. */
const latest = { repo: 'halfopen-host', tag: 'latest' };
const linesShownOfAFailure = 15;
const proxyVariables = ['http_proxy', 'https_proxy', 'no_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'];

/** Finds or builds the host image of the current sources. Returns its name. */
export async function ensureHostImage(docker: Dockerode): Promise<string> {
	const name = await hostImage();
	if (await hasImage(docker, name)) {
		say(`* ${name} is up to date`);
	} else {
		const base = await ensureBase(docker);
		await step(`Building ${name} on ${base}`, (progress) =>
			build(docker, name, base, progress.line.bind(progress), progress.busy.bind(progress)),
		);
	}
	await docker.getImage(name).tag(latest);
	await removeOlderImages(docker, name);
	return name;
}

async function build(
	docker: Dockerode,
	name: string,
	base: string,
	onStep: (line: string) => void,
	onOutput: (line: string) => void,
): Promise<void> {
	const output: string[] = [];
	try {
		const context = { context: imageContext, src: await hostImageFiles() };
		const answer = await docker.buildImage(context, {
			dockerfile: hostDockerfile,
			t: name,
			buildargs: { BASE: base, ...proxies() },
			forcerm: true,
		});
		await follow(answer, ({ stream = '' }) => {
			for (const line of stream.split('\n').filter((text) => text.trim() !== '')) {
				output.push(stripVTControlCharacters(line));
				if (line.startsWith('Step ')) onStep(line.replaceAll(/\s+/g, ' ').slice(0, 140));
				else onOutput(line.trim());
			}
		});
	} catch (error) {
		if (!(error instanceof ReportedError)) throw error;
		throw new HalfopenError('SETUP_FAILED', {
			problem: `The host image could not be built: ${error.message}`,
			seen: output.slice(-linesShownOfAFailure).join('\n'),
			remedy:
				'Correct what the last lines report (for instance, the build cannot reach a Debian mirror, or a source does ' +
				'not compile), and run `npm run setup` again.',
			cause: error,
		});
	}
}

function proxies(): Record<string, string> {
	return Object.fromEntries(
		proxyVariables.flatMap((variable) => (process.env[variable] ? [[variable, process.env[variable]]] : [])),
	);
}

/** Removes images of older sources. The newest compiled stage stays, because it is the cache of the next build. */
async function removeOlderImages(docker: Dockerode, current: string): Promise<void> {
	const names = (await labelled(docker, 'halfopen.image=host')).flatMap(namesOf);
	const compiled = (await labelled(docker, 'halfopen.image=compiled'))
		.sort((a, b) => b.Created - a.Created)
		.map(({ Id }) => Id);
	const kept = [current, `${latest.repo}:${latest.tag}`];
	for (const name of [...names.filter((name) => !kept.includes(name)), ...compiled.slice(1)])
		await removeUnlessUsed(docker, name);
}

/** The tags of an image, or its id if it has none. */
function namesOf({ Id, RepoTags }: Dockerode.ImageInfo): string[] {
	const tags = RepoTags?.filter((tag) => tag !== '<none>:<none>') ?? [];
	return tags.length > 0 ? tags : [Id];
}

function labelled(docker: Dockerode, label: string): Promise<Dockerode.ImageInfo[]> {
	return docker.listImages({ filters: { label: [label] } });
}

async function removeUnlessUsed(docker: Dockerode, name: string): Promise<void> {
	const shown = name.replace(/^sha256:(.{12}).*/, '$1');
	try {
		await docker.getImage(name).remove();
		say(`* removed image ${shown} of older sources`);
	} catch (error) {
		say(`* image ${shown} of older sources could not be removed: ${reasonOf(error)}`);
	}
}
