/** Thin wrappers of the CUDA driver API. Terms: {@code docs/glossary.md}. */
@NullMarked
package io.moe4j.runtime.cuda.driver;

import org.jspecify.annotations.NullMarked;
