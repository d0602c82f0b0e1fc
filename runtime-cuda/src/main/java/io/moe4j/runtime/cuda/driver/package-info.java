/** Thin wrappers of the CUDA driver API. */
@NullMarked
package io.moe4j.runtime.cuda.driver;

import org.jspecify.annotations.NullMarked;
