/** A whole model: embedding, blocks, head. Terms and shape letters: {@code docs/glossary.md}. */
@NullMarked
package io.moe4j.layers.decoder;

import org.jspecify.annotations.NullMarked;
