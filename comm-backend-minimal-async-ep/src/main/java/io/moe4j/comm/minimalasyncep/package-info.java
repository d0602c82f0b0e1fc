/**
 * Expert-parallel dispatch and combine through peer memory, without any wait of the host.
 *
 * <p>Names end in their shape: T local tokens, D elements of a row, E experts, e experts of a rank, EP ranks, K experts of a token, N = T·K routed rows
 * of a rank, R rows received by a rank (R_max at most), B blocks of routed rows.
 */
@NullMarked
package io.moe4j.comm.minimalasyncep;

import org.jspecify.annotations.NullMarked;
