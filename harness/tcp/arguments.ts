import { z } from 'zod';

/** Schemas for the arguments of formulas: counts are whole numbers; times are not negative, missing or NaN. */
export const count = z.int().nonnegative();
export const time = z.number().nonnegative();
export const positiveTime = z.number().positive();
