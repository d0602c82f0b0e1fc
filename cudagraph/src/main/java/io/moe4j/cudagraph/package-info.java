/** Graph capture and replay on CUDA; nothing is exported. Terms: {@code docs/glossary.md}. */
@NullMarked
package io.moe4j.cudagraph;

import org.jspecify.annotations.NullMarked;
