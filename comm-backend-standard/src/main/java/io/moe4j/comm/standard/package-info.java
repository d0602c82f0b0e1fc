/**
 * Expert-parallel dispatch and combine as an all-to-all over any collectives: the portable baseline. The host reads how many rows go where.
 *
 * <p>Names end in their shape: T local tokens, D elements of a row, E experts, e experts of a rank, EP ranks, K experts of a token, N = T·K routed rows
 * of a rank, R rows received by a rank (R_max at most), B blocks of routed rows, S = e·EP segments of received rows.
 */
@NullMarked
package io.moe4j.comm.standard;

import org.jspecify.annotations.NullMarked;
