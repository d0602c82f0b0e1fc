/** A block: its two layers, its norms, and the values that they are opened with. Shape letters: {@code docs/glossary.md}. */
@NullMarked
package io.moe4j.layers.block;

import org.jspecify.annotations.NullMarked;
