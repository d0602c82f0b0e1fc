/**
 * Expert-parallel dispatch and combine as an all-to-all over any collectives: the portable baseline. The host reads how many rows go where.
 *
 * <p>Names end in their shape, with the letters of {@code docs/glossary.md}: T, D, E, e, EP, K, N, R and R_max. Two letters differ here: B is the
 * blocks of routed rows (not sequences), and S = e·EP is the segments of received rows (not tokens of a sequence).
 */
@NullMarked
package io.moe4j.comm.standard;

import org.jspecify.annotations.NullMarked;
