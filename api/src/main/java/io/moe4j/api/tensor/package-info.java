/** Tensors: typed, shaped views of device memory. Shape letters: {@code docs/glossary.md}. */
@NullMarked
package io.moe4j.api.tensor;

import org.jspecify.annotations.NullMarked;
