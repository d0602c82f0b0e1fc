/** The foundation of the CPU device: threads, memory, BLAS, and streams of ordered commands. Terms: {@code docs/glossary.md}. */
@NullMarked
package io.moe4j.runtime.cpu.engine;

import org.jspecify.annotations.NullMarked;
