/** Differentiable operations that models are built from. */
@NullMarked
package io.moe4j.autograd.function;

import org.jspecify.annotations.NullMarked;
