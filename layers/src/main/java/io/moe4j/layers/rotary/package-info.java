/** Rotary position embedding. Shape letters: {@code docs/glossary.md}; here, R is the number of rotated elements of a head. */
@NullMarked
package io.moe4j.layers.rotary;

import org.jspecify.annotations.NullMarked;
