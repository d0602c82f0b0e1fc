/** A whole model: embedding, blocks, head. */
@NullMarked
package io.moe4j.layers.decoder;

import org.jspecify.annotations.NullMarked;
