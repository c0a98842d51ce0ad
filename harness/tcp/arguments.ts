import { z } from 'zod';

/** What formulas take. The kernel's counts are whole numbers; no time is negative, missing or NaN. */
export const count = z.int().nonnegative();
export const time = z.number().nonnegative();
export const positiveTime = z.number().positive();
