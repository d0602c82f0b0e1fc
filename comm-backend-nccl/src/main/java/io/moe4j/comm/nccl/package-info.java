/** Collectives on NCCL: NCCL moves the bytes; the sums are computed here, in rank order. Terms: {@code docs/glossary.md}. */
@NullMarked
package io.moe4j.comm.nccl;

import org.jspecify.annotations.NullMarked;
