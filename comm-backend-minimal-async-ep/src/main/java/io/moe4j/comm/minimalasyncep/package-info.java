/**
 * Expert-parallel dispatch and combine through peer memory, without any wait of the host.
 *
 * <p>Names end in their shape, with the letters of {@code docs/glossary.md}: T, D, E, e, EP, K, N, R and R_max. One letter differs here: B is the
 * blocks of routed rows (not sequences).
 */
@NullMarked
package io.moe4j.comm.minimalasyncep;

import org.jspecify.annotations.NullMarked;
