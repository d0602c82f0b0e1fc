/** Collectives on NCCL: it moves the bytes, and sums are made here, in rank order. */
@NullMarked
package io.moe4j.comm.nccl;

import org.jspecify.annotations.NullMarked;
