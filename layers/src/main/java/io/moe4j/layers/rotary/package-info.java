/** Rotary position embedding. */
@NullMarked
package io.moe4j.layers.rotary;

import org.jspecify.annotations.NullMarked;
