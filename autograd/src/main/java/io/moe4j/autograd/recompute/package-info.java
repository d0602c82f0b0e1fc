/** The SPI of recompute policies. */
@NullMarked
package io.moe4j.autograd.recompute;

import org.jspecify.annotations.NullMarked;
