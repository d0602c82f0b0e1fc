/** Reverse-mode differentiation over device tensors. */
@NullMarked
package io.moe4j.autograd;

import org.jspecify.annotations.NullMarked;
