/** The machine behind the CPU device: threads, BLAS, ordered commands. */
@NullMarked
package io.moe4j.runtime.cpu.engine;

import org.jspecify.annotations.NullMarked;
