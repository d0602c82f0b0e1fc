/** Differentiable operations that models are built from. Shape letters: {@code docs/glossary.md}. */
@NullMarked
package io.moe4j.autograd.function;

import org.jspecify.annotations.NullMarked;
