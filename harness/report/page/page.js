/**
 * The script of reports/index.html. It shows what the page holds as JSON (data.ts): the list of scenarios, all that was
 * recorded of one of them, and the matrix of claims and durations. Text from scenarios goes into the document as text
 * only; what was not asked for is not built.
 *
 * @typedef {import('./data.ts').Entry} Entry
 * @typedef {import('./data.ts').Content} Content
 * @typedef {import('./data.ts').SocketSample} SocketSample
 * @typedef {import('./data.ts').Sysctls} Sysctls
 * @typedef {import('./data.ts').MatrixView} MatrixView
 * @typedef {import('./data.ts').ColumnView} ColumnView
 * @typedef {import('./data.ts').DurationView} DurationView
 * @typedef {import('./data.ts').ClaimView} ClaimView
 * @typedef {{ shown: HTMLElement, text: string, kinds: readonly string[] }} Filtered
 */

{
	/** So many samples of `ss` are listed at once; more are folded into groups. */
	const SAMPLES_IN_A_GROUP = 100;

	/** What can be hidden in a ladder, and the kinds that go with it. */
	const LAYERS = {
		calls: ['call'],
		segments: ['segment'],
		states: ['state', 'timer', 'sockets'],
	};

	/** The address of the matrix, and of a claim in it: `#/matrix/PZ8`. No folder begins with a slash. */
	const MATRIX = '/matrix';

	/** As the badges of verdicts are coloured. */
	const COLOURS = { holds: 'good', differs: 'other', divided: 'other', 'not covered': 'none' };

	const NOTHING_POINTED_AT =
		'Point at something in the ladder, or go into it with Tab and along it with the arrow keys: here are its details.';

	const all = byId('all');
	const one = byId('one');
	const matrix = byId('matrix');
	/** @type {Entry[]} */
	const entries = json('entries');
	const titleOfAll = document.title;

	/** Where the reader was in the list when a scenario was opened. */
	let left = { scroll: 0, place: -1 };

	const links = buildList();
	show();
	addEventListener('hashchange', show);

	/** Shows what the address names. */
	function show() {
		const address = decodedAddress();
		if (address === MATRIX || address.startsWith(`${MATRIX}/`)) {
			showMatrix(address.slice(MATRIX.length + 1));
			return;
		}
		const place = entries.findIndex((entry) => entry.folder === address);
		const entry = entries[place];
		if (entry === undefined) showList();
		else showScenario(entry, place);
	}

	function decodedAddress() {
		try {
			return decodeURIComponent(location.hash.slice(1));
		} catch {
			return '';
		}
	}

	/** @param {HTMLElement} view */
	function showOnly(view) {
		if (!all.hidden && view !== all) left = { ...left, scroll: scrollY };
		for (const each of [all, one, matrix]) each.hidden = each !== view;
	}

	function showList() {
		showOnly(all);
		one.replaceChildren();
		document.title = titleOfAll;
		links[left.place]?.focus({ preventScroll: true });
		scrollTo(0, left.scroll);
	}

	/**
	 * @param {Entry} entry
	 * @param {number} place
	 */
	function showScenario(entry, place) {
		showOnly(one);
		left = { ...left, place };
		one.replaceChildren(...scenario(entry, json(`content-${place}`)));
		document.title = `${entry.title} · halfopen`;
		scrollTo(0, 0);
		one.querySelector('h2')?.focus({ preventScroll: true });
	}

	/** @param {string} id of the claim that the reader asked for; empty for none */
	function showMatrix(id) {
		showOnly(matrix);
		if (matrix.childElementCount === 0) matrix.append(...matrixOf(json('matrix-view')));
		document.title = `${matrix.querySelector('h2')?.textContent} · halfopen`;
		for (const row of matrix.querySelectorAll('tbody[data-claim]')) {
			row.classList.toggle('asked', row.getAttribute('data-claim') === id);
		}
		const asked = matrix.querySelector('.asked');
		if (asked === null) scrollTo(0, 0);
		else asked.scrollIntoView();
	}

	/** Builds the list and its filters, and gives the links to the scenarios, in the order of `entries`. */
	function buildList() {
		const items = entries.map(listItem);
		const themes = [...new Set(entries.map(({ theme }) => theme))].map((theme) => {
			const own = items.filter((_, place) => entries[place]?.theme === theme);
			return {
				own,
				section: element('section', {}, element('h2', {}, theme), element('ul', { class: 'entries' }, ...own)),
			};
		});
		const filters = filterOf(
			{
				id: '',
				placeholder: 'title, question, claim, failure, kernel',
				noun: 'scenarios',
				kinds: { differs: 'only those that differ', failed: 'only failed' },
			},
			entries.map((entry, place) => ({
				shown: /** @type {HTMLElement} */ (items[place]),
				text: [
					entry.title,
					entry.question,
					entry.failure,
					entry.spec,
					entry.engine,
					entry.kernel,
					...entry.verdicts.map(({ id }) => id),
				].join('\n'),
				kinds: [
					...(entry.outcome === 'failed' ? ['failed'] : []),
					...(entry.verdicts.some(({ verdict }) => verdict === 'differs') ? ['differs'] : []),
				],
			})),
			() => {
				for (const { own, section } of themes) section.hidden = own.every(({ hidden }) => hidden);
			},
		);
		all.append(filters, ...themes.map(({ section }) => section));
		return items.map((item) => item.querySelector('a'));
	}

	/**
	 * A search field, a choice of kinds, and a count. They hide the items that do not match.
	 *
	 * @param {{ id: string, placeholder: string, noun: string, kinds: Record<string, string> }} options `id` begins the
	 * ids of the three, `kinds` are the values of the choice and their texts
	 * @param {readonly Filtered[]} items
	 * @param {() => void} filtered called after each change
	 */
	function filterOf({ id, placeholder, noun, kinds }, items, filtered) {
		const words = element('input', {
			type: 'search',
			id: `${id}words`,
			placeholder,
			'aria-label': 'Filter by words',
		});
		const which = element(
			'select',
			{ id: `${id}which`, 'aria-label': 'Filter by result' },
			element('option', { value: 'all' }, 'all'),
			...Object.entries(kinds).map(([value, text]) => element('option', { value }, text)),
		);
		const count = element('output', { id: `${id}count`, class: 'count' });
		const texts = items.map(({ text }) => text.toLowerCase());
		const filter = () => {
			const wanted = words.value.toLowerCase().split(/\s+/);
			for (const [place, { shown, kinds }] of items.entries()) {
				const isOfKind = which.value === 'all' || kinds.includes(which.value);
				shown.hidden = !(isOfKind && wanted.every((word) => texts[place]?.includes(word)));
			}
			filtered();
			count.textContent = `${items.filter(({ shown }) => !shown.hidden).length} of ${items.length} ${noun}`;
		};
		words.addEventListener('input', filter);
		which.addEventListener('change', filter);
		// A browser that goes back to the page may have filled the filters in.
		addEventListener('pageshow', filter);
		filter();
		return element('div', { class: 'filters', role: 'search' }, words, which, count);
	}

	/** @param {Entry} entry */
	function listItem(entry) {
		const { folder, title, question, failure, spec } = entry;
		return element(
			'li',
			{ class: 'entry' },
			element(
				'div',
				{},
				element('a', { href: `#${addressOf(folder)}` }, title),
				' ',
				outcome(entry),
				...entry.verdicts.map(badge),
			),
			...(question === undefined ? [] : [element('p', { class: 'question' }, question)]),
			...(failure === undefined ? [] : [element('p', { class: 'failure' }, failure)]),
			element('p', { class: 'facts' }, [spec, ...circumstances(entry)].join(' · ')),
		);
	}

	/** @param {Entry} entry */
	function circumstances({ duration, engine, kernel }) {
		return [duration, engine, `Linux ${kernel}`].filter((fact) => fact !== undefined);
	}

	/** @param {Entry} entry */
	function outcome({ outcome }) {
		return element('span', { class: `badge ${outcome === 'failed' ? 'bad' : 'good'}` }, outcome);
	}

	/** @param {Entry['verdicts'][number]} verdict */
	function badge({ id, verdict, note }) {
		return element(
			'span',
			{ class: `badge ${verdict === 'differs' ? 'other' : 'good'}`, title: note },
			`${id} ${verdict}`,
		);
	}

	/**
	 * All of one scenario.
	 *
	 * @param {Entry} entry
	 * @param {Content} content
	 */
	function scenario(entry, content) {
		const { title, question, verdicts, spec, folder } = entry;
		const { answer, failure, losses, skipped, startedAt, files } = content;
		const facts = [spec, ...circumstances(entry), `recorded ${startedAt.replace('T', ' ')}`].join(' · ');
		const linked = files.map((name) => element('li', {}, element('a', { href: addressOf(`${folder}/${name}`) }, name)));
		return [
			element('nav', {}, element('a', { href: '#' }, '← all scenarios')),
			element('h2', { tabindex: '-1' }, title, ' ', outcome(entry)),
			element('p', { class: 'facts' }, facts),
			...(question === undefined ? [] : [element('p', { class: 'question' }, question)]),
			...(answer === undefined ? [] : [element('p', { class: 'answer' }, answer)]),
			...(failure === undefined ? [] : [element('pre', { class: 'failure' }, failure)]),
			...(verdicts.length === 0 ? [] : [element('ul', { class: 'verdicts' }, ...verdicts.map(verdictItem))]),
			...losses.map(({ observer, host, what }) =>
				element(
					'p',
					{ class: 'loss' },
					`Not seen by ${observer}${host === undefined ? '' : ` on the ${host}`}: ${what}`,
				),
			),
			...skipped.map(({ what, why }) => element('p', { class: 'loss' }, `Skipped: ${what} (${why})`)),
			element('ul', { class: 'files', 'aria-label': 'Files' }, ...linked),
			...ladder(content.ladder),
			element('h3', {}, 'Sockets, as ss showed them'),
			...Object.entries(content.samples).map(([host, samples]) => samplesOf(host, samples)),
			element('h3', {}, 'Sysctls in force'),
			sysctlsOf(content.sysctls),
		];
	}

	/** @param {Entry['verdicts'][number]} verdict */
	function verdictItem(verdict) {
		return element('li', {}, badge(verdict), verdict.note);
	}

	/**
	 * The drawing, what can be hidden in it, and the details of what is pointed at.
	 *
	 * @param {string | undefined} text
	 */
	function ladder(text) {
		const heading = element('h3', {}, 'Ladder');
		if (text === undefined)
			return [heading, element('p', {}, 'It was not drawn when this was recorded; ladder.txt has it as text.')];
		// As HTML, for Chromium takes seconds to read a large drawing as XML.
		const parsed = new DOMParser().parseFromString(text, 'text/html').querySelector('svg');
		if (parsed === null)
			return [heading, element('p', {}, 'ladder.svg is broken: running the spec again draws it anew.')];
		const drawing = document.importNode(parsed, true);
		const details = element('pre', { class: 'details', id: 'details' }, NOTHING_POINTED_AT);
		const frame = element('div', { class: 'frame' }, drawing);
		const settle = walkable(frame, details);
		const boxes = Object.entries(LAYERS).map(([layer, kinds]) => layerBox(layer, kinds, frame, settle));
		return [
			heading,
			element('div', { class: 'filters', role: 'group', 'aria-label': 'Shown in the ladder' }, ...boxes),
			frame,
			details,
		];
	}

	/**
	 * A check box for some kinds of what is drawn.
	 *
	 * @param {string} layer
	 * @param {readonly string[]} kinds
	 * @param {HTMLElement} frame
	 * @param {() => void} settle
	 */
	function layerBox(layer, kinds, frame, settle) {
		const box = element('input', { type: 'checkbox', id: `show-${layer}` });
		box.checked = true;
		box.addEventListener('change', () => {
			for (const kind of kinds) frame.classList.toggle(`without-${kind}`, !box.checked);
			settle();
		});
		return element('label', {}, box, ` ${layer}`);
	}

	/**
	 * Shows details of what is pointed at or has the focus. One part of a drawing can be reached by Tab, the others from
	 * there by arrow keys: nobody gets past thousands of stops to the rest of the page. Gives a function to call when
	 * parts were hidden or shown.
	 *
	 * @param {HTMLElement} frame
	 * @param {HTMLElement} details
	 */
	function walkable(frame, details) {
		const parts = [...frame.querySelectorAll('[data-kind]')].filter((part) => part instanceof SVGElement);
		const places = new Map(parts.map((part, place) => [part, place]));
		for (const part of parts) part.setAttribute('tabindex', '-1');
		let stop = parts[0];
		/** @param {SVGElement | undefined} part */
		const stopAt = (part) => {
			stop?.setAttribute('tabindex', '-1');
			stop = part;
			stop?.setAttribute('tabindex', '0');
		};
		stopAt(stop);

		/** @param {EventTarget | null} target */
		const showDetails = (target) => {
			const part = target instanceof Element ? target.closest('[data-kind]') : null;
			const title = part?.querySelector('title')?.textContent;
			if (title) details.textContent = title;
		};
		let pointer = '';
		frame.addEventListener('pointermove', ({ target, screenX, screenY }) => {
			// The page may also have moved below a pointer that rests, while keys are used.
			const now = `${screenX} ${screenY}`;
			if (now !== pointer) showDetails(target);
			pointer = now;
		});
		frame.addEventListener('focusin', (event) => {
			const { target } = event;
			if (!(target instanceof SVGElement) || !places.has(target)) return;
			showDetails(target);
			stopAt(target);
		});
		frame.addEventListener('keydown', (event) => {
			const step = new Map(Object.entries({ ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 })).get(event.key);
			const from = event.target instanceof SVGElement ? places.get(event.target) : undefined;
			if (step === undefined || from === undefined) return;
			event.preventDefault();
			let place = from + step;
			while (isHidden(parts[place])) place += step;
			parts[place]?.focus();
		});
		return () => {
			if (isHidden(stop)) stopAt(parts.find((part) => !isHidden(part)));
		};
	}

	/** @param {Element | undefined} part */
	function isHidden(part) {
		return part !== undefined && getComputedStyle(part).display === 'none';
	}

	/**
	 * All samples of one host's sockets.
	 *
	 * @param {string} host
	 * @param {readonly SocketSample[]} samples
	 */
	function samplesOf(host, samples) {
		const times = samples.reduce((sum, sample) => sum + sample.times, 0);
		const summary = `${host}: ${times} samples, ${samples.length} of them with something new`;
		return unfolded(summary, { class: 'samples', 'data-host': host }, () => {
			if (samples.length <= SAMPLES_IN_A_GROUP) return samples.map(sampleOf);
			const groups = Array.from({ length: Math.ceil(samples.length / SAMPLES_IN_A_GROUP) }, (_, group) =>
				samples.slice(group * SAMPLES_IN_A_GROUP, (group + 1) * SAMPLES_IN_A_GROUP),
			);
			return groups.map((group) => {
				const [first, last] = [group[0], group.at(-1)];
				return unfolded(`${seconds(first?.t)} to ${seconds(last?.until)}`, { class: 'group' }, () =>
					group.map(sampleOf),
				);
			});
		});
	}

	/** @param {SocketSample} sample */
	function sampleOf({ t, until, times, rows }) {
		const same = times === 1 ? '' : `, and the same in ${times - 1} more until ${seconds(until)}`;
		return unfolded(
			`${seconds(t)}: ${rows.length} ${rows.length === 1 ? 'socket' : 'sockets'}${same}`,
			{ class: 'sample' },
			() => [
				rows.length === 0
					? element('p', {}, 'none')
					: table(
							['State', 'Recv-Q', 'Send-Q', 'Local', 'Peer', 'Timer', 'Inode', 'Details'],
							rows.map(({ state, receiveQueue, sendQueue, local, remote, timer, inode, details }) => [
								state,
								String(receiveQueue),
								String(sendQueue),
								`${local.address}:${local.port}`,
								`${remote.address}:${remote.port}`,
								timer === undefined ? '' : `${timer.name}, ${timer.leftMs} ms, ${timer.count}`,
								String(inode ?? ''),
								details,
							]),
						),
			],
		);
	}

	/** @param {number} place of the set in the page */
	function sysctlsOf(place) {
		/** @type {Sysctls} */
		const sysctls = json(`sysctls-${place}`);
		return unfolded(`${Object.keys(sysctls).length} settings`, { class: 'sysctls' }, () => {
			const name = element('input', { type: 'search', placeholder: 'name or value', 'aria-label': 'Filter sysctls' });
			const shown = table(['Name', 'Value'], Object.entries(sysctls));
			name.addEventListener('input', () => {
				for (const row of shown.tBodies[0]?.rows ?? []) row.hidden = !row.textContent?.includes(name.value.trim());
			});
			return [name, shown];
		});
	}

	/**
	 * The matrix: the result, what is missing, durations, claims, and the changes of the kernel.
	 *
	 * @param {MatrixView} view
	 */
	function matrixOf(view) {
		const { title, headline, troubles, columns, durations, groups, changes } = view;
		const differing = groups.flatMap(({ claims }) => claims).filter(({ differs }) => differs);
		const durationRows = durations.map((row) => durationRow(row, view));
		const sections = groups.map((group) => {
			const head = element('th', { scope: 'colgroup', colspan: String(2 + columns.length) }, group.title);
			const rows = group.claims.map((claim) => claimBody(claim, view));
			return { head: element('tbody', { class: 'group' }, element('tr', {}, head)), rows };
		});
		const filters = filterOf(
			{
				id: 'matrix-',
				placeholder: 'claim, duration, note, engine, kernel',
				noun: 'claims and durations',
				kinds: { differs: 'only those that differ', unexplained: 'only unexplained' },
			},
			[...durationRows, ...sections.flatMap(({ rows }) => rows)],
			() => {
				for (const { head, rows } of sections) head.hidden = rows.every(({ shown }) => shown.hidden);
			},
		);
		const links = differing.flatMap(({ id }, place) => [
			place === 0 ? ': ' : ', ',
			element('a', { href: `#${MATRIX}/${addressOf(id)}` }, id),
		]);
		return [
			element('h2', { tabindex: '-1' }, title),
			element('p', {}, element('strong', {}, headline), ...links),
			element('p', { class: 'facts' }, view.legend),
			...troubles.map((trouble) => element('p', { class: 'loss' }, trouble)),
			filters,
			...(durations.length === 0 ? [] : durationsTable(view, durationRows)),
			element('h3', {}, 'Claims'),
			claimsTable(view, sections),
			...(changes.length === 0 ? [] : [element('h3', {}, 'Changes of the kernel')]),
			element('ul', {}, ...changes.map(({ name, text }) => element('li', {}, element('b', {}, name), `: ${text}`))),
		];
	}

	/**
	 * @param {MatrixView} view
	 * @param {readonly Filtered[]} rows
	 */
	function durationsTable({ columns, durationsLegend }, rows) {
		const heads = columns.map(({ engine, kernel, brief }) =>
			element('th', { scope: 'col', title: `${engine} ${kernel}` }, brief),
		);
		const [first, last] = ['seconds', 'because of'].map((text) => element('th', { scope: 'col' }, text));
		return [
			element('h3', {}, 'Durations'),
			element('p', { class: 'facts' }, durationsLegend),
			element(
				'table',
				{ class: 'durations' },
				element('thead', {}, element('tr', {}, first ?? '', ...heads, last ?? '')),
				element('tbody', {}, ...rows.map(({ shown }) => shown)),
			),
		];
	}

	/**
	 * @param {DurationView} row
	 * @param {MatrixView} view
	 * @returns {Filtered}
	 */
	function durationRow(row, view) {
		const { what, seconds, reason } = row;
		const shown = element(
			'tr',
			marked(row),
			element('th', { scope: 'row' }, headOf(what, row, view)),
			...seconds.map((text) => element('td', {}, text)),
			element('td', {}, reason),
		);
		const measured = view.columns.filter((_, place) => seconds[place] !== '').map(nameOf);
		return { shown, text: [what, reason, ...measured].join('\n'), kinds: kindsOf(row) };
	}

	/**
	 * @param {MatrixView} view
	 * @param {readonly { head: HTMLElement, rows: readonly Filtered[] }[]} sections
	 */
	function claimsTable({ columns }, sections) {
		const heads = columns.map(({ engine, kernel, state }) =>
			element('th', { scope: 'col' }, ...lines([engine, kernel, ...(state === '' ? [] : [state])])),
		);
		const counts = columns.map((column) => element('td', {}, ...lines(column.counts)));
		return element(
			'table',
			{ class: 'matrix' },
			element(
				'thead',
				{},
				element('tr', {}, element('th', { scope: 'col' }, 'id'), element('th', { scope: 'col' }, 'claim'), ...heads),
			),
			element(
				'tbody',
				{ class: 'facts' },
				element('tr', {}, element('th', { scope: 'row', colspan: '2' }, 'all claims'), ...counts),
			),
			...sections.flatMap(({ head, rows }) => [head, ...rows.map(({ shown }) => shown)]),
		);
	}

	/**
	 * A claim: a line of cells, and one for the notes, which so have the whole width.
	 *
	 * @param {ClaimView} claim
	 * @param {MatrixView} view
	 * @returns {Filtered}
	 */
	function claimBody(claim, view) {
		const { id, text, cells, notes, reason } = claim;
		const shown = element(
			'tbody',
			{ 'data-claim': id, ...marked(claim) },
			element(
				'tr',
				{},
				element('th', { scope: 'row', rowspan: '2' }, headOf(id, claim, view)),
				element('td', {}, text),
				...cells.map(({ verdict, label }, place) => {
					const own = notes.filter(({ columns }) => columns.includes(place));
					const title = own.map(({ verdict, scenario, note }) => `${verdict}, by “${scenario}”: ${note}`).join('\n');
					return element('td', { class: COLOURS[verdict], ...(title === '' ? {} : { title }) }, label);
				}),
			),
			element(
				'tr',
				{},
				element(
					'td',
					{ class: 'notes', colspan: String(1 + view.columns.length) },
					...(reason === '' ? [] : [element('p', {}, reason)]),
					...notesOf(claim, view),
				),
			),
		);
		const covered = view.columns.filter((_, place) => cells[place]?.verdict !== 'not covered').map(nameOf);
		const said = notes.flatMap(({ scenario, note }) => [scenario, note]);
		return { shown, text: [id, text, reason, ...said, ...covered].join('\n'), kinds: kindsOf(claim) };
	}

	/**
	 * @param {ClaimView} claim
	 * @param {MatrixView} view
	 */
	function notesOf({ notes }, { columns }) {
		if (notes.length === 0) return [];
		return [
			unfolded(notes.length === 1 ? '1 note' : `${notes.length} notes`, {}, () => {
				const items = notes.map((note) => {
					const where = columns.filter((_, place) => note.columns.includes(place)).map(nameOf);
					return element(
						'li',
						{},
						element('b', { class: COLOURS[note.verdict] }, note.verdict),
						` on ${where.join(', ')}, by “${note.scenario}”: ${note.note}`,
					);
				});
				return [element('ul', {}, ...items)];
			}),
		];
	}

	/** @param {{ differs: boolean }} row */
	function marked({ differs }) {
		return differs ? { class: 'marked' } : {};
	}

	/**
	 * @param {string} name
	 * @param {{ differs: boolean }} row
	 * @param {MatrixView} view
	 */
	function headOf(name, { differs }, { mark }) {
		return differs ? `${mark} ${name}` : name;
	}

	/** @param {{ differs: boolean, unexplained: boolean }} row */
	function kindsOf({ differs, unexplained }) {
		return [...(differs ? ['differs'] : []), ...(unexplained ? ['unexplained'] : [])];
	}

	/** @param {ColumnView} column */
	function nameOf({ engine, kernel }) {
		return `${engine} ${kernel}`;
	}

	/** @param {readonly string[]} texts */
	function lines(texts) {
		return texts.flatMap((text, place) => (place === 0 ? [text] : [element('br', {}), text]));
	}

	/**
	 * Something folded, which is built when it is opened.
	 *
	 * @param {string} summary
	 * @param {Record<string, string>} attributes
	 * @param {() => HTMLElement[]} build
	 */
	function unfolded(summary, attributes, build) {
		const folded = element('details', attributes, element('summary', {}, summary));
		folded.addEventListener('toggle', () => folded.append(...build()), { once: true });
		return folded;
	}

	/**
	 * @param {readonly string[]} heads
	 * @param {readonly (readonly string[])[]} rows
	 */
	function table(heads, rows) {
		const cells = (/** @type {'th' | 'td'} */ name, /** @type {readonly string[]} */ texts) =>
			element('tr', {}, ...texts.map((text) => element(name, {}, text)));
		return element(
			'table',
			{},
			element('thead', {}, cells('th', heads)),
			element('tbody', {}, ...rows.map((row) => cells('td', row))),
		);
	}

	/** @param {number | undefined} t */
	function seconds(t = 0) {
		return `${t.toFixed(3)} s`;
	}

	/**
	 * A path as an address: whatever is in its names.
	 *
	 * @param {string} path
	 */
	function addressOf(path) {
		return path.split('/').map(encodeURIComponent).join('/');
	}

	/**
	 * @template {keyof HTMLElementTagNameMap} Name
	 * @param {Name} name
	 * @param {Record<string, string>} attributes
	 * @param {...(Node | string)} children
	 */
	function element(name, attributes, ...children) {
		const made = document.createElement(name);
		for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
		made.append(...children);
		return made;
	}

	/** @param {string} id */
	function json(id) {
		return JSON.parse(byId(id).textContent ?? '');
	}

	/** @param {string} id */
	function byId(id) {
		const found = document.getElementById(id);
		if (found === null) throw new Error(`The page has no #${id}`);
		return found;
	}
}
