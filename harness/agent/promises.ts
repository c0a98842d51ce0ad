/** A promise and the functions that settle it. */
export interface Resolvers<Value> {
	readonly promise: Promise<Value>;
	readonly resolve: (value: Value) => void;
	readonly reject: (error: unknown) => void;
}

/** Like `Promise.withResolvers`, which Node has from 22 on. An unhandled rejection of the promise is ignored. */
export function quietResolvers<Value>(): Resolvers<Value> {
	let resolve: Resolvers<Value>['resolve'] = () => {};
	let reject: Resolvers<Value>['reject'] = () => {};
	const promise = new Promise<Value>((onResolve, onReject) => {
		resolve = onResolve;
		reject = onReject;
	});
	promise.catch(() => {});
	return { promise, resolve, reject };
}
