/** Tensors: typed, shaped views of device memory. */
@NullMarked
package io.moe4j.api.tensor;

import org.jspecify.annotations.NullMarked;
