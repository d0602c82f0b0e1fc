/** The second half of a block: one SwiGLU network, or a mixture of many. Terms and shape letters: {@code docs/glossary.md}. */
@NullMarked
package io.moe4j.layers.feedforward;

import org.jspecify.annotations.NullMarked;
