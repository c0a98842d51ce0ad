/**
 * The script of reports/index.html. It shows the data that the page contains as JSON (data.ts): the list of scenarios,
 * the details of one scenario, and the matrix of claims and durations. Text from scenarios is inserted only as text.
 * Each part is built when the reader opens it.
 *
 * @typedef {import('./data.ts').Entry} Entry
 * @typedef {import('./data.ts').Content} Content
 * @typedef {import('./data.ts').FoldedSamples} FoldedSamples
 * @typedef {import('./data.ts').SysctlValues} SysctlValues
 * @typedef {import('./data.ts').MatrixView} MatrixView
 * @typedef {import('./data.ts').ColumnView} ColumnView
 * @typedef {import('./data.ts').DurationView} DurationView
 * @typedef {import('./data.ts').ClaimView} ClaimView
 * @typedef {{ shown: HTMLElement, text: string, kinds: readonly string[] }} Filtered
 */

{
	/** The largest number of samples of `ss` that are listed at once. More are folded into groups of this size. */
	const SAMPLES_IN_A_GROUP = 100;

	/** The layers of a ladder that can be hidden, with their kinds of parts. */
	const LAYERS = {
		calls: ['call'],
		segments: ['segment'],
		states: ['state', 'timer', 'sockets'],
	};

	/** The address of the matrix, and of a claim in it: `#/matrix/PZ8`. No folder begins with a slash. */
	const MATRIX = '/matrix';

	/** The colours of verdicts, as classes. */
	const COLOURS = { holds: 'good', differs: 'other', divided: 'other', 'not covered': 'none' };

	const NOTHING_SELECTED =
		'Point at a part of the ladder, or select one with Tab and the arrow keys. Its details are shown here.';

	const all = byId('all');
	const one = byId('one');
	const matrix = byId('matrix');
	/** @type {Entry[]} */
	const entries = json('entries');
	const titleOfList = document.title;

	/** The reader's position in the list when a scenario was opened. */
	let position = { scroll: 0, index: -1 };

	const links = buildList();
	show();
	addEventListener('hashchange', show);

	/** Shows what the address identifies. */
	function show() {
		const address = decodedAddress();
		if (address === MATRIX || address.startsWith(`${MATRIX}/`)) {
			showMatrix(address.slice(MATRIX.length + 1));
			return;
		}
		const index = entries.findIndex((entry) => entry.folder === address);
		const entry = entries[index];
		if (entry === undefined) showList();
		else showScenario(entry, index);
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
		if (!all.hidden && view !== all) position = { ...position, scroll: scrollY };
		for (const each of [all, one, matrix]) each.hidden = each !== view;
	}

	function showList() {
		showOnly(all);
		one.replaceChildren();
		document.title = titleOfList;
		links[position.index]?.focus({ preventScroll: true });
		scrollTo(0, position.scroll);
	}

	/**
	 * @param {Entry} entry
	 * @param {number} index
	 */
	function showScenario(entry, index) {
		showOnly(one);
		position = { ...position, index };
		one.replaceChildren(...scenario(entry, json(`content-${index}`)));
		document.title = `${entry.title} · halfopen`;
		scrollTo(0, 0);
		one.querySelector('h2')?.focus({ preventScroll: true });
	}

	/** @param {string} id of the claim in the address, or empty */
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

	/** Builds the list and its filters. Returns the links to the scenarios, in the order of `entries`. */
	function buildList() {
		const items = entries.map(listItem);
		const themes = [...new Set(entries.map(({ theme }) => theme))].map((theme) => {
			const own = items.filter((_, index) => entries[index]?.theme === theme);
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
			entries.map((entry, index) => ({
				shown: /** @type {HTMLElement} */ (items[index]),
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
	 * Returns a search field, a choice of kinds, and a count. They hide the items that do not match.
	 *
	 * @param {{ id: string, placeholder: string, noun: string, kinds: Record<string, string> }} options `id` is the
	 * prefix of their ids, `kinds` are the values of the choice and their texts
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
			for (const [index, { shown, kinds }] of items.entries()) {
				const isOfKind = which.value === 'all' || kinds.includes(which.value);
				shown.hidden = !(isOfKind && wanted.every((word) => texts[index]?.includes(word)));
			}
			filtered();
			count.textContent = `${items.filter(({ shown }) => !shown.hidden).length} of ${items.length} ${noun}`;
		};
		words.addEventListener('input', filter);
		which.addEventListener('change', filter);
		// A browser that returns to the page may restore the filters.
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
	 * Returns the details of one scenario.
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
	 * Returns the drawing, the check boxes for its layers, and the details of the selected part.
	 *
	 * @param {string | undefined} text
	 */
	function ladder(text) {
		const heading = element('h3', {}, 'Ladder');
		if (text === undefined)
			return [heading, element('p', {}, 'This scenario was not drawn; ladder.txt shows it as text.')];
		// Parsed as HTML, because Chromium needs seconds to parse a large drawing as XML.
		const parsed = new DOMParser().parseFromString(text, 'text/html').querySelector('svg');
		if (parsed === null) return [heading, element('p', {}, 'ladder.svg is broken. Run the spec again to replace it.')];
		const drawing = document.importNode(parsed, true);
		const details = element('pre', { class: 'details', id: 'details' }, NOTHING_SELECTED);
		const frame = element('div', { class: 'frame' }, drawing);
		const partsHidden = selectable(frame, details);
		const boxes = Object.entries(LAYERS).map(([layer, kinds]) => layerBox(layer, kinds, frame, partsHidden));
		return [
			heading,
			element('div', { class: 'filters', role: 'group', 'aria-label': 'Shown in the ladder' }, ...boxes),
			frame,
			details,
		];
	}

	/**
	 * Returns a check box that hides and shows parts of these kinds.
	 *
	 * @param {string} layer
	 * @param {readonly string[]} kinds
	 * @param {HTMLElement} frame
	 * @param {() => void} changed called after each change
	 */
	function layerBox(layer, kinds, frame, changed) {
		const box = element('input', { type: 'checkbox', id: `show-${layer}` });
		box.checked = true;
		box.addEventListener('change', () => {
			for (const kind of kinds) frame.classList.toggle(`without-${kind}`, !box.checked);
			changed();
		});
		return element('label', {}, box, ` ${layer}`);
	}

	/**
	 * Shows the details of the part below the pointer or with the focus. Only one part of a drawing can be reached with
	 * Tab, and the others from there with the arrow keys. Otherwise the rest of the page would be behind thousands of tab
	 * stops. Returns a function that must be called after parts were hidden or shown.
	 *
	 * @param {HTMLElement} frame
	 * @param {HTMLElement} details
	 */
	function selectable(frame, details) {
		const parts = [...frame.querySelectorAll('[data-kind]')].filter((part) => part instanceof SVGElement);
		const indexes = new Map(parts.map((part, index) => [part, index]));
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
			// This event also occurs if the page scrolls below a resting pointer while keys are used.
			const now = `${screenX} ${screenY}`;
			if (now !== pointer) showDetails(target);
			pointer = now;
		});
		frame.addEventListener('focusin', (event) => {
			const { target } = event;
			if (!(target instanceof SVGElement) || !indexes.has(target)) return;
			showDetails(target);
			stopAt(target);
		});
		frame.addEventListener('keydown', (event) => {
			const step = new Map(Object.entries({ ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 })).get(event.key);
			const from = event.target instanceof SVGElement ? indexes.get(event.target) : undefined;
			if (step === undefined || from === undefined) return;
			event.preventDefault();
			let index = from + step;
			while (isHidden(parts[index])) index += step;
			parts[index]?.focus();
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
	 * Returns all samples of one host's sockets.
	 *
	 * @param {string} host
	 * @param {readonly FoldedSamples[]} samples
	 */
	function samplesOf(host, samples) {
		const times = samples.reduce((sum, sample) => sum + sample.times, 0);
		const summary = `${host}: ${times} samples, ${samples.length} of them with something new`;
		return folded(summary, { class: 'samples', 'data-host': host }, () => {
			if (samples.length <= SAMPLES_IN_A_GROUP) return samples.map(sampleOf);
			const groups = Array.from({ length: Math.ceil(samples.length / SAMPLES_IN_A_GROUP) }, (_, group) =>
				samples.slice(group * SAMPLES_IN_A_GROUP, (group + 1) * SAMPLES_IN_A_GROUP),
			);
			return groups.map((group) => {
				const [first, last] = [group[0], group.at(-1)];
				return folded(`${seconds(first?.t)} to ${seconds(last?.until)}`, { class: 'group' }, () => group.map(sampleOf));
			});
		});
	}

	/** @param {FoldedSamples} sample */
	function sampleOf({ t, until, times, rows }) {
		const same = times === 1 ? '' : `, and the same in ${times - 1} more until ${seconds(until)}`;
		return folded(
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
								endpointText(local),
								endpointText(remote),
								timer === undefined ? '' : `${timer.name}, ${timer.leftMs} ms, ${timer.count}`,
								String(inode ?? ''),
								details,
							]),
						),
			],
		);
	}

	/** @param {number} index of the set in the page */
	function sysctlsOf(index) {
		/** @type {SysctlValues} */
		const sysctls = json(`sysctls-${index}`);
		return folded(`${Object.keys(sysctls).length} settings`, { class: 'sysctls' }, () => {
			const name = element('input', { type: 'search', placeholder: 'name or value', 'aria-label': 'Filter sysctls' });
			const shown = table(['Name', 'Value'], Object.entries(sysctls));
			name.addEventListener('input', () => {
				for (const row of shown.tBodies[0]?.rows ?? []) row.hidden = !row.textContent?.includes(name.value.trim());
			});
			return [name, shown];
		});
	}

	/**
	 * Returns the matrix: the result, the troubles, durations, claims, and the changes of the kernel.
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
		const links = differing.flatMap(({ id }, index) => [
			index === 0 ? ': ' : ', ',
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
		const measured = view.columns.filter((_, index) => seconds[index] !== '').map(nameOf);
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
	 * Returns a claim as two rows: the cells, and the notes in the whole width of the table.
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
				...cells.map(({ verdict, label }, index) => {
					const own = notes.filter(({ columns }) => columns.includes(index));
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
		const covered = view.columns.filter((_, index) => cells[index]?.verdict !== 'not covered').map(nameOf);
		const noteTexts = notes.flatMap(({ scenario, note }) => [scenario, note]);
		return { shown, text: [id, text, reason, ...noteTexts, ...covered].join('\n'), kinds: kindsOf(claim) };
	}

	/**
	 * @param {ClaimView} claim
	 * @param {MatrixView} view
	 */
	function notesOf({ notes }, { columns }) {
		if (notes.length === 0) return [];
		return [
			folded(notes.length === 1 ? '1 note' : `${notes.length} notes`, {}, () => {
				const items = notes.map((note) => {
					const where = columns.filter((_, index) => note.columns.includes(index)).map(nameOf);
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
		return texts.flatMap((text, index) => (index === 0 ? [text] : [element('br', {}), text]));
	}

	/**
	 * Returns a folded element, whose content is built when it is opened.
	 *
	 * @param {string} summary
	 * @param {Record<string, string>} attributes
	 * @param {() => HTMLElement[]} build
	 */
	function folded(summary, attributes, build) {
		const details = element('details', attributes, element('summary', {}, summary));
		details.addEventListener('toggle', () => details.append(...build()), { once: true });
		return details;
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

	/** @param {{ address: string, port: number }} endpoint */
	function endpointText({ address, port }) {
		return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
	}

	/**
	 * Escapes a path for an address.
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
