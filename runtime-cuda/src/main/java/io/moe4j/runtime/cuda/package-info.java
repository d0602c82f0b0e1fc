/** The CUDA device: streams, events, kernels, memory, and how failures are noticed. Terms: {@code docs/glossary.md}. */
@NullMarked
package io.moe4j.runtime.cuda;

import org.jspecify.annotations.NullMarked;
