/** The SPI of recompute policies. Terms: {@code docs/glossary.md}. */
@NullMarked
package io.moe4j.autograd.recompute;

import org.jspecify.annotations.NullMarked;
