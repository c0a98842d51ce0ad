export { collect } from './collect.ts';
export { writePage } from './write-page.ts';
