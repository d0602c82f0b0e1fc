/** Reverse-mode differentiation over device tensors. Terms and shape letters: {@code docs/glossary.md}. */
@NullMarked
package io.moe4j.autograd;

import org.jspecify.annotations.NullMarked;
