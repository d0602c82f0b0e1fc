/** The second half of a block: one SwiGLU network, or a mixture of many. */
@NullMarked
package io.moe4j.layers.feedforward;

import org.jspecify.annotations.NullMarked;
